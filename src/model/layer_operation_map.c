/* Nodes of keras.ops that look at several elements, or move them. */
#include <math.h>
#include <string.h>

#include "model/operation.h"
#include "model/option.h"

cvz_status cvz_layer_add_reduction(cvz_reading *r, cvz_reduction reduction, const bool axes[4], bool keep,
                                   cvz_error *error)
{
  cvz_reduce reduce = {.reduction = reduction};
  int places[4];
  cvz_layer_places(r, places);
  for (int axis = 1; axis <= r->rank; axis++)
    if (axes[axis]) reduce.axes[places[axis]] = true;
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_REDUCE, .reduce = reduce}, error));
  return keep ? CVZ_OK : cvz_layer_drop_axes(r, axes, error);
}

/* Options axis and keepdims. */
static cvz_status read_reduced(const cvz_reading *r, bool axes[4], bool *keep, cvz_error *error)
{
  const bool all[4] = {false, true, true, true};
  CVZ_REQUIRE(cvz_option(r->layer, "axis"), error, CVZ_E_UNSUPPORTED,
              "operation '%.200s' (%s) is over all axes, expected some that leave the batch", r->layer->path,
              r->layer->class_name);
  CVZ_TRY(cvz_layer_axes(r, "axis", all, axes, error));
  return cvz_option_bool(r->layer, "keepdims", keep, error);
}

cvz_status cvz_operation_reduce(cvz_reading *r, int reduction, cvz_error *error)
{
  bool axes[4], keep = false;
  CVZ_TRY(read_reduced(r, axes, &keep, error));
  return cvz_layer_add_reduction(r, (cvz_reduction)reduction, axes, keep, error);
}

/* The mean of (x - mean of x)^2, or its root. */
cvz_status cvz_operation_variance(cvz_reading *r, int root, cvz_error *error)
{
  bool axes[4], keep = false;
  CVZ_TRY(read_reduced(r, axes, &keep, error));
  int both[2] = {r->node, -1};
  CVZ_TRY(cvz_layer_add_reduction(r, CVZ_MEAN, axes, true, error));
  CVZ_TRY(cvz_layer_add_linear(r, -1, 0, error));
  both[1] = r->node;
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_ADD, .inputs = both, .input_count = 2}, error));
  CVZ_TRY(cvz_layer_add_function(r, "square", NAN, error));
  CVZ_TRY(cvz_layer_add_reduction(r, CVZ_MEAN, axes, keep, error));
  return root ? cvz_layer_add_function(r, "sqrt", NAN, error) : CVZ_OK;
}

cvz_status cvz_operation_concatenate(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_read_concatenate(r, error);
}

cvz_status cvz_operation_reshape(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_reshape(r, "newshape", 1, error);
}

cvz_status cvz_operation_transpose(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_permute(r, "axes", 1, error);
}

/* A new axis of one element before Keras's axis `axis`. */
cvz_status cvz_operation_expand(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  const json_t *option = cvz_option(r->layer, "axis");
  json_int_t axis = json_integer_value(json_is_array(option) ? json_array_get(option, 0) : option);
  if (axis < 0) axis += r->rank + 2;
  if (json_array_size(option) > 1 || axis < 1 || axis > r->rank + 1 || r->rank == 3)
    return cvz_option_fail(r->layer, "axis", CVZ_E_UNSUPPORTED, "one axis, which makes three at most", error);
  int places[4];
  CVZ_TRY(cvz_layer_order(r, r->rank, error));
  cvz_layer_places(r, places);
  cvz_reshape reshape = {.rank = r->rank + 1};
  for (int i = 1; i <= reshape.rank; i++)
    reshape.sizes[i - 1] = i == axis ? 1 : CVZ_SIZE_OF(places[i < axis ? i : i - 1]);
  r->rank = r->axis = reshape.rank;
  r->new_axes = true;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = reshape}, error);
}

cvz_status cvz_operation_squeeze(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  bool axes[4];
  const bool none[4] = {false};
  CVZ_REQUIRE(cvz_option(r->layer, "axis"), error, CVZ_E_UNSUPPORTED,
              "operation '%.200s' (%s) names no axis, expected those of one element", r->layer->path,
              r->layer->class_name);
  CVZ_TRY(cvz_layer_axes(r, "axis", none, axes, error));
  return cvz_layer_drop_axes(r, axes, error);
}

/* ---- Borders */

/* `before` and `after` by Keras's axes 1 .. 3; negative amounts crop. An axis that is the channels is padded as the
 * height of another order. */
static cvz_status add_borders(cvz_reading *r, const int before[4], const int after[4], cvz_error *error)
{
  CVZ_REQUIRE(r->rank == 3, error, CVZ_E_UNSUPPORTED, "operation '%.200s' (%s) has a tensor of %d axes, expected a map",
              r->layer->path, r->layer->class_name, r->rank);
  int places[4];
  if (before[r->axis] || after[r->axis]) CVZ_TRY(cvz_layer_order(r, r->axis == 3 ? 1 : 3, error));
  cvz_layer_places(r, places);
  cvz_pad pad = {0};
  for (int axis = 1; axis <= 3; axis++) {
    if (places[axis] == 0) pad.top = before[axis], pad.bottom = after[axis];
    if (places[axis] == 1) pad.left = before[axis], pad.right = after[axis];
  }
  CVZ_REQUIRE(!before[r->axis] && !after[r->axis], error, CVZ_E_UNSUPPORTED,
              "operation '%.200s' (%s) changes all three axes, expected two at most", r->layer->path,
              r->layer->class_name);
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PAD, .pad = pad}, error));
  return cvz_layer_order(r, r->channels_first ? 1 : r->rank, error);
}

/* {"pad_width": [[0, 0], [1, 2], [0, 1], [0, 0]], "mode": "constant"}; other values than 0 are a named argument. */
cvz_status cvz_operation_pad(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  const char *mode = "constant";
  const json_t *widths = cvz_option(r->layer, "pad_width");
  const json_t *value = json_object_get(json_object_get(r->call->arguments, "kwargs"), "constant_values");
  int before[4] = {0}, after[4] = {0};
  CVZ_TRY(cvz_option_text(r->layer, "mode", &mode, error));
  if (strcmp(mode, "constant")) return cvz_option_fail(r->layer, "mode", CVZ_E_UNSUPPORTED, "\"constant\"", error);
  bool good = json_array_size(widths) == (size_t)r->rank + 1 && (!json_is_number(value) || !json_number_value(value));
  for (int axis = 0; good && axis <= r->rank; axis++) {
    const json_t *pair = json_array_get(widths, (size_t)axis);
    const json_int_t first = json_integer_value(json_array_get(pair, 0)),
                     last = json_integer_value(json_array_get(pair, 1));
    good = json_array_size(pair) == 2 && first >= 0 && last >= 0 && first <= CVZ_DIMENSION_MAX &&
           last <= CVZ_DIMENSION_MAX && (axis || !(first || last));
    before[axis] = (int)first, after[axis] = (int)last;
  }
  if (!good)
    return cvz_option_fail(r->layer, "pad_width", CVZ_E_UNSUPPORTED, "zeros before and after each axis but the batch",
                           error);
  return add_borders(r, before, after, error);
}

/* start:stop of one axis; a stop from the front needs the size, which is not known here. */
static bool read_slice(const json_t *slice, int *before, int *after)
{
  const char *name = json_string_value(json_object_get(slice, "class_name"));
  const json_t *config = json_object_get(slice, "config");
  const json_t *start = json_object_get(config, "start"), *stop = json_object_get(config, "stop");
  const json_t *step = json_object_get(config, "step");
  const json_int_t from = json_integer_value(start), to = json_integer_value(stop);
  if (!name || strcmp(name, "__slice__") || from < 0 || from > CVZ_DIMENSION_MAX) return false;
  if (json_is_integer(step) && json_integer_value(step) != 1) return false;
  if (json_is_integer(stop) && (to >= 0 || to < -CVZ_DIMENSION_MAX)) return false;
  *before = -(int)from;
  *after = (int)to;
  return true;
}

/* x[:, 1:-1, 2:]: a crop. */
cvz_status cvz_operation_item(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  const json_t *arguments = json_object_get(r->call->arguments, "args"), *key = json_array_get(arguments, 1);
  int before[4] = {0}, after[4] = {0};
  bool good = json_is_array(key) && json_array_size(key) <= (size_t)r->rank + 1;
  for (size_t axis = 0; good && axis < json_array_size(key); axis++)
    good = read_slice(json_array_get(key, axis), &before[axis], &after[axis]);
  CVZ_REQUIRE(good && !before[0] && !after[0], error, CVZ_E_UNSUPPORTED,
              "operation '%.200s' (%s): expected slices of step 1 that end at the end or count from it, as "
              "x[:, 1:-1, 2:]",
              r->layer->path, r->layer->class_name);
  return add_borders(r, before, after, error);
}

/* ---- Pools */

cvz_status cvz_operation_average_pool(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_read_avgpool(r, error);
}

cvz_status cvz_operation_max_pool(cvz_reading *r, int detail, cvz_error *error)
{
  (void)detail;
  return cvz_layer_read_maxpool(r, error);
}
