/* app/plans.h: the plans of a job's layers and the packed weights into which they point. */
#ifndef CVZ_APP_PLANS_H
#define CVZ_APP_PLANS_H

#include "app/source.h"
#include "base/log.h"
#include "job/planner.h"
#include "job/schedule.h"
#include "parallel/window.h"

/** Zero-initialise; free with cvz_plans_free. */
typedef struct cvz_plans {
  int count;             /**< layers of the work */
  cvz_plan **plain;      /**< one for each layer; NULL where this rank has no unit */
  cvz_plan **redirected; /**< their variants with redirected ReLUs; NULL where there is none */
  cvz_packs *packs;
  cvz_window_memory *packed; /**< once per node */
} cvz_plans;

/** Room for the plans of `work`, and packs without any weight yet. */
cvz_status cvz_plans_create(cvz_plans *plans, const cvz_planner *planner, const cvz_work *work, cvz_error *error);

/** Plans all layers of the work on every rank, so that all agree on the packed weights and on the costs, of which the
 *  work is told. Collective.
 *  @param redirected  plans the variants with redirected ReLUs, too */
cvz_status cvz_plans_make(cvz_plans *plans, cvz_comm *comm, const cvz_planner *planner, cvz_work *work, bool redirected,
                          cvz_error *error);

/** Keeps the plans of this rank's own units. */
cvz_status cvz_plans_drop_others(cvz_plans *plans, const cvz_work *work, const cvz_schedule *schedule, int rank,
                                 cvz_error *error);

/** Packs the weights, once per node, by its ranks together. As the file has them, which rank 0 reads, they are in
 * memory only until then. Collective. */
cvz_status cvz_plans_pack(cvz_plans *plans, cvz_comm *comm, const cvz_source *source, const cvz_log *log,
                          cvz_error *error);

/** Collective once the weights are packed. Harmless on a zeroed struct. */
void cvz_plans_free(cvz_plans *plans);

#endif
