/* job/cost.h: the map of a layer at the working size, and what one step towards one of its filters costs. */
#ifndef CVZ_JOB_COST_H
#define CVZ_JOB_COST_H

#include "engine/report.h"
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

/** The same for one node of a graph whose cost nobody asks. */
cvz_status cvz_cost_shape_of(const cvz_graph *graph, int node, int height, int width, cvz_shape *shape,
                             cvz_error *error);

/** FLOPs of one step, forward and backward over the regions and channels that the loss needs. Only for the node whose
 *  shape was asked last. */
double cvz_cost_step(cvz_cost *cost, int node);

/** What one step of a plan costs, in FLOPs that take as long: those that the algorithms execute, and for what is moved
 *  and not multiplied, CVZ_COST_NUMBER for every number that a step of the plan leaves and CVZ_COST_IMAGE for every
 *  number of the image. The same wherever the same plan is made, so that ranks and shards share out units alike.
 *  The two are fitted to `convviz-bench scaling` of five networks on an AVX-512 core. */
double cvz_cost_plan(const cvz_plan *plan);

/** FLOPs of one step by direct counting over whole maps, see engine/report.h. */
double cvz_cost_direct(const cvz_plan *plan);

/** Of one step of a plan, without the image. */
double cvz_cost_report(const cvz_report_step *step);

#define CVZ_COST_NUMBER 16.0
#define CVZ_COST_IMAGE  400.0

#endif
