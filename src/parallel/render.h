/* parallel/render.h: all units of the job, on all ranks.
 *
 * Each rank renders its share; finished units travel to the rank that owns their layer by messages that are looked at
 * between steps, and it writes the layer when it is complete. There is no barrier but the last. */
#ifndef CVZ_PARALLEL_RENDER_H
#define CVZ_PARALLEL_RENDER_H

#include "ascent/climb.h"
#include "base/attribute.h"
#include "job/labels.h"
#include "job/observer.h"
#include "job/schedule.h"
#include "job/work_objective.h"
#include "parallel/comm.h"
#include "parallel/resume.h"
#include "store/journal.h"
#include "store/lock.h"
#include "store/output.h"

/** What the run loop needs; all borrowed, the same on every rank but for `plans`. */
typedef struct cvz_render_job {
  const cvz_graph *graph;
  const cvz_work *work;
  const cvz_schedule *schedule;
  bool dynamic;                /**< ranks without units take over those of others */
  cvz_plan *const *plans;      /**< one for each layer of the work; unless dynamic, NULL where this rank has no unit */
  cvz_plan *const *redirected; /**< their variants with redirected ReLUs; NULL where there is none */
  const cvz_ascent_recipe *recipe;
  const cvz_climb_settings *climb;
  const cvz_kernels *kernels;
  cvz_shape image; /**< of the pictures; the work's size is that of what the network reads */
  int loss_border;
  const cvz_labels *labels; /**< names of the filters of layers that have as many */
  const cvz_directions *directions;
  const char *directory;
  bool keep_raw;
  const cvz_attribute *attributes; /**< of the job, for every layer's file */
  int attribute_count;
  const cvz_resume *resume;     /**< what need not be rendered */
  cvz_journal *journal;         /**< of this rank */
  cvz_lock *lock;               /**< of the directory */
  const cvz_observer *observer; /**< called on rank 0 */
  cvz_rank_times *times;        /**< filled in for this rank */
} cvz_render_job;

/** Renders and writes everything that is not done. Between two steps asks cvz_stop_wanted: if any rank wants to stop,
 *  all do, and save what they are at. Collective.
 *  @param[out] layers  on rank 0 what to say of each layer of the work; untouched elsewhere
 *  @return CVZ_OK; CVZ_E_STOPPED; or the first failure of any rank. What was finished is kept */
cvz_status cvz_render(cvz_comm *comm, const cvz_render_job *job, cvz_output_layer *layers, cvz_error *error);

#endif
