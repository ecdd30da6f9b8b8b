/* app/similar.h: --similar: which filters of a layer answer to the same pictures.
 *
 * The picture of each filter goes through the network once, in its own size; the answers of the layer's filters to all
 * of them are an n x n matrix, and filters whose columns correlate are alike. */
#ifndef CVZ_APP_SIMILAR_H
#define CVZ_APP_SIMILAR_H

#include "base/log.h"
#include "job/planner.h"
#include "parallel/comm.h"

/** All borrowed; the same on every rank. */
typedef struct cvz_similar_job {
  cvz_comm *comm;
  const cvz_log *log;
  const char *directory;
  const cvz_planner *planner;
  const cvz_work *work;
  int tile_height, tile_width;
  const char *model_hash; /**< as the layers' files have it */
} cvz_similar_job;

/** Plans the forward passes of all layers, and registers their weights in `packs`.
 *  @param[out] plans  one for each layer; free each with cvz_plan_free, also after a failure */
cvz_status cvz_similar_plan(const cvz_similar_job *job, cvz_packs *packs, cvz_plan **plans, cvz_error *error);

/** Finds and writes what is alike, each rank in layers of its own. The packs must be filled. Collective.
 *  @return CVZ_E_USAGE if a layer is not there, or is another model's or another job's */
cvz_status cvz_similar_run(const cvz_similar_job *job, cvz_plan *const *plans, cvz_error *error);

#endif
