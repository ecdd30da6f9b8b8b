#include "parallel/render.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "job/stop.h"
#include "parallel/gather.h"
#include "parallel/parcel.h"

/* What this rank renders with; one unit at a time. */
typedef struct cvz_renderer {
  const cvz_render_job *job;
  cvz_gather *gather;
  cvz_share share; /* what this rank has yet to begin */
  cvz_takeover *takeover;
  cvz_block arena; /* as large as the largest plan's; serves one after the other */
  cvz_workspace workspace;
  float *loss;
  uint8_t *tile;
} cvz_renderer;

static size_t largest_arena(const cvz_render_job *job)
{
  size_t largest = 0;
  for (int i = 0; i < job->work->layer_count; i++)
    if (job->plans[i] && cvz_plan_arena(job->plans[i]) > largest) largest = cvz_plan_arena(job->plans[i]);
  return largest;
}

static cvz_status open_share(cvz_renderer *renderer, cvz_comm *comm, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  int count;
  const int *units = cvz_schedule_units(job->schedule, cvz_comm_rank(comm), &count);
  CVZ_TRY(cvz_share_create(&renderer->share, job->work, job->recipe->iterations, units, count, error));
  if (!job->dynamic) return CVZ_OK;
  CVZ_TRY(cvz_takeover_create(&renderer->takeover, comm, cvz_gather_mail(renderer->gather), &renderer->share, error));
  cvz_gather_pass_on(renderer->gather, renderer->takeover);
  return CVZ_OK;
}

static cvz_status renderer_open(cvz_renderer *renderer, cvz_comm *comm, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  const cvz_shape view = {3, job->work->height, job->work->width, job->image.channels};
  CVZ_TRY(open_share(renderer, comm, error));
  CVZ_TRY(cvz_block_create(&renderer->arena, largest_arena(job) * sizeof(float), error));
  CVZ_TRY(cvz_workspace_create(&renderer->workspace, job->recipe, job->image, view, job->kernels, error));
  renderer->loss = cvz_array((size_t)job->recipe->iterations, sizeof(float), error);
  renderer->tile = cvz_array(cvz_shape_count(job->image), 1, error);
  return renderer->loss && renderer->tile ? CVZ_OK : CVZ_E_MEMORY;
}

static void renderer_close(cvz_renderer *renderer)
{
  cvz_workspace_free(&renderer->workspace);
  cvz_block_free(&renderer->arena);
  free(renderer->loss);
  free(renderer->tile);
  cvz_takeover_free(renderer->takeover);
  cvz_share_free(&renderer->share);
}

static cvz_status look_around(const cvz_renderer *renderer, cvz_error *error)
{
  const cvz_observer *observer = renderer->job->observer;
  if (observer && observer->tick) observer->tick(observer->context);
  if (cvz_stop_wanted()) CVZ_TRY(cvz_gather_halt(renderer->gather, cvz_stop_reason(), error));
  cvz_lock_beat(renderer->job->lock);
  CVZ_TRY(cvz_journal_tick(renderer->job->journal, error));
  CVZ_TRY(cvz_mail_poll(cvz_gather_mail(renderer->gather), error));
  return cvz_gather_stopped(renderer->gather) ? CVZ_OK : cvz_gather_tend(renderer->gather, error);
}

/* A unit with the time it has taken. */
typedef struct cvz_climb {
  int unit;
  cvz_ascent ascent;
  double started; /* on this run's clock, less what earlier runs took */
} cvz_climb;

static cvz_status save(const cvz_renderer *renderer, const cvz_climb *climb, cvz_error *error)
{
  return cvz_parcel_save(renderer->job->journal, climb->unit, &climb->ascent, cvz_clock() - climb->started, error);
}

static bool step(cvz_renderer *renderer, cvz_climb *climb)
{
  const double start = cvz_clock();
  const bool more = cvz_ascent_step(&climb->ascent);
  const double seconds = cvz_clock() - start;
  renderer->job->times->computing += seconds;
  cvz_share_step(&renderer->share, climb->unit, renderer->job->recipe->iterations - climb->ascent.step, seconds);
  return more;
}

/* All steps of a unit; between them the mail is looked at. */
static cvz_status climb_on(cvz_renderer *renderer, cvz_climb *climb, cvz_error *error)
{
  while (!cvz_gather_stopped(renderer->gather) && step(renderer, climb)) {
    if (cvz_journal_state_due(renderer->job->journal)) CVZ_TRY(save(renderer, climb, error));
    CVZ_TRY(look_around(renderer, error));
  }
  const bool begun = climb->ascent.step > 0 && climb->ascent.status == CVZ_UNIT_MISSING;
  return begun && cvz_gather_halted(renderer->gather) ? save(renderer, climb, error) : CVZ_OK;
}

static cvz_status begin(cvz_renderer *renderer, cvz_climb *climb, cvz_run *run, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  const int index = cvz_work_layer_of(job->work, climb->unit);
  const cvz_work_layer *layer = &job->work->layers[index];
  const int filter = layer->filters[climb->unit - layer->first_unit];
  const cvz_ascent_unit name = {cvz_hash_text(job->graph->layers[layer->layer].name), filter, 0};
  double seconds = 0;
  cvz_ascent_begin(&climb->ascent, &renderer->workspace, run, name, renderer->loss);
  CVZ_TRY(cvz_parcel_restore(job->directory, job->resume, climb->unit, &climb->ascent, &seconds, error));
  climb->started = cvz_clock() - seconds;
  return CVZ_OK;
}

static cvz_status finish(const cvz_renderer *renderer, const cvz_climb *climb, cvz_error *error)
{
  const cvz_work *work = renderer->job->work;
  const cvz_work_layer *layer = &work->layers[cvz_work_layer_of(work, climb->unit)];
  const float *image = cvz_ascent_image(&climb->ascent);
  cvz_picture_render(renderer->job->recipe, renderer->job->image, image, climb->ascent.status, renderer->tile);
  const cvz_result result = {layer->filters[climb->unit - layer->first_unit], climb->ascent.status, renderer->tile,
                             renderer->loss, image};
  return cvz_gather_send(renderer->gather, climb->unit, &result, cvz_clock() - climb->started, error);
}

static cvz_status render_unit(cvz_renderer *renderer, int unit, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  cvz_climb climb = {.unit = unit};
  cvz_run *run;
  CVZ_TRY(cvz_run_create(&run, job->plans[cvz_work_layer_of(job->work, unit)], renderer->arena.data, error));
  cvz_status status = begin(renderer, &climb, run, error);
  if (status == CVZ_OK) status = climb_on(renderer, &climb, error);
  if (status == CVZ_OK && climb.ascent.status != CVZ_UNIT_MISSING) status = finish(renderer, &climb, error);
  job->times->units += climb.ascent.status != CVZ_UNIT_MISSING;
  cvz_run_free(run);
  return status;
}

static cvz_status render_share(cvz_renderer *renderer, cvz_error *error)
{
  while (cvz_share_count(&renderer->share) && !cvz_gather_stopped(renderer->gather)) {
    CVZ_TRY(render_unit(renderer, cvz_share_begin(&renderer->share), error));
    CVZ_TRY(look_around(renderer, error));
  }
  return CVZ_OK;
}

/* For a moment; what others' units take to write here is not waiting. */
static cvz_status wait_for_others(cvz_renderer *renderer, cvz_error *error)
{
  const double start = cvz_clock() - cvz_gather_writing(renderer->gather);
  CVZ_TRY(cvz_mail_wait(cvz_gather_mail(renderer->gather), error));
  CVZ_TRY(look_around(renderer, error));
  renderer->job->times->waiting += cvz_clock() - cvz_gather_writing(renderer->gather) - start;
  return CVZ_OK;
}

static cvz_status tell_stopped(cvz_comm *comm, const cvz_render_job *job, const cvz_gather *gather, cvz_error *error)
{
  int done = 0;
  for (int i = 0; i < job->work->unit_count; i++) done += job->resume->done[i];
  done += cvz_comm_sum(comm, cvz_journal_units(job->journal));
  return cvz_fail(error, CVZ_E_STOPPED, "stopped (%s): %d of %d filters are done and kept, --resume goes on",
                  cvz_gather_reason(gather), done, job->work->unit_count);
}

/* Own units, those that others give, and the wait for the last. */
static cvz_status render_all(cvz_renderer *renderer, cvz_error *error)
{
  cvz_rank_times *times = renderer->job->times;
  const double start = cvz_clock();
  CVZ_TRY(cvz_gather_replay(renderer->gather, error));
  CVZ_TRY(render_share(renderer, error));
  while (!cvz_gather_complete(renderer->gather) && !cvz_gather_stopped(renderer->gather)) {
    CVZ_TRY(wait_for_others(renderer, error));
    CVZ_TRY(render_share(renderer, error));
  }
  if (renderer->takeover) times->taken = cvz_takeover_units(renderer->takeover);
  times->total = cvz_clock() - start;
  times->writing = times->total - times->computing - times->waiting;
  return CVZ_OK;
}

cvz_status cvz_render(cvz_comm *comm, const cvz_render_job *job, cvz_output_layer *layers, cvz_error *error)
{
  cvz_renderer renderer = {.job = job};
  cvz_status status = cvz_gather_create(&renderer.gather, comm, job, layers, error);
  if (status == CVZ_OK) status = renderer_open(&renderer, comm, error);
  status = cvz_comm_agree(comm, status, error);
  if (status == CVZ_OK) {
    status = render_all(&renderer, error);
    if (status != CVZ_OK) cvz_gather_stop(renderer.gather);
    const cvz_status synced = cvz_journal_sync(job->journal, status == CVZ_OK ? error : NULL);
    if (status == CVZ_OK) status = synced;
    cvz_mail_settle(cvz_gather_mail(renderer.gather));
    status = cvz_comm_agree(comm, status, error);
    if (status == CVZ_OK && !cvz_comm_least(comm, cvz_gather_complete(renderer.gather)))
      status = tell_stopped(comm, job, renderer.gather, error);
  }
  renderer_close(&renderer);
  cvz_gather_free(renderer.gather);
  return status;
}
