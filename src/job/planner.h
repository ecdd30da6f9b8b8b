/* job/planner.h: the plan of each layer of the work. */
#ifndef CVZ_JOB_PLANNER_H
#define CVZ_JOB_PLANNER_H

#include "engine/plan.h"
#include "job/work.h"

/** What plans depend on beside the work; all borrowed. */
typedef struct cvz_planner {
  const cvz_graph *graph;
  const cvz_kernels *kernels;
  const cvz_gemm *gemm;
  const cvz_bf16 *bf16; /**< NULL: float32 */
  int loss_border;
} cvz_planner;

/** Plans one layer and registers its weights in `packs`. */
cvz_status cvz_planner_layer(const cvz_planner *planner, const cvz_work *work, int index, cvz_packs *packs,
                             cvz_plan **plan, cvz_error *error);

/** Plans the variant with redirected ReLUs of each layer that has a ReLU on the way, with the same packs.
 *  @param      plans       of all layers
 *  @param[out] redirected  one for each layer, NULL where there is no ReLU; free as `plans` */
cvz_status cvz_planner_redirected(const cvz_planner *planner, const cvz_work *work, cvz_packs *packs,
                                  cvz_plan *const *plans, cvz_plan **redirected, cvz_error *error);

/** Plans all layers with one set of packs, so that all ranks agree on it, and gives each layer of the work the cost of
 *  its plan and its FLOPs by direct counting.
 *  @param[out] plans  one for each layer; free each with cvz_plan_free, also after a failure */
cvz_status cvz_planner_all(const cvz_planner *planner, cvz_work *work, cvz_packs *packs, cvz_plan **plans,
                           cvz_error *error);

#endif
