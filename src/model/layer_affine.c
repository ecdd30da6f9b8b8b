/* Layers that scale and shift each channel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/layer.h"
#include "model/option.h"

static cvz_affine no_affine(void)
{
  return (cvz_affine){CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, 0, false, NULL, NULL, 0};
}

cvz_status cvz_layer_read_batchnorm(cvz_reading *r, cvz_error *error)
{
  cvz_affine affine = no_affine();
  affine.epsilon = 1e-3f;
  CVZ_TRY(cvz_layer_order_axis(r, error));
  CVZ_TRY(cvz_option_float(r->layer, "epsilon", &affine.epsilon, error));
  for (int i = 0; i < r->layer->slot_count; i++) {
    const char *name = r->layer->slots[i].name;
    int *weight = !strcmp(name, "gamma")         ? &affine.gamma
                  : !strcmp(name, "beta")        ? &affine.beta
                  : !strcmp(name, "moving_mean") ? &affine.mean
                                                 : &affine.variance;
    *weight = r->layer->weights[i];
    CVZ_TRY(cvz_layer_check_length(r, i, cvz_layer_weight_of(r, 0)->dims[0], error));
  }
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_AFFINE, .affine = affine}, error);
}

cvz_status cvz_layer_add_scale(cvz_reading *r, int gamma, int beta, cvz_error *error)
{
  cvz_affine affine = no_affine();
  affine.gamma = gamma;
  affine.beta = beta;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_AFFINE, .affine = affine}, error);
}

/* The layer of ConvNeXt. */
cvz_status cvz_layer_read_layer_scale(cvz_reading *r, cvz_error *error)
{
  CVZ_TRY(cvz_layer_order(r, r->rank, error));
  return cvz_layer_add_scale(r, r->layer->weights[0], CVZ_NO_WEIGHT, error);
}

/* y = x * scale + offset, with one number for all channels or one for each. */
cvz_status cvz_layer_add_constants(cvz_reading *r, const float *scale, int scales, const float *offset, int offsets,
                                   cvz_error *error)
{
  cvz_affine affine = no_affine();
  affine.constants = scales > offsets ? scales : offsets;
  CVZ_REQUIRE((scales == 1 || scales == affine.constants) && (offsets == 1 || offsets == affine.constants), error,
              CVZ_E_FORMAT, "layer '%.200s' (%s): %d scales and %d offsets, expected as many", r->layer->path,
              r->layer->class_name, scales, offsets);
  float *all = cvz_array(2 * (size_t)affine.constants, sizeof(float), error);
  if (!all) return CVZ_E_MEMORY;
  affine.scale = all;
  affine.offset = all + affine.constants;
  for (int i = 0; i < affine.constants; i++) {
    affine.scale[i] = scale[scales > 1 ? i : 0];
    affine.offset[i] = offset[offsets > 1 ? i : 0];
  }
  const cvz_status status = cvz_layer_add(r, (cvz_node){.op = CVZ_OP_AFFINE, .affine = affine}, error);
  free(all);
  return status;
}

/* One number for each element of Keras's last axis, if not one for all. */
cvz_status cvz_layer_read_rescaling(cvz_reading *r, cvz_error *error)
{
  if (cvz_option_is_list(r->layer, "scale") || cvz_option_is_list(r->layer, "offset"))
    CVZ_TRY(cvz_layer_order(r, r->rank, error));
  float *scale = NULL, *offset = NULL, one = 1, zero = 0;
  int scales, offsets = 0;
  cvz_status status = cvz_option_floats(r->layer, "scale", &scale, &scales, error);
  if (status == CVZ_OK) status = cvz_option_floats(r->layer, "offset", &offset, &offsets, error);
  if (status == CVZ_OK)
    status = cvz_layer_add_constants(r, scale ? scale : &one, scale ? scales : 1, offset ? offset : &zero,
                                     offset ? offsets : 1, error);
  free(scale);
  free(offset);
  return status;
}

#define NORMALIZATION_EPSILON 1e-7f /* keras.backend.epsilon() */

/* (x - mean) / max(sqrt(variance), epsilon) with numbers from the options. */
static cvz_status add_normalization(cvz_reading *r, float *mean, int means, float *variance, int variances,
                                    cvz_error *error)
{
  CVZ_REQUIRE(means == variances, error, CVZ_E_FORMAT,
              "layer '%.200s' (%s): %d means and %d variances, expected as many", r->layer->path, r->layer->class_name,
              means, variances);
  for (int i = 0; i < means; i++) {
    variance[i] = 1 / fmaxf(sqrtf(variance[i]), NORMALIZATION_EPSILON);
    mean[i] *= -variance[i];
  }
  return cvz_layer_add_constants(r, variance, variances, mean, means, error);
}

cvz_status cvz_layer_read_normalization(cvz_reading *r, cvz_error *error)
{
  bool invert = false;
  CVZ_TRY(cvz_option_bool(r->layer, "invert", &invert, error));
  if (invert) return cvz_option_fail(r->layer, "invert", CVZ_E_UNSUPPORTED, "false", error);
  CVZ_TRY(cvz_layer_order_axis(r, error));
  if (r->layer->slot_count) {
    cvz_affine affine = no_affine();
    affine.mean = r->layer->weights[0];
    affine.variance = r->layer->weights[1];
    affine.epsilon = NORMALIZATION_EPSILON;
    affine.clamped = true;
    CVZ_TRY(cvz_layer_check_length(r, 1, cvz_layer_weight_of(r, 0)->dims[0], error));
    return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_AFFINE, .affine = affine}, error);
  }
  float *mean = NULL, *variance = NULL;
  int means, variances = 0;
  cvz_status status = cvz_option_floats(r->layer, "mean", &mean, &means, error);
  if (status == CVZ_OK) status = cvz_option_floats(r->layer, "variance", &variance, &variances, error);
  if (status == CVZ_OK) status = add_normalization(r, mean, means, variance, variances, error);
  free(mean);
  free(variance);
  return status;
}
