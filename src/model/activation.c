/* Activations: as layers, and as the option of another layer. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/layer.h"
#include "model/option.h"

/* By Keras's names, with its default parameters: keras/src/activations/activations.py. Two classes of keras.ops are
 * called otherwise than the functions (model/operations.def). */
static const struct named_function {
  const char *name;
  cvz_activation activation;
} functions[] = {
    {"linear", {CVZ_LINEAR, 0, INFINITY, 0}},
    {"relu", {CVZ_RELU, 0, INFINITY, 0}},
    {"relu6", {CVZ_RELU, 0, 6, 0}},
    {"leaky_relu", {CVZ_RELU, 0.2f, INFINITY, 0}},
    {"sigmoid", {CVZ_SIGMOID, 0, 0, 0}},
    {"tanh", {CVZ_TANH, 0, 0, 0}},
    {"swish", {CVZ_SWISH, 0, 0, 0}},
    {"silu", {CVZ_SWISH, 0, 0, 0}},
    {"gelu", {CVZ_GELU, 0, 0, 0}},
    {"gelu_tanh", {CVZ_GELU_TANH, 0, 0, 0}},
    {"elu", {CVZ_ELU, 1, 0, 0}},
    {"celu", {CVZ_CELU, 1, 0, 0}},
    {"selu", {CVZ_SELU, 0, 0, 0}},
    {"softplus", {CVZ_SOFTPLUS, 0, 0, 0}},
    {"softsign", {CVZ_SOFTSIGN, 0, 0, 0}},
    {"exponential", {CVZ_EXPONENTIAL, 0, 0, 0}},
    {"hard_sigmoid", {CVZ_HARD_SIGMOID, 1.0f / 6, 0, 0}},
    {"hard_swish", {CVZ_HARD_SWISH, 0, 0, 0}},
    {"hard_silu", {CVZ_HARD_SWISH, 0, 0, 0}},
    {"mish", {CVZ_MISH, 0, 0, 0}},
    {"log_sigmoid", {CVZ_LOG_SIGMOID, 0, 0, 0}},
    {"tanh_shrink", {CVZ_TANH_SHRINK, 0, 0, 0}},
    {"soft_shrink", {CVZ_SOFT_SHRINK, 0.5f, 0, 0}},
    {"hard_shrink", {CVZ_HARD_SHRINK, 0.5f, 0, 0}},
    {"threshold", {CVZ_THRESHOLD, 0, 0, 0}},
    {"squareplus", {CVZ_SQUAREPLUS, 4, 0, 0}},
    {"sparse_plus", {CVZ_SPARSE_PLUS, 0, 0, 0}},
    {"sparse_sigmoid", {CVZ_SPARSE_SIGMOID, 0, 0, 0}},
    {"absolute", {CVZ_ABSOLUTE, 0, 0, 0}},
    {"square", {CVZ_SQUARE, 0, 0, 0}},
    {"sqrt", {CVZ_SQUARE_ROOT, 0, 0, 0}},
    {"reciprocal", {CVZ_RECIPROCAL, 0, 0, 0}},
    {"log", {CVZ_LOGARITHM, 0, 0, 0}},
    {"power", {CVZ_POWER, 1, 0, 0}},
};

#define FUNCTIONS (sizeof functions / sizeof *functions)

static cvz_status add_activation(cvz_reading *r, cvz_activation activation, cvz_error *error)
{
  if (activation.function == CVZ_LINEAR) return CVZ_OK;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = activation}, error);
}

/* Keras 2 clips 0.2 x + 0.5, Keras 3 has relu6(x + 3) / 6. */
static cvz_activation of_version(const cvz_reading *r, cvz_activation activation)
{
  if (activation.function == CVZ_HARD_SIGMOID && r->keras == 2) activation.negative_slope = 0.2f;
  return activation;
}

cvz_status cvz_layer_add_function(cvz_reading *r, const char *name, float parameter, cvz_error *error)
{
  for (size_t i = 0; i < FUNCTIONS; i++) {
    if (strcmp(name, functions[i].name)) continue;
    cvz_activation activation = of_version(r, functions[i].activation);
    if (!isnan(parameter)) activation.negative_slope = parameter;
    return add_activation(r, activation, error);
  }
  return CVZ_E_UNSUPPORTED;
}

cvz_status cvz_layer_add_softmax(cvz_reading *r, bool logarithm, cvz_error *error)
{
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_SOFTMAX}, error));
  return logarithm ? cvz_layer_add_function(r, "log", NAN, error) : CVZ_OK;
}

/* The first half of the channels times the sigmoid of the second. */
cvz_status cvz_layer_add_glu(cvz_reading *r, cvz_error *error)
{
  const int whole = r->node;
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PART, .part = {1, 2}}, error));
  CVZ_TRY(cvz_layer_add_function(r, "sigmoid", NAN, error));
  int both[2] = {-1, r->node};
  r->node = whole;
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PART, .part = {0, 2}}, error));
  both[0] = r->node;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_MULTIPLY, .inputs = both, .input_count = 2}, error);
}

/* The curve has 0 below its threshold: x and the threshold are told from what is to be there. */
cvz_status cvz_layer_add_threshold(cvz_reading *r, float threshold, float otherwise, cvz_error *error)
{
  if (otherwise != 0) CVZ_TRY(cvz_layer_add_linear(r, 1, -otherwise, error));
  CVZ_TRY(cvz_layer_add_function(r, "threshold", threshold - otherwise, error));
  return otherwise != 0 ? cvz_layer_add_linear(r, 1, otherwise, error) : CVZ_OK;
}

static cvz_status fail_unknown(const cvz_reading *r, const char *key, cvz_error *error)
{
  cvz_text names = {0};
  for (size_t i = 0; i < FUNCTIONS; i++) cvz_text_add(&names, "%s, ", functions[i].name);
  cvz_text_add(&names, "hard_tanh, glu, softmax or log_softmax");
  const cvz_status status =
      cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, names.data ? names.data : "another one", error);
  cvz_text_free(&names);
  return status;
}

/* min(max(x, -1), 1) */
static cvz_status add_hard_tanh(cvz_reading *r, cvz_error *error)
{
  return cvz_layer_add_clip(r, -1, 1, error);
}

static cvz_status activate_by_name(cvz_reading *r, const char *key, const char *name, cvz_error *error)
{
  const char *package = strrchr(name, '>');
  if (package) name = package + 1;
  if (!strcmp(name, "hard_tanh")) return add_hard_tanh(r, error);
  if (!strcmp(name, "softmax") || !strcmp(name, "log_softmax")) {
    CVZ_TRY(cvz_layer_order(r, r->rank, error));
    return cvz_layer_add_softmax(r, name[0] == 'l', error);
  }
  if (!strcmp(name, "glu")) {
    CVZ_TRY(cvz_layer_order(r, r->rank, error));
    return cvz_layer_add_glu(r, error);
  }
  const cvz_status status = cvz_layer_add_function(r, name, NAN, error);
  return status == CVZ_E_UNSUPPORTED ? fail_unknown(r, key, error) : status;
}

typedef cvz_status reader(cvz_reading *, cvz_error *);

static reader *layer_reader(const char *class_name)
{
  static const struct {
    const char *name;
    reader *read;
  } readers[] = {{"ReLU", cvz_layer_read_relu},
                 {"LeakyReLU", cvz_layer_read_leaky_relu},
                 {"ELU", cvz_layer_read_elu},
                 {"ThresholdedReLU", cvz_layer_read_thresholded_relu},
                 {"Softmax", cvz_layer_read_softmax}};
  for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
    if (!strcmp(class_name, readers[i].name)) return readers[i].read;
  return NULL;
}

/* An activation that is itself a layer: {"class_name": "ReLU", "config": {"max_value": 6.0}}. */
static cvz_status activate_by_layer(cvz_reading *r, reader *read, const char *class_name, const json_t *options,
                                    cvz_error *error)
{
  const cvz_config_layer *outer = r->layer;
  const cvz_config_layer inner = {.path = outer->path, .class_name = class_name, .options = options};
  r->layer = &inner;
  const cvz_status status = read(r, error);
  r->layer = outer;
  return status;
}

/* Keras 3 writes a function as {"class_name": "function", "config": "relu6"}. */
cvz_status cvz_layer_activate(cvz_reading *r, const char *key, cvz_error *error)
{
  const json_t *option = cvz_option(r->layer, key);
  if (!option) return CVZ_OK;
  if (json_is_string(option)) return activate_by_name(r, key, json_string_value(option), error);
  const char *class_name = json_string_value(json_object_get(option, "class_name"));
  const json_t *config = json_object_get(option, "config");
  if (!class_name) return cvz_option_fail(r->layer, key, CVZ_E_FORMAT, "the name of an activation", error);
  reader *read = layer_reader(class_name);
  if (read) return activate_by_layer(r, read, class_name, config, error);
  return activate_by_name(r, key, json_is_string(config) ? json_string_value(config) : class_name, error);
}

cvz_status cvz_layer_read_relu(cvz_reading *r, cvz_error *error)
{
  cvz_activation relu = {CVZ_RELU, 0, INFINITY, 0};
  CVZ_TRY(cvz_option_float(r->layer, "max_value", &relu.max_value, error));
  CVZ_TRY(cvz_option_float(r->layer, "negative_slope", &relu.negative_slope, error));
  CVZ_TRY(cvz_option_float(r->layer, "threshold", &relu.threshold, error));
  return add_activation(r, relu, error);
}

cvz_status cvz_layer_read_leaky_relu(cvz_reading *r, cvz_error *error)
{
  cvz_activation relu = {CVZ_RELU, 0.3f, INFINITY, 0};
  CVZ_TRY(cvz_option_float(r->layer, "alpha", &relu.negative_slope, error));
  CVZ_TRY(cvz_option_float(r->layer, "negative_slope", &relu.negative_slope, error));
  return add_activation(r, relu, error);
}

cvz_status cvz_layer_read_elu(cvz_reading *r, cvz_error *error)
{
  float alpha = 1;
  CVZ_TRY(cvz_option_float(r->layer, "alpha", &alpha, error));
  return cvz_layer_add_function(r, "elu", alpha, error);
}

cvz_status cvz_layer_read_thresholded_relu(cvz_reading *r, cvz_error *error)
{
  float theta = 1;
  CVZ_TRY(cvz_option_float(r->layer, "theta", &theta, error));
  return cvz_layer_add_threshold(r, theta, 0, error);
}

cvz_status cvz_layer_read_softmax(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order_axis(r, error));
  return cvz_layer_add_softmax(r, false, error);
}

/* The slope has one number for each element, or for all along the shared axes. */
cvz_status cvz_layer_read_prelu(cvz_reading *r, cvz_error *error)
{
  int both[2] = {r->node, -1};
  CVZ_TRY(cvz_layer_add_constant(r, r->layer->weights[0], error));
  both[1] = r->node;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_BINARY, .binary = CVZ_PRELU, .inputs = both, .input_count = 2},
                       error);
}
