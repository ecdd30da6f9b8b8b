/* job/cost.h: the map of a layer at the working size, and what one step towards one of its filters costs. */
#ifndef CVZ_JOB_COST_H
#define CVZ_JOB_COST_H

#include "graph/shape.h"

/** Scratch arrays for one graph and one size; `graph` is borrowed. */
typedef struct cvz_cost {
  const cvz_graph *graph;
  int height, width, border;
  bool *needed, *one_channel;
  cvz_shape *shapes;
  cvz_region *regions;
} cvz_cost;

/** @param border  left out at each side of the map by the loss */
cvz_status cvz_cost_create(cvz_cost *cost, const cvz_graph *graph, int height, int width, int border, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_cost_free(cvz_cost *cost);

/** Shape of a node's output, as cvz_graph_shapes. */
cvz_status cvz_cost_shape(cvz_cost *cost, int node, cvz_shape *shape, cvz_error *error);

/** FLOPs of one step, forward and backward over the regions and channels that the loss needs. Only for the node whose
 *  shape was asked last. */
double cvz_cost_step(cvz_cost *cost, int node);

#endif
