/* engine/plan.h: how to compute one target and its gradient: algorithm, buffers and weights of each step.
 *
 * Immutable once created, for any number of runs. Its key is (graph, target, region, image size, redirection, kernels,
 * precision, GEMM). */
#ifndef CVZ_ENGINE_PLAN_H
#define CVZ_ENGINE_PLAN_H

#include "engine/packs.h"
#include "graph/shape.h"
#include "kernel/bf16.h"
#include "kernel/kernels.h"

typedef struct cvz_plan cvz_plan;

typedef struct cvz_plan_request {
  int target;        /**< node; its output is materialised */
  int border;        /**< pixels of the target's map a side that are not needed; 0: the whole map */
  bool one_channel;  /**< only the channel that a run selects is needed */
  int height, width; /**< of the image */
  const cvz_kernels *kernels;
  bool redirect;        /**< ReLUs through which nothing of the gradient comes are redirected, see engine/redirect.h */
  const cvz_bf16 *bf16; /**< for the convolutions that it suits; NULL: all of it in float32 */
} cvz_plan_request;

/** Plans a target and registers its weights in `packs`.
 *  @param graph, packs  borrowed until cvz_plan_free
 *  @return what cvz_graph_shapes returns, CVZ_E_MEMORY; CVZ_E_USAGE if the target is the input */
cvz_status cvz_plan_create(cvz_plan **plan, const cvz_graph *graph, const cvz_plan_request *request, cvz_packs *packs,
                           cvz_error *error);

void cvz_plan_free(cvz_plan *plan);

/** Floats of the arena that a run needs. */
size_t cvz_plan_arena(const cvz_plan *plan);

/** The image that the plan is for. */
cvz_shape cvz_plan_image(const cvz_plan *plan);

/** The table of inner loops that the plan is for. */
const cvz_kernels *cvz_plan_kernels(const cvz_plan *plan);

/** The needed part of the target's map; channels is that of the whole layer. */
cvz_shape cvz_plan_target(const cvz_plan *plan);

/** True if there is a ReLU on the way to the target, so that redirection can make a difference. */
bool cvz_plan_rectifies(const cvz_plan *plan);

#endif
