/* model/layer.h: a reader for each class of Keras layers. Inside model/ only. */
#ifndef CVZ_MODEL_LAYER_H
#define CVZ_MODEL_LAYER_H

#include "model/config.h"

/** What a reader gets: one call of a layer, whose inputs are in the graph already. */
typedef struct cvz_reading {
  cvz_graph *graph;
  const cvz_config_layer *layer;
  const cvz_config_call *call;
  int place;         /**< of the call in graph->layers */
  const int *inputs; /**< nodes */
  const int *ranks;  /**< of the inputs, without the batch axis */
  int input_count;
  int node; /**< in and out: the first input, then the last node added */
  int rank; /**< in and out: of node's output */
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

/** A node that reads all inputs of the layer. */
cvz_status cvz_layer_add_join(cvz_reading *reading, cvz_op op, cvz_error *error);

/** y = x * scale + offset. One of each serves all channels. */
cvz_status cvz_layer_add_constants(cvz_reading *reading, const float *scale, int scales, const float *offset,
                                   int offsets, cvz_error *error);

/** Applies the activation in option `key` (a name, or an object with class_name and config) to the current node. */
cvz_status cvz_layer_activate(cvz_reading *reading, const char *key, cvz_error *error);

/** Options that many layers have. `size` names the kernel's, which must be there; everything else has a default. */
cvz_status cvz_layer_window(const cvz_config_layer *layer, const char *size, cvz_window *window, cvz_error *error);
cvz_status cvz_layer_required(const cvz_config_layer *layer, const char *key, int *value, cvz_error *error);
cvz_status cvz_layer_data_format(const cvz_config_layer *layer, cvz_error *error);
cvz_status cvz_layer_require_last_axis(const cvz_reading *reading, cvz_error *error);

/** The layer's weight in that slot, and a check of its first dimension where the options do not tell it. */
const cvz_weight *cvz_layer_weight_of(const cvz_reading *reading, int slot);
cvz_status cvz_layer_check_length(const cvz_reading *reading, int slot, int length, cvz_error *error);

#endif
