/* Activations: as layers, and as the option of another layer. */
#include <math.h>
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

static const struct {
  const char *name;
  cvz_activation activation;
} activations[] = {
    {"linear", {CVZ_LINEAR, 0, INFINITY, 0}},
    {"relu", {CVZ_RELU, 0, INFINITY, 0}},
    {"relu6", {CVZ_RELU, 0, 6, 0}},
    {"leaky_relu", {CVZ_RELU, 0.2f, INFINITY, 0}},
    {"sigmoid", {CVZ_SIGMOID, 0, INFINITY, 0}},
    {"tanh", {CVZ_TANH, 0, INFINITY, 0}},
    {"swish", {CVZ_SWISH, 0, INFINITY, 0}},
    {"silu", {CVZ_SWISH, 0, INFINITY, 0}},
};

#define SUPPORTED "linear, relu, relu6, leaky_relu, sigmoid, swish (silu), tanh or softmax"

static cvz_status add_activation(cvz_reading *r, cvz_activation activation, cvz_error *error)
{
  if (activation.function == CVZ_LINEAR) return CVZ_OK;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = activation}, error);
}

static cvz_status activate_by_name(cvz_reading *r, const char *key, const char *name, cvz_error *error)
{
  const char *package = strrchr(name, '>');
  if (package) name = package + 1;
  if (!strcmp(name, "softmax")) return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_SOFTMAX}, error);
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
    if (!strcmp(name, activations[i].name)) return add_activation(r, activations[i].activation, error);
  return cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, SUPPORTED, error);
}

typedef cvz_status reader(cvz_reading *, cvz_error *);

static reader *layer_reader(const char *class_name)
{
  static const struct {
    const char *name;
    reader *read;
  } readers[] = {
      {"ReLU", cvz_layer_read_relu}, {"LeakyReLU", cvz_layer_read_leaky_relu}, {"Softmax", cvz_layer_read_softmax}};
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

cvz_status cvz_layer_read_softmax(cvz_reading *r, cvz_error *error)
{
  bool last;
  CVZ_TRY(cvz_option_last_axis(r->layer, r->rank, &last, error));
  if (!last) return cvz_option_fail(r->layer, "axis", CVZ_E_UNSUPPORTED, "the last one, -1", error);
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_SOFTMAX}, error);
}
