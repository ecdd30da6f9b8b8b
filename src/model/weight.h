/* model/weight.h: which weights of a file belong to which layer. Inside model/ only.
 *
 * The index of a file is a list of {"layer": name, "weights": [{"name": path, "dims": [3, 3, 64, 64]}]} in the file's
 * order. `path` leads from the group of weights to the dataset; without "dims" the dataset is missing. In an index by
 * paths the layer is told by its path (model/store_path.h), and a layer of a nested model is an entry of its own; in
 * one by names the nested model has the weights of all its layers. */
#ifndef CVZ_MODEL_WEIGHT_H
#define CVZ_MODEL_WEIGHT_H

#include "model/config.h"

/** Number of entries with weights that the model has in a file's index, by paths or by names. */
cvz_status cvz_weight_layers(cvz_config *config, bool by_paths, int *count, cvz_error *error);

/** Number of layers of the index that have weights; CVZ_E_FORMAT if it is not such a list. */
cvz_status cvz_weight_index_layers(const json_t *index, int *count, cvz_error *error);

/** Matches every layer with its weights and adds these to the graph: by path, or by name if the index names every layer
 *  that needs some, else by order, as Keras does. A layer whose weights are missing or have the wrong shape gets a
 *  `problem`.
 *  @param by_paths  what the index tells
 *  @param strict  a weights-only file, whose number of layers must be right */
cvz_status cvz_weight_match(cvz_config *config, const json_t *index, bool by_paths, bool strict, cvz_graph *graph,
                            cvz_error *error);

#endif
