/* model/derive.h: the shapes of a layer's weights where no file tells them. Inside model/ only. */
#ifndef CVZ_MODEL_DERIVE_H
#define CVZ_MODEL_DERIVE_H

#include "model/config.h"

/** Fills in every layer's slots and marks its weights as not added yet. */
cvz_status cvz_derive_begin(cvz_config *config, cvz_error *error);

/** Adds the weights of a layer that reads the output of `node`, unless an earlier call of it has added them. Their
 *  shapes follow from the layer's options and the node's channels.
 *  @return what cvz_graph_shapes returns for the node, CVZ_E_FORMAT for a number of groups that does not fit */
cvz_status cvz_derive_weights(cvz_graph *graph, cvz_config_layer *layer, int node, cvz_error *error);

#endif
