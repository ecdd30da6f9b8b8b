/* Layers with one input and no weights: inputs, pools, borders, shapes. */
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

/* {"batch_shape": [null, 224, 224, 3]}, in Keras 2 batch_input_shape. */
cvz_status cvz_layer_read_input(cvz_reading *r, cvz_error *error)
{
  const char *key = cvz_option(r->layer, "batch_shape") ? "batch_shape" : "batch_input_shape";
  const json_t *shape = cvz_option(r->layer, key);
  int sizes[3] = {0, 0, 0};
  bool good = json_array_size(shape) == 4;
  for (size_t i = 0; good && i < 3; i++) {
    const json_t *size = json_array_get(shape, i + 1);
    const json_int_t value = json_integer_value(size);
    good = json_is_null(size) || (json_is_integer(size) && value >= 1 && value <= CVZ_DIMENSION_MAX);
    sizes[i] = good ? (int)value : 0;
  }
  if (!good || !sizes[2])
    return cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, "[null, height, width, channels] with fixed channels",
                           error);
  r->rank = 3;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_INPUT, .input = {3, sizes[0], sizes[1], sizes[2]}}, error);
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

cvz_status cvz_layer_read_globalavg(cvz_reading *r, cvz_error *error)
{
  bool keep = false;
  CVZ_TRY(cvz_layer_data_format(r->layer, error));
  CVZ_TRY(cvz_option_bool(r->layer, "keepdims", &keep, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_GLOBALAVG}, error));
  r->rank = keep ? 3 : 1;
  if (!keep) return CVZ_OK;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = {3, {1, 1, -1}}}, error);
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
  CVZ_TRY(cvz_layer_data_format(r->layer, error));
  CVZ_TRY(read_sides(r->layer, "padding", &pad, error));
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PAD, .pad = pad}, error);
}

cvz_status cvz_layer_read_cropping(cvz_reading *r, cvz_error *error)
{
  cvz_pad crop;
  CVZ_TRY(cvz_layer_data_format(r->layer, error));
  CVZ_TRY(read_sides(r->layer, "cropping", &crop, error));
  crop = (cvz_pad){-crop.top, -crop.bottom, -crop.left, -crop.right};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_PAD, .pad = crop}, error);
}

cvz_status cvz_layer_read_flatten(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_data_format(r->layer, error));
  r->rank = 1;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = {1, {-1}}}, error);
}

cvz_status cvz_layer_read_reshape(cvz_reading *r, cvz_error *error)
{
  const json_t *sizes = cvz_option(r->layer, "target_shape");
  cvz_reshape reshape = {.rank = (int)json_array_size(sizes)};
  if (!json_is_array(sizes)) return cvz_option_fail(r->layer, "target_shape", CVZ_E_FORMAT, "a list", error);
  if (reshape.rank < 1 || reshape.rank > 3)
    return cvz_option_fail(r->layer, "target_shape", CVZ_E_UNSUPPORTED, "one to three sizes", error);
  int free_sizes = 0;
  for (int i = 0; i < reshape.rank; i++) {
    const json_t *size = json_array_get(sizes, (size_t)i);
    const json_int_t value = json_integer_value(size);
    const bool any = json_is_null(size) || value == -1;
    free_sizes += any;
    if (!any && (value < 1 || value > CVZ_DIMENSION_MAX)) free_sizes = 2;
    reshape.sizes[i] = any ? -1 : (int)value;
  }
  if (free_sizes > 1)
    return cvz_option_fail(r->layer, "target_shape", CVZ_E_FORMAT, "whole numbers, at most one of them -1", error);
  r->rank = reshape.rank;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = reshape}, error);
}
