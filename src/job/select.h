/* job/select.h: the layers that a list of names, patterns and keywords means. */
#ifndef CVZ_JOB_SELECT_H
#define CVZ_JOB_SELECT_H

#include "graph/graph.h"

/** One chosen layer. */
typedef struct cvz_choice {
  int layer;    /**< index in graph->layers */
  bool named;   /**< by its exact name or as the last: what is wrong with it is an error; else it is skipped */
  bool vectors; /**< also if it has no height and width; else it is left out then */
} cvz_choice;

/** The layers of a comma-separated list, each once, where it is first meant. An item is
 *  - a keyword, even if a layer has such a name: `conv`, `all`, `last`, `outputs-of-blocks` (see job/blocks.h), or
 *    `class:NAME`, every layer of a Keras class in any letter case;
 *  - else an exact name;
 *  - else a pattern (fnmatch).
 *  Layers of one item follow in the graph's order. Vectors are meant by exact names, `last` and `class:`, and where a
 *  pattern fits a Dense layer. Whether a layer can be rendered is not looked at, but the network's input is not among
 *  those of patterns.
 *
 *  @param[out] choices  free with free(); NULL on failure
 *  @return CVZ_E_USAGE for a name that no layer has, with the closest names, and for a pattern or class that fits none
 */
cvz_status cvz_select_layers(cvz_choice **choices, int *count, const cvz_graph *graph, const char *list,
                             cvz_error *error);

/** The layer of an exact name. @return CVZ_E_USAGE if there is none, with the closest names */
cvz_status cvz_select_layer(int *layer, const cvz_graph *graph, const char *name, cvz_error *error);

/** Whether the layer is the network's input, or passes that on as layers do that act in training only. */
bool cvz_select_is_input(const cvz_graph *graph, const cvz_layer *layer);

#endif
