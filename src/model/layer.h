/* model/layer.h: a reader for each class of Keras layers. Inside model/ only. */
#ifndef CVZ_MODEL_LAYER_H
#define CVZ_MODEL_LAYER_H

#include "model/config.h"

/** What a reader gets: one call of a layer, whose inputs are in the graph already. */
typedef struct cvz_reading {
  cvz_graph *graph;
  int keras;           /**< major version */
  bool channels_first; /**< of images: Keras has them as (channels, height, width) */
  const cvz_config_layer *layer;
  const cvz_config_call *call;
  int place;         /**< of the call in graph->layers */
  const int *inputs; /**< nodes */
  const int *ranks;  /**< of the inputs, without the batch axis */
  const int *axes;   /**< of the inputs, as `axis` */
  int input_count;
  int node;      /**< in and out: the first input, then the last node added */
  int rank;      /**< in and out: of node's output, as Keras has it */
  int axis;      /**< in and out: Keras's axis (1 .. rank) that the node has as its channels: model/layer_order.c */
  bool new_axes; /**< out: the axes are not the first input's */
} cvz_reading;

/** Adds the nodes of one call. A reader returns CVZ_E_UNSUPPORTED for what this program does not compute, and
 *  CVZ_E_FORMAT for options that Keras would not write. */
cvz_status cvz_layer_read(cvz_reading *reading, cvz_error *error);

/** Fills in layer->slots, from the layer's options alone. Also for some classes that have no reader, as files list
 *  the weights of all layers.
 *  @param[out] known  false for a class that this program does not know; then there are no slots */
cvz_status cvz_layer_slots(cvz_config_layer *layer, bool *known, cvz_error *error);

#define L(name, slots, reader)                                                                                         \
  cvz_status cvz_layer_slots_##slots(cvz_config_layer *layer, cvz_error *error);                                       \
  cvz_status cvz_layer_read_##reader(cvz_reading *reading, cvz_error *error);
#include "model/layers.def"
#undef L

/* What the readers share. */

/** Appends `node`, which becomes the reading's current node. Its input is the one before, unless it names others. */
cvz_status cvz_layer_add(cvz_reading *reading, cvz_node node, cvz_error *error);

/** x op y for the layer's two operands, one of which may be a number. */
typedef enum cvz_arithmetic { CVZ_PLUS, CVZ_MINUS, CVZ_TIMES, CVZ_OVER, CVZ_LARGER, CVZ_SMALLER } cvz_arithmetic;
cvz_status cvz_layer_add_arithmetic(cvz_reading *reading, cvz_arithmetic operation, cvz_error *error);

/** y = x * scale + offset */
cvz_status cvz_layer_add_linear(cvz_reading *reading, float scale, float offset, cvz_error *error);

/** A node that reads all inputs of the layer, whose axes are put in one order; `node` tells the rest of it. */
cvz_status cvz_layer_add_join(cvz_reading *reading, cvz_node node, cvz_error *error);

/** Puts the axes of the current node in the order in which Keras's axis `axis` is its channels. */
cvz_status cvz_layer_order(cvz_reading *reading, int axis, cvz_error *error);

/** The same, by the option data_format. */
cvz_status cvz_layer_order_image(cvz_reading *reading, cvz_error *error);

/** The same, by the option `axis`, the last one by default. It must be one axis. */
cvz_status cvz_layer_order_axis(cvz_reading *reading, cvz_error *error);

/** The place in (height, width, channels) of each of Keras's axes 1 .. rank: places[axis]; places[0] is not set. */
void cvz_layer_places(const cvz_reading *reading, int places[4]);

/** Axes 1 .. rank that option `key` names (a number or a list); all of `otherwise` where it is absent or null. */
cvz_status cvz_layer_axes(const cvz_reading *reading, const char *key, const bool otherwise[4], bool axes[4],
                          cvz_error *error);

/** The sizes in option `key` from place `first` on, after which the axes are in Keras's order. */
cvz_status cvz_layer_reshape(cvz_reading *reading, const char *key, size_t first, cvz_error *error);

/** Axis i of the result is the axis at place `first` + i - 1 of option `key`; they end in Keras's order. */
cvz_status cvz_layer_permute(cvz_reading *reading, const char *key, size_t first, cvz_error *error);

/** Drops axes of one element, which the node has at those of Keras's places. The order becomes Keras's. */
cvz_status cvz_layer_drop_axes(cvz_reading *reading, const bool axes[4], cvz_error *error);

/** Adds the curve or clamp that Keras calls `name`. `parameter` overrides its default, unless NAN.
 *  @return CVZ_E_UNSUPPORTED without a message if there is none of that name */
cvz_status cvz_layer_add_function(cvz_reading *reading, const char *name, float parameter, cvz_error *error);

/** min(max(x, low), high) */
cvz_status cvz_layer_add_clip(cvz_reading *reading, float low, float high, cvz_error *error);

/** Over the channels; the axes are in order already. */
cvz_status cvz_layer_add_softmax(cvz_reading *reading, bool logarithm, cvz_error *error);

/** The first half of the channels, gated by the second: Keras's glu. The axes are in order already. */
cvz_status cvz_layer_add_glu(cvz_reading *reading, cvz_error *error);

/** x above `threshold`, else `otherwise`. */
cvz_status cvz_layer_add_threshold(cvz_reading *reading, float threshold, float otherwise, cvz_error *error);

/** A reduction over some of Keras's axes, which are kept with one element or dropped. */
cvz_status cvz_layer_add_reduction(cvz_reading *reading, cvz_reduction reduction, const bool axes[4], bool keep,
                                   cvz_error *error);

/** Reads a node of keras.ops (model/operations.def), or of TensorFlow in a file of Keras 2. */
cvz_status cvz_layer_read_operation(cvz_reading *reading, cvz_error *error);
bool cvz_layer_knows_operation(const char *class_name);

/** A weight of as many axes as the current node, and in its order; it becomes the current node. */
cvz_status cvz_layer_add_constant(cvz_reading *reading, int weight, cvz_error *error);

/** y = x * gamma + beta, weights of one number a channel or CVZ_NO_WEIGHT. */
cvz_status cvz_layer_add_scale(cvz_reading *reading, int gamma, int beta, cvz_error *error);

/** y = x * scale + offset. One of each serves all channels. */
cvz_status cvz_layer_add_constants(cvz_reading *reading, const float *scale, int scales, const float *offset,
                                   int offsets, cvz_error *error);

/** Applies the activation in option `key` (a name, or an object with class_name and config) to the current node. */
cvz_status cvz_layer_activate(cvz_reading *reading, const char *key, cvz_error *error);

/** Options that many layers have. `size` names the kernel's, which must be there; everything else has a default. */
cvz_status cvz_layer_window(const cvz_config_layer *layer, const char *size, cvz_window *window, cvz_error *error);
cvz_status cvz_layer_required(const cvz_config_layer *layer, const char *key, int *value, cvz_error *error);

/** The layer's weight in that slot, and a check of its first dimension where the options do not tell it. */
const cvz_weight *cvz_layer_weight_of(const cvz_reading *reading, int slot);
cvz_status cvz_layer_check_length(const cvz_reading *reading, int slot, int length, cvz_error *error);

#endif
