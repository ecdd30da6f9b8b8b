/* Layers that normalise by what they see. */
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

/* Which of Keras's axes a layer's statistics are over. */
typedef enum cvz_extent { CHANNELS, MAP, PLANES, OTHER } cvz_extent;

static int axes_in(const bool axes[4])
{
  return axes[1] + axes[2] + axes[3];
}

static int only_axis(const bool axes[4])
{
  return axes[1] ? 1 : axes[2] ? 2 : 3;
}

/* Puts the axes in an order in which the statistics are those of channels, of the map, or of each channel's plane. */
static cvz_status order_for(cvz_reading *r, const bool axes[4], cvz_extent *extent, cvz_error *error)
{
  const int count = axes_in(axes);
  *extent = count == r->rank ? MAP : OTHER;
  if (*extent == MAP && count > 1) return CVZ_OK;
  if (count == 1) {
    *extent = CHANNELS;
    return cvz_layer_order(r, only_axis(axes), error);
  }
  if (r->rank != 3) return CVZ_OK;
  *extent = PLANES;
  return cvz_layer_order(r, !axes[1] ? 1 : !axes[2] ? 2 : 3, error);
}

static cvz_status add_normalize(cvz_reading *r, cvz_extent extent, bool centered, bool length, float epsilon,
                                cvz_error *error)
{
  CVZ_REQUIRE(extent != OTHER, error, CVZ_E_UNSUPPORTED,
              "layer '%.200s' (%.100s): these axes are not supported, expected one, or all but one, or all",
              r->layer->path, r->layer->class_name);
  const cvz_normalize normalize = {extent != CHANNELS, centered, length, extent == PLANES ? -1 : 1, epsilon};
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_NORMALIZE, .normalize = normalize}, error);
}

/* Joins the current node and a weight that has one number for each element of `axes`. */
static cvz_status join_weight(cvz_reading *r, cvz_op op, int weight, cvz_extent extent, cvz_error *error)
{
  int both[2] = {r->node, -1};
  const cvz_reshape planes = {3, {CVZ_SIZE_OF(0), CVZ_SIZE_OF(2), 1}};
  if (extent == PLANES) {
    r->node = -1;
    CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_CONSTANT, .constant = weight}, error));
    CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = planes}, error));
  } else {
    CVZ_TRY(cvz_layer_add_constant(r, weight, error));
  }
  both[1] = r->node;
  return cvz_layer_add(r, (cvz_node){.op = op, .inputs = both, .input_count = 2}, error);
}

static int weight_called(const cvz_reading *r, const char *name)
{
  for (int i = 0; i < r->layer->slot_count; i++)
    if (!strcmp(r->layer->slots[i].name, name)) return r->layer->weights[i];
  return CVZ_NO_WEIGHT;
}

static cvz_status add_gamma_and_beta(cvz_reading *r, cvz_extent extent, cvz_error *error)
{
  const int gamma = weight_called(r, "gamma"), beta = weight_called(r, "beta");
  if (gamma == CVZ_NO_WEIGHT && beta == CVZ_NO_WEIGHT) return CVZ_OK;
  if (extent == CHANNELS) return cvz_layer_add_scale(r, gamma, beta, error);
  if (gamma != CVZ_NO_WEIGHT) CVZ_TRY(join_weight(r, CVZ_OP_MULTIPLY, gamma, extent, error));
  return beta == CVZ_NO_WEIGHT ? CVZ_OK : join_weight(r, CVZ_OP_ADD, beta, extent, error);
}

cvz_status cvz_layer_read_layer_norm(cvz_reading *r, cvz_error *error)
{
  bool last[4] = {false}, axes[4], by_root_mean_square = false;
  float epsilon = 1e-3f;
  cvz_extent extent;
  last[r->rank] = true;
  CVZ_TRY(cvz_layer_axes(r, "axis", last, axes, error));
  CVZ_TRY(cvz_option_float(r->layer, "epsilon", &epsilon, error));
  CVZ_TRY(cvz_option_bool(r->layer, "rms_scaling", &by_root_mean_square, error));
  if (by_root_mean_square) return cvz_option_fail(r->layer, "rms_scaling", CVZ_E_UNSUPPORTED, "false", error);
  CVZ_TRY(order_for(r, axes, &extent, error));
  CVZ_TRY(add_normalize(r, extent, true, false, epsilon, error));
  return add_gamma_and_beta(r, extent, error);
}

cvz_status cvz_layer_read_group_norm(cvz_reading *r, cvz_error *error)
{
  cvz_normalize normalize = {true, true, false, 32, 1e-3f};
  CVZ_TRY(cvz_layer_order_axis(r, error));
  CVZ_TRY(cvz_option_float(r->layer, "epsilon", &normalize.epsilon, error));
  const json_t *groups = cvz_option(r->layer, "groups");
  if (json_is_integer(groups) && json_integer_value(groups) == -1)
    normalize.groups = -1;
  else
    CVZ_TRY(cvz_option_int(r->layer, "groups", 1, &normalize.groups, error));
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_NORMALIZE, .normalize = normalize}, error));
  return add_gamma_and_beta(r, CHANNELS, error);
}

/* x / max(|x|, 1e-12): keras.ops.normalize with order 2. The least sum of squares is the square of that. */
cvz_status cvz_layer_read_unit_norm(cvz_reading *r, cvz_error *error)
{
  bool last[4] = {false}, axes[4];
  cvz_extent extent;
  last[r->rank] = true;
  CVZ_TRY(cvz_layer_axes(r, "axis", last, axes, error));
  CVZ_TRY(order_for(r, axes, &extent, error));
  return add_normalize(r, extent, false, true, 1e-24f, error);
}

cvz_status cvz_layer_read_rms_norm(cvz_reading *r, cvz_error *error)
{
  float epsilon = 1e-6f;
  CVZ_TRY(cvz_layer_order_axis(r, error));
  CVZ_TRY(cvz_option_float(r->layer, "epsilon", &epsilon, error));
  CVZ_TRY(add_normalize(r, CHANNELS, false, false, epsilon, error));
  return cvz_layer_add_scale(r, r->layer->weights[0], CVZ_NO_WEIGHT, error);
}
