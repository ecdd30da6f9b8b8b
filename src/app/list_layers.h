/* app/list_layers.h: the table that --list-layers shows. */
#ifndef CVZ_APP_LIST_LAYERS_H
#define CVZ_APP_LIST_LAYERS_H

#include <stdio.h>

#include "graph/graph.h"
#include "job/options.h"

/** Prints a line for every layer: name, class, output shape for an image of that size, number of filters and GFLOP of
 *  one step if it can be a target, "-" for what does not exist, and at the end what is wrong with it.
 *  @param border  left out at each side of the map by the loss */
cvz_status cvz_list_layers(FILE *stream, const cvz_graph *graph, cvz_size size, int border, cvz_error *error);

#endif
