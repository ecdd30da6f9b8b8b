/* Which weights a layer has, in the order of a file. */
#include "model/layer.h"
#include "model/option.h"

static void add_slot(cvz_config_layer *layer, cvz_slot slot)
{
  layer->slots[layer->slot_count++] = slot;
}

static cvz_status add_bias_slot(cvz_config_layer *layer, int length, cvz_error *error)
{
  bool bias = true;
  CVZ_TRY(cvz_option_bool(layer, "use_bias", &bias, error));
  if (bias) add_slot(layer, (cvz_slot){"bias", 1, {length}, true});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_conv(cvz_config_layer *layer, cvz_error *error)
{
  cvz_window w;
  int filters;
  CVZ_TRY(cvz_layer_required(layer, "filters", &filters, error));
  CVZ_TRY(cvz_layer_window(layer, "kernel_size", &w, error));
  add_slot(layer, (cvz_slot){"kernel", 4, {w.kernel[0], w.kernel[1], 0, filters}, true});
  return add_bias_slot(layer, filters, error);
}

cvz_status cvz_layer_slots_depthwise(cvz_config_layer *layer, cvz_error *error)
{
  cvz_window w;
  int multiplier = 1;
  CVZ_TRY(cvz_option_int(layer, "depth_multiplier", 1, &multiplier, error));
  CVZ_TRY(cvz_layer_window(layer, "kernel_size", &w, error));
  add_slot(layer, (cvz_slot){"depthwise_kernel", 4, {w.kernel[0], w.kernel[1], 0, multiplier}, true});
  return add_bias_slot(layer, 0, error);
}

cvz_status cvz_layer_slots_separable(cvz_config_layer *layer, cvz_error *error)
{
  cvz_window w;
  int multiplier = 1, filters;
  CVZ_TRY(cvz_layer_required(layer, "filters", &filters, error));
  CVZ_TRY(cvz_option_int(layer, "depth_multiplier", 1, &multiplier, error));
  CVZ_TRY(cvz_layer_window(layer, "kernel_size", &w, error));
  add_slot(layer, (cvz_slot){"depthwise_kernel", 4, {w.kernel[0], w.kernel[1], 0, multiplier}, true});
  add_slot(layer, (cvz_slot){"pointwise_kernel", 4, {1, 1, 0, filters}, true});
  return add_bias_slot(layer, filters, error);
}

cvz_status cvz_layer_slots_dense(cvz_config_layer *layer, cvz_error *error)
{
  int units;
  CVZ_TRY(cvz_layer_required(layer, "units", &units, error));
  add_slot(layer, (cvz_slot){"kernel", 2, {0, units}, true});
  return add_bias_slot(layer, units, error);
}

/* gamma and beta where the layer scales and centers. */
cvz_status cvz_layer_slots_scale_center(cvz_config_layer *layer, cvz_error *error)
{
  bool scale = true, center = true;
  CVZ_TRY(cvz_option_bool(layer, "scale", &scale, error));
  CVZ_TRY(cvz_option_bool(layer, "center", &center, error));
  if (scale) add_slot(layer, (cvz_slot){"gamma", 1, {0}, true});
  if (center) add_slot(layer, (cvz_slot){"beta", 1, {0}, true});
  return CVZ_OK;
}

/* A layer norm's have one dimension for each axis. */
cvz_status cvz_layer_slots_layer_norm(cvz_config_layer *layer, cvz_error *error)
{
  const size_t axes = json_array_size(cvz_option(layer, "axis"));
  CVZ_TRY(cvz_layer_slots_scale_center(layer, error));
  for (int i = 0; i < layer->slot_count; i++) layer->slots[i].rank = axes > 1 ? (int)axes : 1;
  return axes <= 3 ? CVZ_OK : cvz_option_fail(layer, "axis", CVZ_E_FORMAT, "one to three axes", error);
}

cvz_status cvz_layer_slots_scale(cvz_config_layer *layer, cvz_error *error)
{
  (void)error;
  add_slot(layer, (cvz_slot){"scale", 1, {0}, true});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_alpha(cvz_config_layer *layer, cvz_error *error)
{
  (void)error;
  add_slot(layer, (cvz_slot){"alpha", CVZ_ANY_RANK, {0}, true});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_conv_transpose(cvz_config_layer *layer, cvz_error *error)
{
  cvz_window w;
  int filters;
  CVZ_TRY(cvz_layer_required(layer, "filters", &filters, error));
  CVZ_TRY(cvz_layer_window(layer, "kernel_size", &w, error));
  add_slot(layer, (cvz_slot){"kernel", 4, {w.kernel[0], w.kernel[1], filters, 0}, true});
  return add_bias_slot(layer, filters, error);
}

cvz_status cvz_layer_slots_batchnorm(cvz_config_layer *layer, cvz_error *error)
{
  CVZ_TRY(cvz_layer_slots_scale_center(layer, error));
  add_slot(layer, (cvz_slot){"moving_mean", 1, {0}, false});
  add_slot(layer, (cvz_slot){"moving_variance", 1, {0}, false});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_normalization(cvz_config_layer *layer, cvz_error *error)
{
  (void)error;
  if (cvz_option(layer, "mean")) return CVZ_OK;
  add_slot(layer, (cvz_slot){"mean", 1, {0}, false});
  add_slot(layer, (cvz_slot){"variance", 1, {0}, false});
  add_slot(layer, (cvz_slot){"count", 0, {0}, false});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_gamma(cvz_config_layer *layer, cvz_error *error)
{
  (void)error;
  add_slot(layer, (cvz_slot){"gamma", 1, {0}, true});
  return CVZ_OK;
}

cvz_status cvz_layer_slots_none(cvz_config_layer *layer, cvz_error *error)
{
  (void)layer, (void)error;
  return CVZ_OK;
}
