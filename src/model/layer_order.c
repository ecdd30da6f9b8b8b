/* In which order a node has Keras's axes.
 *
 * A node's maps are (height, width, channels). One axis of Keras's tensor is the channels, the others are height and
 * width in Keras's order; of two axes the other one is the height. In a network of `channels_first` layers that is
 * axis 1, so that its convolutions need no transposition, elsewhere the last. Where a layer needs another order, the
 * axes are transposed. */
#include <string.h>

#include "model/layer.h"
#include "model/option.h"

/* Keras's axis at each place, 0 where there is none: {2, 3, 1} of three axes with the first as channels. */
static void stored_axes(int rank, int channels, int stored[3])
{
  int next = 0;
  memset(stored, 0, 3 * sizeof *stored);
  for (int axis = 1; axis <= rank; axis++)
    if (axis != channels) stored[next++] = axis;
  stored[2] = channels;
}

void cvz_layer_places(const cvz_reading *r, int places[4])
{
  int stored[3];
  stored_axes(r->rank, r->axis, stored);
  for (int place = 0; place < 3; place++)
    if (stored[place]) places[stored[place]] = place;
}

cvz_status cvz_layer_order(cvz_reading *r, int axis, cvz_error *error)
{
  if (axis == r->axis) return CVZ_OK;
  int from[3], to[3];
  cvz_node node = {.op = CVZ_OP_TRANSPOSE};
  stored_axes(r->rank, r->axis, from);
  stored_axes(r->rank, axis, to);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (to[i] == from[j]) node.transpose.axes[i] = j;
  r->axis = axis;
  return cvz_layer_add(r, node, error);
}

cvz_status cvz_layer_add_constant(cvz_reading *r, int weight, cvz_error *error)
{
  const int axis = r->axis;
  r->node = -1;
  r->axis = r->rank;
  CVZ_TRY(cvz_layer_add(r, (cvz_node){.op = CVZ_OP_CONSTANT, .constant = weight}, error));
  return cvz_layer_order(r, axis, error);
}

cvz_status cvz_layer_order_image(cvz_reading *r, cvz_error *error)
{
  const char *format = "channels_last";
  CVZ_TRY(cvz_option_text(r->layer, "data_format", &format, error));
  if (!strcmp(format, "channels_last")) return cvz_layer_order(r, r->rank, error);
  if (!strcmp(format, "channels_first")) return cvz_layer_order(r, 1, error);
  return cvz_option_fail(r->layer, "data_format", CVZ_E_UNSUPPORTED, "\"channels_last\" or \"channels_first\"", error);
}

/* Negative axes count from the end; axis 0 is the batch. */
static bool mark_axis(const json_t *value, int rank, bool axes[4])
{
  json_int_t axis = json_integer_value(value);
  if (axis < 0) axis += rank + 1;
  if (!json_is_integer(value) || axis < 1 || axis > rank) return false;
  axes[axis] = true;
  return true;
}

cvz_status cvz_layer_axes(const cvz_reading *r, const char *key, const bool otherwise[4], bool axes[4],
                          cvz_error *error)
{
  const json_t *option = cvz_option(r->layer, key);
  memset(axes, 0, 4 * sizeof *axes);
  bool good = true;
  if (!option)
    memcpy(axes, otherwise, 4 * sizeof *axes);
  else if (json_is_array(option))
    for (size_t i = 0; i < json_array_size(option); i++)
      good = good && mark_axis(json_array_get(option, i), r->rank, axes);
  else
    good = mark_axis(option, r->rank, axes);
  return good ? CVZ_OK : cvz_option_fail(r->layer, key, CVZ_E_UNSUPPORTED, "axes other than that of the batch", error);
}

cvz_status cvz_layer_order_axis(cvz_reading *r, cvz_error *error)
{
  bool last[4] = {false}, axes[4];
  last[r->rank] = true;
  CVZ_TRY(cvz_layer_axes(r, "axis", last, axes, error));
  int found = 0, count = 0;
  for (int axis = 1; axis <= r->rank; axis++)
    if (axes[axis]) found = axis, count++;
  if (count != 1) return cvz_option_fail(r->layer, "axis", CVZ_E_UNSUPPORTED, "one axis", error);
  return cvz_layer_order(r, found, error);
}

cvz_status cvz_layer_drop_axes(cvz_reading *r, const bool axes[4], cvz_error *error)
{
  int places[4];
  CVZ_TRY(cvz_layer_order(r, r->rank, error));
  cvz_layer_places(r, places);
  cvz_reshape reshape = {0};
  for (int axis = 1; axis <= r->rank; axis++)
    if (!axes[axis]) reshape.sizes[reshape.rank++] = CVZ_SIZE_OF(places[axis]);
  CVZ_REQUIRE(reshape.rank > 0, error, CVZ_E_UNSUPPORTED, "layer '%.200s' (%.100s) leaves a single number",
              r->layer->path, r->layer->class_name);
  r->rank = r->axis = reshape.rank;
  r->new_axes = true;
  return cvz_layer_add(r, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = reshape}, error);
}
