/* Layers with one input and no weights: inputs, pools, borders, shapes. */
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

/* {"batch_shape": [null, 224, 224, 3]}, in Keras 2 batch_input_shape. */
cvz_status cvz_layer_read_input(cvz_reading *r, cvz_error *error)
{
  r->rank = 3;
  r->axis = r->channels_first ? 1 : 3;
  const char *key = cvz_option(r->layer, "batch_shape") ? "batch_shape" : "batch_input_shape";
  const json_t *shape = cvz_option(r->layer, key);
  int sizes[3] = {0, 0, 0};
  const int channels = r->axis - 1; /* among the sizes */
  bool good = json_array_size(shape) == 4;
  for (size_t i = 0; good && i < 3; i++) {
    const json_t *size = json_array_get(shape, i + 1);
    const json_int_t value = json_integer_value(size);
    good = json_is_null(size) || (json_is_integer(size) && value >= 1 && value <= CVZ_DIMENSION_MAX);
    sizes[i] = good ? (int)value : 0;
  }
  if (!good || !sizes[channels])
    return cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED,
                           channels ? "[null, height, width, channels] with fixed channels"
                                    : "[null, channels, height, width] with fixed channels",
                           error);
  const int first = channels ? 0 : 1; /* spatial size */
  const cvz_shape input = {3, sizes[first], sizes[first + 1], sizes[channels]};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_INPUT, .input = input}, error);
}

cvz_status cvz_layer_read_identity(cvz_reading *r, cvz_error *error)
{
  (void)r, (void)error;
  return CVZ_OK;
}

cvz_status cvz_layer_read_activation(cvz_reading *r, cvz_error *error)
{
  return cvz_layer_activate(r, "activation", error);
}

static cvz_status read_pool(cvz_reading *r, cvz_op op, cvz_error *error)
{
  cvz_window pool;
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_layer_window(r->layer, "pool_size", &pool, error));
  if (!cvz_option(r->layer, "strides")) memcpy(pool.stride, pool.kernel, sizeof pool.stride);
  return cvz_layer_add(r, (cvz_node){.op = op, .pool = pool}, error);
}

cvz_status cvz_layer_read_maxpool(cvz_reading *r, cvz_error *error)
{
  return read_pool(r, CVZ_OP_MAXPOOL, error);
}

cvz_status cvz_layer_read_avgpool(cvz_reading *r, cvz_error *error)
{
  return read_pool(r, CVZ_OP_AVGPOOL, error);
}

static cvz_status add_global(cvz_reading *r, cvz_node node, bool keep, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(cvz_layer_add(r, node, error));
  if (!keep) r->rank = r->axis = 1;
  return cvz_layer_add(
      r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = keep ? (cvz_reshape){3, {1, 1, -1}} : (cvz_reshape){1, {-1}}},
      error);
}

static cvz_status read_global(cvz_reading *r, cvz_node node, cvz_error *error)
{
  bool keep = false;
  CVZ_TRY(cvz_option_bool(r->layer, "keepdims", &keep, error));
  return add_global(r, node, keep, error);
}

cvz_status cvz_layer_read_globalavg(cvz_reading *r, cvz_error *error)
{
  return read_global(r, (cvz_node){.op = CVZ_OP_GLOBALAVG}, error);
}

cvz_status cvz_layer_read_globalmax(cvz_reading *r, cvz_error *error)
{
  const cvz_reduce reduce = {CVZ_MAX, {true, true, false}};
  return read_global(r, (cvz_node){.op = CVZ_OP_REDUCE, .reduce = reduce}, error);
}

/* One output for the whole map; other sizes would need windows of several sizes. */
static cvz_status require_one_output(const cvz_reading *r, cvz_error *error)
{
  int size[2] = {0, 0};
  CVZ_TRY(cvz_option_pair(r->layer, "output_size", 1, size, error));
  return size[0] == 1 && size[1] == 1 ? CVZ_OK
                                      : cvz_option_fail(r->layer, "output_size", CVZ_E_UNSUPPORTED, "1", error);
}

cvz_status cvz_layer_read_adaptive_average(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(require_one_output(r, error));
  return add_global(r, (cvz_node){.op = CVZ_OP_GLOBALAVG}, true, error);
}

/* An amount for all sides, or [vertical, horizontal], or [[top, bottom], [left, right]]. */
static cvz_status read_sides(const cvz_config_layer *layer, const char *key, cvz_pad *sides, cvz_error *error)
{
  const json_t *option = cvz_option(layer, key);
  if (!json_is_array(json_array_get(option, 0))) {
    int amounts[2] = {1, 1};
    CVZ_TRY(cvz_option_pair(layer, key, 0, amounts, error));
    *sides = (cvz_pad){amounts[0], amounts[0], amounts[1], amounts[1]};
    return CVZ_OK;
  }
  int amounts[2][2] = {{0}};
  for (size_t i = 0; i < 2; i++) {
    json_t *pair = json_array_get(option, i);
    if (!json_is_array(pair)) return cvz_option_fail(layer, key, CVZ_E_FORMAT, "[[top, bottom], [left, right]]", error);
    json_t *options = json_pack("{s:O}", key, pair);
    CVZ_REQUIRE(options, error, CVZ_E_MEMORY, "memory: no room for an option");
    const cvz_config_layer half = {.path = layer->path, .class_name = layer->class_name, .options = options};
    const cvz_status status = cvz_option_pair(&half, key, 0, amounts[i], error);
    json_decref(options);
    CVZ_TRY(status);
  }
  *sides = (cvz_pad){amounts[0][0], amounts[0][1], amounts[1][0], amounts[1][1]};
  return CVZ_OK;
}

cvz_status cvz_layer_read_padding(cvz_reading *r, cvz_error *error)
{
  cvz_pad pad;
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(read_sides(r->layer, "padding", &pad, error));
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PAD, .pad = pad}, error);
}

cvz_status cvz_layer_read_cropping(cvz_reading *r, cvz_error *error)
{
  cvz_pad crop;
  CVZ_TRY(cvz_layer_order_image(r, error));
  CVZ_TRY(read_sides(r->layer, "cropping", &crop, error));
  crop = (cvz_pad){-crop.top, -crop.bottom, -crop.left, -crop.right};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PAD, .pad = crop}, error);
}

/* With channels first, Keras makes them the last axis before it flattens. */
cvz_status cvz_layer_read_flatten(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order_image(r, error));
  r->rank = r->axis = 1;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = {1, {-1}}}, error);
}

/* At most one size is null or -1, for what remains. */
static bool read_sizes(const json_t *list, size_t first, cvz_reshape *reshape)
{
  int free_sizes = 0;
  for (int i = 0; i < reshape->rank; i++) {
    const json_t *size = json_array_get(list, first + (size_t)i);
    const json_int_t value = json_integer_value(size);
    const bool any = json_is_null(size) || value == -1;
    free_sizes += any;
    if (!any && (value < 1 || value > CVZ_DIMENSION_MAX)) return false;
    reshape->sizes[i] = any ? -1 : (int)value;
  }
  return free_sizes <= 1;
}

cvz_status cvz_layer_reshape(cvz_reading *r, const char *key, size_t first, cvz_error *error)
{
  const json_t *sizes = cvz_option(r->layer, key);
  cvz_reshape reshape = {.rank = (int)json_array_size(sizes) - (int)first};
  if (!json_is_array(sizes)) return cvz_option_fail(r->layer, key, CVZ_E_FORMAT, "a list", error);
  if (reshape.rank < 1 || reshape.rank > 3)
    return cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, "one to three sizes", error);
  if (!read_sizes(sizes, first, &reshape))
    return cvz_option_fail(r->layer, key, CVZ_E_FORMAT, "whole numbers, at most one of them -1", error);
  CVZ_TRY(cvz_layer_order(r, r->rank, error));
  r->rank = r->axis = reshape.rank;
  r->new_axes = true;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = reshape}, error);
}

cvz_status cvz_layer_read_reshape(cvz_reading *r, cvz_error *error)
{
  return cvz_layer_reshape(r, "target_shape", 0, error);
}

/* Keras's axis i of the result is axis dims[i] of the input: the list counts from `first` on. No number moves if the
 * channels are as before and height and width in the same order. */
cvz_status cvz_layer_permute(cvz_reading *r, const char *key, size_t first, cvz_error *error)
{
  const json_t *dims = cvz_option(r->layer, key);
  int from[4] = {0}, channels = 0, spatial[2] = {0}, count = 0;
  bool seen[4] = {false}, good = json_array_size(dims) == (size_t)r->rank + first;
  for (int i = 1; good && i <= r->rank; i++) {
    const json_int_t axis = json_integer_value(json_array_get(dims, first + (size_t)i - 1));
    good = axis >= 1 && axis <= r->rank && !seen[axis];
    if (good) seen[from[i] = (int)axis] = true;
  }
  if (!good) return cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, "an order of all axes but the batch", error);
  for (int i = 1; i <= r->rank; i++) {
    if (from[i] == r->axis)
      channels = i;
    else
      spatial[count++] = from[i];
  }
  r->axis = channels;
  r->new_axes = true;
  if (count == 2 && spatial[0] > spatial[1])
    CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_TRANSPOSE, .transpose = {{1, 0, 2}}}, error));
  return cvz_layer_order(r, r->rank, error);
}

cvz_status cvz_layer_read_permute(cvz_reading *r, cvz_error *error)
{
  return cvz_layer_permute(r, "dims", 0, error);
}
