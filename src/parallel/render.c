#include "parallel/render.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "job/noise.h"
#include "job/stop.h"
#include "parallel/gather.h"
#include "parallel/unit_state.h"

/* What this rank renders with; one unit at a time. */
typedef struct cvz_renderer {
  const cvz_render_job *job;
  cvz_gather *gather;
  cvz_share share; /* what this rank has yet to begin */
  cvz_takeover *takeover;
  cvz_block arena; /* as large as the largest plan's; serves one after the other */
  cvz_workspace workspace;
  cvz_climb *climb;
  cvz_layer_noise noise;
  size_t tile_bytes;
  uint8_t *tiles;      /* the best, then one of each repeat that is kept */
  cvz_result *repeats; /* NULL: none are kept */
} cvz_renderer;

/* A unit with the time it has taken. */
typedef struct cvz_task {
  int unit, filter;
  cvz_run *run, *redirected; /* redirected may be NULL */
  double started;            /* on this run's clock, less what earlier runs took */
  cvz_noise noise;
} cvz_task;

static size_t largest_arena(const cvz_render_job *job)
{
  size_t largest = 0;
  for (int i = 0; i < job->work->layer_count; i++) {
    if (job->plans[i] && cvz_plan_arena(job->plans[i]) > largest) largest = cvz_plan_arena(job->plans[i]);
    if (job->redirected[i] && cvz_plan_arena(job->redirected[i]) > largest)
      largest = cvz_plan_arena(job->redirected[i]);
  }
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
  CVZ_TRY(cvz_climb_create(&renderer->climb, job->climb, &renderer->workspace, error));
  CVZ_TRY(cvz_layer_noise_create(&renderer->noise, job->work, job->graph, job->directions, error));
  const int kept = cvz_climb_variants(job->climb);
  renderer->tile_bytes = (size_t)job->image.height * (size_t)job->image.width *
                         (size_t)cvz_picture_channels(job->recipe, job->image.channels);
  renderer->tiles = cvz_array((size_t)kept + 1, renderer->tile_bytes, error);
  if (kept) renderer->repeats = cvz_array((size_t)kept, sizeof *renderer->repeats, error);
  return renderer->tiles && (renderer->repeats || !kept) ? CVZ_OK : CVZ_E_MEMORY;
}

static void renderer_close(cvz_renderer *renderer)
{
  cvz_climb_free(renderer->climb);
  cvz_layer_noise_free(&renderer->noise);
  cvz_workspace_free(&renderer->workspace);
  cvz_block_free(&renderer->arena);
  free(renderer->tiles);
  free(renderer->repeats);
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

static cvz_status save(const cvz_renderer *renderer, const cvz_task *task, cvz_error *error)
{
  return cvz_unit_state_save(renderer->job->journal, task->unit, renderer->climb, cvz_clock() - task->started, error);
}

static bool step(cvz_renderer *renderer, const cvz_task *task)
{
  const double start = cvz_clock();
  const bool more = cvz_climb_step(renderer->climb);
  const double seconds = cvz_clock() - start;
  const int steps = renderer->job->recipe->iterations * cvz_climb_ascents(renderer->job->climb);
  const int left = steps - cvz_climb_steps(renderer->climb);
  renderer->job->times->computing += seconds;
  cvz_share_step(&renderer->share, task->unit, left > 0 ? left : 0, seconds); /* a rescue takes more steps */
  return more;
}

/* All steps of a unit; between them the mail is looked at. */
static cvz_status climb_on(cvz_renderer *renderer, const cvz_task *task, cvz_error *error)
{
  while (!cvz_gather_stopped(renderer->gather) && step(renderer, task)) {
    if (cvz_journal_state_due(renderer->job->journal)) CVZ_TRY(save(renderer, task, error));
    CVZ_TRY(look_around(renderer, error));
  }
  const bool begun = cvz_climb_steps(renderer->climb) > 0 && !cvz_climb_ended(renderer->climb);
  return begun && cvz_gather_halted(renderer->gather) ? save(renderer, task, error) : CVZ_OK;
}

static cvz_status task_open(const cvz_renderer *renderer, cvz_task *task, int unit, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  const int index = cvz_work_layer_of(job->work, unit);
  const cvz_work_layer *layer = &job->work->layers[index];
  *task = (cvz_task){.unit = unit, .filter = layer->filters[unit - layer->first_unit]};
  CVZ_TRY(cvz_run_create(&task->run, job->plans[index], renderer->arena.data, error));
  if (!job->redirected[index]) return CVZ_OK;
  return cvz_run_create(&task->redirected, job->redirected[index], renderer->arena.data, error);
}

static void task_close(const cvz_task *task)
{
  cvz_run_free(task->run);
  cvz_run_free(task->redirected);
}

static cvz_status find_noise(cvz_renderer *renderer, cvz_task *task, cvz_error *error)
{
  const double start = cvz_clock();
  CVZ_TRY(cvz_layer_noise_of(&renderer->noise, task->unit, &renderer->share, task->run, renderer->job->recipe,
                             &task->noise, error));
  renderer->job->times->computing += cvz_clock() - start;
  return CVZ_OK;
}

static cvz_status begin(cvz_renderer *renderer, cvz_task *task, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  cvz_term terms[CVZ_TERMS_MAX];
  const cvz_objective objective = cvz_work_objective(job->work, task->unit, job->directions, terms);
  cvz_ascent_unit name = cvz_work_unit(job->work, job->graph, task->unit);
  name.objective = &objective;
  double seconds = 0;
  CVZ_TRY(find_noise(renderer, task, error));
  cvz_climb_begin(renderer->climb, task->run, task->redirected, name, task->noise);
  CVZ_TRY(cvz_unit_state_restore(job->directory, job->resume, task->unit, renderer->climb, &seconds, error));
  task->started = cvz_clock() - seconds;
  return CVZ_OK;
}

/* With its picture in tile number `place`. */
static cvz_result result_of(const cvz_renderer *renderer, int filter, const cvz_outcome *outcome, int place)
{
  uint8_t *tile = renderer->tiles + (size_t)place * renderer->tile_bytes;
  cvz_picture_render(renderer->job->recipe, renderer->job->image, outcome->image, outcome->mass, outcome->status, tile);
  return (cvz_result){.filter = filter,
                      .status = outcome->status,
                      .tile = tile,
                      .film = outcome->film,
                      .loss = outcome->loss,
                      .raw = outcome->image,
                      .repeat = outcome->repeat,
                      .attempt = outcome->attempt,
                      .score = outcome->score};
}

static cvz_status finish(const cvz_renderer *renderer, const cvz_task *task, cvz_error *error)
{
  cvz_result result = result_of(renderer, task->filter, cvz_climb_best(renderer->climb), 0);
  result.noise_mean = task->noise.mean, result.noise_deviation = task->noise.deviation;
  result.repeats = renderer->repeats;
  for (int i = 0; renderer->repeats && i < cvz_climb_variants(renderer->job->climb); i++)
    renderer->repeats[i] = result_of(renderer, task->filter, cvz_climb_variant(renderer->climb, i), i + 1);
  return cvz_gather_send(renderer->gather, task->unit, &result, cvz_clock() - task->started, error);
}

static cvz_status render_unit(cvz_renderer *renderer, int unit, cvz_error *error)
{
  cvz_task task;
  cvz_status status = task_open(renderer, &task, unit, error);
  if (status == CVZ_OK) status = begin(renderer, &task, error);
  if (status == CVZ_OK) status = climb_on(renderer, &task, error);
  if (status == CVZ_OK && cvz_climb_ended(renderer->climb)) {
    renderer->job->times->units++;
    status = finish(renderer, &task, error);
  }
  task_close(&task);
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
