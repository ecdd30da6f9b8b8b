/* Layers with several inputs, and the same of keras.ops: there one operand may be a number. */
#include <math.h>
#include <stdlib.h>

#include "model/layer.h"
#include "model/option.h"

cvz_status cvz_layer_add_linear(cvz_reading *r, float scale, float offset, cvz_error *error)
{
  return cvz_layer_add_constants(r, &scale, 1, &offset, 1, error);
}

/* min(max(x, low), high) = min(max(x - low, 0), high - low) + low: TensorFlow has slope 0 at the bounds of a ReLU, 1 at
 * those of a clip, which no image meets. */
cvz_status cvz_layer_add_clip(cvz_reading *r, float low, float high, cvz_error *error)
{
  const cvz_activation between = {CVZ_RELU, 0, high - low, 0};
  CVZ_TRY(cvz_layer_add_linear(r, 1, -low, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = between}, error));
  return cvz_layer_add_linear(r, 1, low, error);
}

/* The larger of x and a number is a clip without an upper bound; the smaller is minus the larger of -x and -number. */
static cvz_status add_larger(cvz_reading *r, float number, float sign, cvz_error *error)
{
  const cvz_activation relu = {CVZ_RELU, 0, INFINITY, 0};
  CVZ_TRY(cvz_layer_add_linear(r, sign, -sign * number, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = relu}, error));
  return cvz_layer_add_linear(r, sign, number, error);
}

static cvz_status with_number(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  const float number = (float)r->call->constant;
  const bool first = r->call->constant_first;
  switch (operation) {
  case CVZ_PLUS:
    return cvz_layer_add_linear(r, 1, number, error);
  case CVZ_MINUS:
    return cvz_layer_add_linear(r, first ? -1 : 1, first ? number : -number, error);
  case CVZ_TIMES:
    return cvz_layer_add_linear(r, number, 0, error);
  case CVZ_OVER:
    if (!first) return cvz_layer_add_linear(r, 1 / number, 0, error);
    CVZ_TRY(cvz_layer_add_function(r, "reciprocal", NAN, error));
    return cvz_layer_add_linear(r, number, 0, error);
  default:
    return add_larger(r, number, operation == CVZ_LARGER ? 1 : -1, error);
  }
}

/* x - y = x + -y, x / y = x * (1 / y). */
static cvz_status with_inverse(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  r->node = r->inputs[1], r->rank = r->ranks[1], r->axis = r->axes[1];
  CVZ_TRY(operation == CVZ_MINUS ? cvz_layer_add_linear(r, -1, 0, error)
                                 : cvz_layer_add_function(r, "reciprocal", NAN, error));
  const int both[2] = {r->inputs[0], r->node}, *inputs = r->inputs;
  r->inputs = both;
  const cvz_status status =
      cvz_layer_add_join(r, (cvz_node){.op = operation == CVZ_MINUS ? CVZ_OP_ADD : CVZ_OP_MULTIPLY}, error);
  r->inputs = inputs;
  return status;
}

static cvz_status of_tensors(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  switch (operation) {
  case CVZ_PLUS:
    return cvz_layer_add_join(r, (cvz_node){.op = CVZ_OP_ADD}, error);
  case CVZ_TIMES:
    return cvz_layer_add_join(r, (cvz_node){.op = CVZ_OP_MULTIPLY}, error);
  case CVZ_MINUS:
  case CVZ_OVER:
    return with_inverse(r, operation, error);
  default:
    return cvz_layer_add_join(
        r, (cvz_node){.op = CVZ_OP_BINARY, .binary = operation == CVZ_LARGER ? CVZ_MAXIMUM : CVZ_MINIMUM}, error);
  }
}

cvz_status cvz_layer_add_arithmetic(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  if (r->input_count == 2 && !r->call->constants) return of_tensors(r, operation, error);
  CVZ_REQUIRE(r->input_count == 1 && r->call->constants == 1, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%s): %d tensors and %d numbers, expected two tensors, or one tensor and one number",
              r->layer->path, r->layer->class_name, r->input_count, r->call->constants);
  return with_number(r, operation, error);
}

/* A layer of one tensor is that tensor. The first versions of Keras 3 do not tell a layer from an operation. */
static cvz_status join_all(cvz_reading *r, cvz_op op, cvz_error *error)
{
  if (r->call->constants) return cvz_layer_add_arithmetic(r, op == CVZ_OP_ADD ? CVZ_PLUS : CVZ_TIMES, error);
  return r->input_count > 1 ? cvz_layer_add_join(r, (cvz_node){.op = op}, error) : CVZ_OK;
}

cvz_status cvz_layer_read_add(cvz_reading *r, cvz_error *error)
{
  return join_all(r, CVZ_OP_ADD, error);
}

cvz_status cvz_layer_read_multiply(cvz_reading *r, cvz_error *error)
{
  return join_all(r, CVZ_OP_MULTIPLY, error);
}

cvz_status cvz_layer_read_average(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(join_all(r, CVZ_OP_ADD, error));
  return cvz_layer_add_linear(r, 1 / (float)r->input_count, 0, error);
}

cvz_status cvz_layer_read_subtract(cvz_reading *r, cvz_error *error)
{
  CVZ_REQUIRE(r->input_count == 2, error, CVZ_E_FORMAT, "layer '%.200s' (%s): %d tensors, expected 2", r->layer->path,
              r->layer->class_name, r->input_count);
  return cvz_layer_add_arithmetic(r, CVZ_MINUS, error);
}

/* max(max(a, b), c) */
static cvz_status fold_all(cvz_reading *r, cvz_arithmetic operation, cvz_error *error)
{
  const int *inputs = r->inputs, *ranks = r->ranks, *axes = r->axes, count = r->input_count;
  cvz_status status = CVZ_OK;
  for (int i = 1; status == CVZ_OK && i < count; i++) {
    const int both[2] = {r->node, inputs[i]}, their_ranks[2] = {r->rank, ranks[i]}, their_axes[2] = {r->axis, axes[i]};
    r->inputs = both, r->ranks = their_ranks, r->axes = their_axes, r->input_count = 2;
    status = cvz_layer_add_arithmetic(r, operation, error);
    r->inputs = inputs, r->ranks = ranks, r->axes = axes, r->input_count = count;
  }
  return status;
}

cvz_status cvz_layer_read_maximum(cvz_reading *r, cvz_error *error)
{
  return fold_all(r, CVZ_LARGER, error);
}

cvz_status cvz_layer_read_minimum(cvz_reading *r, cvz_error *error)
{
  return fold_all(r, CVZ_SMALLER, error);
}

/* Of another axis than the last: every member gets that axis as its channels. */
cvz_status cvz_layer_read_concatenate(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order_axis(r, error));
  if (r->input_count == 1) return CVZ_OK;
  const int *axes = r->axes, axis = r->axis;
  int *ordered = malloc(2 * (size_t)r->input_count * sizeof *ordered), *nodes = ordered + r->input_count;
  CVZ_REQUIRE(ordered, error, CVZ_E_MEMORY, "memory: no room for the inputs of a layer");
  cvz_status status = CVZ_OK;
  const int *inputs = r->inputs;
  for (int i = 0; i < r->input_count && status == CVZ_OK; i++) {
    if (i > 0) r->node = inputs[i], r->rank = r->ranks[i], r->axis = axes[i];
    if (r->rank == r->ranks[0]) status = cvz_layer_order(r, axis, error);
    nodes[i] = r->node;
    ordered[i] = axis;
  }
  r->inputs = nodes, r->axes = ordered;
  if (status == CVZ_OK) status = cvz_layer_add_join(r, (cvz_node){.op = CVZ_OP_CONCAT}, error);
  r->inputs = inputs, r->axes = axes;
  free(ordered);
  return status;
}

/* InceptionResNetV2's own layer: inputs[0] + inputs[1] * scale. */
cvz_status cvz_layer_read_custom_scale(cvz_reading *r, cvz_error *error)
{
  float scale = 1;
  CVZ_TRY(cvz_option_float(r->layer, "scale", &scale, error));
  CVZ_REQUIRE(r->input_count == 2, error, CVZ_E_FORMAT, "layer '%.200s' (%s): %d tensors, expected 2", r->layer->path,
              r->layer->class_name, r->input_count);
  r->node = r->inputs[1];
  CVZ_TRY(cvz_layer_add_linear(r, scale, 0, error));
  int both[2] = {r->inputs[0], r->node};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ADD, .inputs = both, .input_count = 2}, error);
}
