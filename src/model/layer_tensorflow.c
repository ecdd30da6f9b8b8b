/* Keras 2 saves a function of TensorFlow that a Functional model calls as a layer TFOpLambda:
 *
 *    {"function": "math.add"}, called with [["layer", 0, 0, {"y": 2.0, "name": null}]]
 *
 * It is read as the function of keras.ops that does the same, whose options are its named arguments. */
#include <stdlib.h>
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

static const struct function {
  const char *name, *operation;
} functions[] = {
    {"__operators__.add", "Add"},
    {"math.add", "Add"},
    {"add", "Add"},
    {"math.subtract", "Subtract"},
    {"subtract", "Subtract"},
    {"math.multiply", "Multiply"},
    {"multiply", "Multiply"},
    {"math.truediv", "Divide"},
    {"math.divide", "Divide"},
    {"truediv", "Divide"},
    {"divide", "Divide"},
    {"math.maximum", "Maximum"},
    {"maximum", "Maximum"},
    {"math.minimum", "Minimum"},
    {"minimum", "Minimum"},
    {"math.pow", "Power"},
    {"pow", "Power"},
    {"math.negative", "Negative"},
    {"negative", "Negative"},
    {"math.abs", "Abs"},
    {"abs", "Abs"},
    {"math.square", "Square"},
    {"square", "Square"},
    {"math.sqrt", "Sqrt"},
    {"sqrt", "Sqrt"},
    {"math.rsqrt", "Rsqrt"},
    {"math.reciprocal", "Reciprocal"},
    {"math.exp", "Exp"},
    {"exp", "Exp"},
    {"math.log", "Log"},
    {"clip_by_value", "Clip"},
    {"nn.relu", "Relu"},
    {"nn.relu6", "Relu6"},
    {"nn.leaky_relu", "LeakyRelu"},
    {"nn.elu", "Elu"},
    {"nn.selu", "Selu"},
    {"nn.gelu", "Gelu"},
    {"nn.silu", "Silu"},
    {"nn.swish", "Silu"},
    {"nn.softplus", "Softplus"},
    {"math.softplus", "Softplus"},
    {"nn.softsign", "Softsign"},
    {"nn.sigmoid", "Sigmoid"},
    {"math.sigmoid", "Sigmoid"},
    {"sigmoid", "Sigmoid"},
    {"nn.tanh", "Tanh"},
    {"math.tanh", "Tanh"},
    {"tanh", "Tanh"},
    {"nn.softmax", "Softmax"},
    {"nn.log_softmax", "LogSoftmax"},
    {"math.reduce_mean", "Mean"},
    {"reduce_mean", "Mean"},
    {"math.reduce_sum", "Sum"},
    {"reduce_sum", "Sum"},
    {"math.reduce_max", "Max"},
    {"reduce_max", "Max"},
    {"math.reduce_min", "Min"},
    {"reduce_min", "Min"},
    {"concat", "Concatenate"},
    {"reshape", "Reshape"},
    {"transpose", "Transpose"},
    {"expand_dims", "ExpandDims"},
    {"squeeze", "Squeeze"},
    {"pad", "Pad"},
    {"identity", "Identity"},
    {"cast", "Identity"},
    {"stop_gradient", "Identity"},
    {"convert_to_tensor", "Identity"},
};

/* TensorFlow's names of arguments that keras.ops calls otherwise. */
static const struct renamed {
  const char *tensorflow, *keras;
} arguments[] = {{"shape", "newshape"},       {"perm", "axes"},
                 {"alpha", "negative_slope"}, {"clip_value_min", "x_min"},
                 {"clip_value_max", "x_max"}, {"paddings", "pad_width"}};

/* The named arguments of the first tensor of the call, however the tensors are wrapped. */
static const json_t *named_arguments(const json_t *call)
{
  if (json_is_string(json_array_get(call, 0))) return json_array_get(call, 3);
  return json_is_array(call) ? named_arguments(json_array_get(call, 0)) : NULL;
}

static json_t *options_of(const cvz_reading *r)
{
  const json_t *named = named_arguments(r->call->arguments);
  json_t *options = json_is_object(named) ? json_copy((json_t *)named) : json_object();
  for (size_t i = 0; options && i < sizeof arguments / sizeof *arguments; i++) {
    json_t *value = json_object_get(options, arguments[i].tensorflow);
    if (value) json_object_set(options, arguments[i].keras, value);
  }
  if (options && !json_object_get(options, "approximate")) json_object_set_new(options, "approximate", json_false());
  return options;
}

cvz_status cvz_layer_read_tensorflow(cvz_reading *r, cvz_error *error)
{
  const char *name = "", *operation = NULL;
  CVZ_TRY(cvz_option_text(r->layer, "function", &name, error));
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (!strcmp(name, functions[i].name)) operation = functions[i].operation;
  CVZ_REQUIRE(operation, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' calls the function tf.%.100s, which is not supported; save the model with a layer of "
              "Keras in its place",
              r->layer->path, name);
  json_t *options = options_of(r);
  CVZ_REQUIRE(options, error, CVZ_E_MEMORY, "memory: no room for the options of a layer");
  const cvz_config_layer *outer = r->layer;
  const cvz_config_layer inner = {.path = outer->path, .class_name = operation, .options = options};
  r->layer = &inner;
  const cvz_status status = cvz_layer_read_operation(r, error);
  r->layer = outer;
  json_decref(options);
  return status;
}
