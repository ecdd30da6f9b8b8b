/* tests/engine/reference.h: a network's forward pass in plain loops of double precision, written from the Keras
 * documentation of each layer and sharing no code with the engine: sizes and padding are its own too. */
#ifndef CVZ_TESTS_REFERENCE_H
#define CVZ_TESTS_REFERENCE_H

#include "graph/graph.h"

/** A node's output in the order (height, width, channels); `values` is NULL until it is computed. */
typedef struct reference_map {
  int height, width, channels;
  double *values;
} reference_map;

double reference_at(const reference_map *map, int y, int x, int c);

/** Computes nodes 0 .. target of a graph.
 *  @param image    (height, width, channels of the INPUT node)
 *  @param weights  the graph's values
 *  @param maps     node_count of them, to be freed with reference_free */
void reference_forward(const cvz_graph *graph, int target, int height, int width, const double *image,
                       const float *weights, reference_map *maps);

void reference_free(const cvz_graph *graph, reference_map *maps);

#endif
