/* Nodes of keras.ops. Their options are the arguments that are no tensors: keras/src/ops/numpy.py and nn.py. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/layer.h"
#include "model/operation.h"
#include "model/option.h"

/* Curves and clamps: the class, Keras's name of it, and the option that is its parameter. */
static const struct curve {
  const char *class_name, *function, *parameter;
} curves[] = {
    {"Relu", "relu", NULL},
    {"Relu6", "relu6", NULL},
    {"LeakyRelu", "leaky_relu", "negative_slope"},
    {"Sigmoid", "sigmoid", NULL},
    {"Tanh", "tanh", NULL},
    {"Silu", "silu", NULL},
    {"Softplus", "softplus", NULL},
    {"Softsign", "softsign", NULL},
    {"Elu", "elu", "alpha"},
    {"Celu", "celu", "alpha"},
    {"Selu", "selu", NULL},
    {"HardSigmoid", "hard_sigmoid", NULL},
    {"HardSilu", "hard_silu", NULL},
    {"LogSigmoid", "log_sigmoid", NULL},
    {"Mish", "mish", NULL},
    {"TanhShrink", "tanh_shrink", NULL},
    {"SoftShrink", "soft_shrink", "threshold"},
    {"HardShrink", "hard_shrink", "threshold"},
    {"Squareplus", "squareplus", "b"},
    {"SparsePlus", "sparse_plus", NULL},
    {"SparseSigmoid", "sparse_sigmoid", NULL},
    {"Exp", "exponential", NULL},
    {"Log", "log", NULL},
    {"Abs", "absolute", NULL},
    {"Absolute", "absolute", NULL},
    {"Square", "square", NULL},
    {"Sqrt", "sqrt", NULL},
    {"Reciprocal", "reciprocal", NULL},
};

#define CURVES (sizeof curves / sizeof *curves)

static cvz_status add_curve(cvz_reading *r, const struct curve *curve, cvz_error *error)
{
  float parameter = NAN;
  if (curve->parameter) CVZ_TRY(cvz_option_float(r->layer, curve->parameter, &parameter, error));
  return cvz_layer_add_function(r, curve->function, parameter, error);
}

typedef cvz_status reader(cvz_reading *r, int detail, cvz_error *error);

static const struct operation {
  const char *name;
  reader *read;
  int detail;
} operations[] = {
#define O(text, function, value) {text, cvz_operation_##function, value},
#include "model/operations.def"
#undef O
};

#define OPERATIONS (sizeof operations / sizeof *operations)

bool cvz_layer_knows_operation(const char *class_name)
{
  bool known = false;
  for (size_t i = 0; i < OPERATIONS; i++) known = known || !strcmp(class_name, operations[i].name);
  for (size_t i = 0; i < CURVES; i++) known = known || !strcmp(class_name, curves[i].class_name);
  return known;
}

cvz_status cvz_layer_read_operation(cvz_reading *r, cvz_error *error)
{
  const char *name = r->layer->class_name;
  CVZ_REQUIRE(r->input_count > 0, error, CVZ_E_UNSUPPORTED, "operation '%.200s' (%s) has no input", r->layer->path,
              name);
  for (size_t i = 0; i < OPERATIONS; i++)
    if (!strcmp(name, operations[i].name)) return operations[i].read(r, operations[i].detail, error);
  for (size_t i = 0; i < CURVES; i++)
    if (!strcmp(name, curves[i].class_name)) return add_curve(r, &curves[i], error);
  return cvz_layer_read_unsupported(r, error);
}

/* ---- Element by element */

/* {"class_name": "__tensor__", "config": {"value": [1.0, 2.0, 3.0]}} among the arguments. */
static const json_t *constant_array(const json_t *value)
{
  const char *name = json_string_value(json_object_get(value, "class_name"));
  if (name && !strcmp(name, "__tensor__")) return json_object_get(json_object_get(value, "config"), "value");
  const json_t *items = json_is_array(value) ? value : json_object_get(value, "args");
  for (size_t i = 0; i < json_array_size(items); i++) {
    const json_t *found = constant_array(json_array_get(items, i));
    if (found) return found;
  }
  return NULL;
}

/* x + [1, 2, 3] and x * [1, 2, 3], of Keras's last axis. */
static cvz_status with_array(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  json_t *options = json_pack("{s:O?}", "value", constant_array(r->call->arguments));
  CVZ_REQUIRE(options, error, CVZ_E_MEMORY, "memory: no room for the options of a layer");
  const cvz_config_layer inner = {.path = r->layer->path, .class_name = r->layer->class_name, .options = options};
  float *values = NULL, one = 1, zero = 0;
  int count = 0;
  const bool supported = operation == CVZ_PLUS || operation == CVZ_TIMES;
  cvz_status status = cvz_option_floats(&inner, "value", &values, &count, error);
  if (status == CVZ_OK && (!supported || !count))
    status = cvz_fail(error, CVZ_E_UNSUPPORTED, "operation '%.200s' (%s) with a constant array is not supported",
                      r->layer->path, r->layer->class_name);
  if (status == CVZ_OK) status = cvz_layer_order(r, r->rank, error);
  if (status == CVZ_OK)
    status = operation == CVZ_PLUS ? cvz_layer_add_constants(r, &one, 1, values, count, error)
                                   : cvz_layer_add_constants(r, values, count, &zero, 1, error);
  free(values);
  json_decref(options);
  return status;
}

cvz_status cvz_operation_arithmetic(cvz_reading *r, int operation, cvz_error *error)
{
  return r->call->odd ? with_array(r, (cvz_arithmetic)operation, error)
                      : cvz_layer_add_arithmetic(r, (cvz_arithmetic)operation, error);
}

/* Small whole exponents are products, defined for numbers below zero too. */
cvz_status cvz_operation_power(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  const double exponent = r->call->constant;
  CVZ_REQUIRE(r->input_count == 1 && r->call->constants == 1 && !r->call->constant_first, error, CVZ_E_UNSUPPORTED,
              "operation '%.200s' (%s): expected a tensor to the power of a number", r->layer->path,
              r->layer->class_name);
  const int whole = exponent == 1 || exponent == 2 || exponent == 3 || exponent == 4 ? (int)exponent : 0;
  const int base = r->node;
  if (whole == 1) return CVZ_OK;
  if (whole) CVZ_TRY(cvz_layer_add_function(r, "square", NAN, error));
  if (whole == 4) return cvz_layer_add_function(r, "square", NAN, error);
  if (whole == 3) {
    int both[2] = {r->node, base};
    return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_MULTIPLY, .inputs = both, .input_count = 2}, error);
  }
  if (whole) return CVZ_OK;
  if (exponent == 0.5) return cvz_layer_add_function(r, "sqrt", NAN, error);
  if (exponent == -1) return cvz_layer_add_function(r, "reciprocal", NAN, error);
  return cvz_layer_add_function(r, "power", (float)exponent, error);
}

cvz_status cvz_operation_negative(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_add_linear(r, -1, 0, error);
}

cvz_status cvz_operation_rsqrt(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  CVZ_TRY(cvz_layer_add_function(r, "sqrt", NAN, error));
  return cvz_layer_add_function(r, "reciprocal", NAN, error);
}

cvz_status cvz_operation_clip(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  float low = NAN, high = NAN;
  CVZ_TRY(cvz_option_float(r->layer, "x_min", &low, error));
  CVZ_TRY(cvz_option_float(r->layer, "x_max", &high, error));
  CVZ_REQUIRE(low < high, error, CVZ_E_UNSUPPORTED, "operation '%.200s' (%s): bounds %g and %g, expected two numbers",
              r->layer->path, r->layer->class_name, (double)low, (double)high);
  return cvz_layer_add_clip(r, low, high, error);
}

cvz_status cvz_operation_hard_tanh(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_add_clip(r, -1, 1, error);
}

cvz_status cvz_operation_gelu(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  bool approximate = true;
  CVZ_TRY(cvz_option_bool(r->layer, "approximate", &approximate, error));
  return cvz_layer_add_function(r, approximate ? "gelu_tanh" : "gelu", NAN, error);
}

cvz_status cvz_operation_softmax(cvz_reading *r, int logarithm, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order_axis(r, error));
  return cvz_layer_add_softmax(r, logarithm, error);
}

cvz_status cvz_operation_glu(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  CVZ_TRY(cvz_layer_order_axis(r, error));
  return cvz_layer_add_glu(r, error);
}

cvz_status cvz_operation_threshold(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  float threshold = 0, otherwise = 0;
  CVZ_TRY(cvz_option_float(r->layer, "threshold", &threshold, error));
  CVZ_TRY(cvz_option_float(r->layer, "default_value", &otherwise, error));
  return cvz_layer_add_threshold(r, threshold, otherwise, error);
}

cvz_status cvz_operation_normalize(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  int order = 2;
  CVZ_TRY(cvz_option_int(r->layer, "order", 1, &order, error));
  if (order != 2) return cvz_option_fail(r->layer, "order", CVZ_E_UNSUPPORTED, "2", error);
  return cvz_layer_read_unit_norm(r, error);
}

cvz_status cvz_operation_identity(cvz_reading *r, int detail, cvz_error *error)
{
  (void)r, (void)detail, (void)error;
  return CVZ_OK;
}
