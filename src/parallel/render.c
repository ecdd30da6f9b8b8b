#include "parallel/render.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"
#include "parallel/gather.h"

/* What this rank renders with; one unit at a time. */
typedef struct cvz_renderer {
  const cvz_render_job *job;
  cvz_gather *gather;
  cvz_block arena; /* as large as the largest plan's; serves one after the other */
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

static cvz_status renderer_open(cvz_renderer *renderer, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  const size_t pixels = (size_t)job->work->height * (size_t)job->work->width;
  CVZ_TRY(cvz_block_create(&renderer->arena, largest_arena(job) * sizeof(float), error));
  renderer->loss = cvz_array((size_t)job->recipe->iterations, sizeof(float), error);
  renderer->tile = cvz_array(pixels, (size_t)job->graph->nodes[job->graph->input].input.channels, error);
  return renderer->loss && renderer->tile ? CVZ_OK : CVZ_E_MEMORY;
}

static void renderer_close(cvz_renderer *renderer)
{
  cvz_block_free(&renderer->arena);
  free(renderer->loss);
  free(renderer->tile);
}

static cvz_status look_around(const cvz_renderer *renderer, cvz_error *error)
{
  const cvz_observer *observer = renderer->job->observer;
  if (observer && observer->tick) observer->tick(observer->context);
  return cvz_mail_poll(cvz_gather_mail(renderer->gather), error);
}

/* All steps of a unit; between them the mail is looked at. */
static cvz_status climb(const cvz_renderer *renderer, cvz_ascent *ascent, cvz_error *error)
{
  while (cvz_ascent_step(ascent) && !cvz_gather_stopped(renderer->gather)) CVZ_TRY(look_around(renderer, error));
  return CVZ_OK;
}

static cvz_status render_unit(const cvz_renderer *renderer, int unit, cvz_error *error)
{
  const cvz_render_job *job = renderer->job;
  const int index = cvz_work_layer_of(job->work, unit);
  const cvz_work_layer *layer = &job->work->layers[index];
  const int filter = layer->filters[unit - layer->first_unit];
  const cvz_ascent_unit name = {cvz_hash_text(job->graph->layers[layer->layer].name), filter, 0};
  cvz_run *run;
  cvz_ascent ascent;
  CVZ_TRY(cvz_run_create(&run, job->plans[index], renderer->arena.data, error));
  cvz_ascent_begin(&ascent, job->recipe, job->plans[index], run, name, renderer->loss);
  cvz_status status = climb(renderer, &ascent, error);
  if (status == CVZ_OK && !cvz_gather_stopped(renderer->gather)) {
    cvz_picture_render(&ascent, renderer->tile);
    const cvz_result result = {filter, ascent.status, renderer->tile, renderer->loss, cvz_run_image(run)};
    status = cvz_gather_send(renderer->gather, unit, &result, error);
  }
  cvz_run_free(run);
  return status;
}

static cvz_status render_share(cvz_comm *comm, const cvz_renderer *renderer, cvz_error *error)
{
  int count;
  const int *units = cvz_schedule_units(renderer->job->schedule, cvz_comm_rank(comm), &count);
  for (int i = 0; i < count && !cvz_gather_stopped(renderer->gather); i++) {
    CVZ_TRY(render_unit(renderer, units[i], error));
    CVZ_TRY(look_around(renderer, error));
  }
  return CVZ_OK;
}

static cvz_status wait_for_others(const cvz_renderer *renderer, cvz_error *error)
{
  const cvz_observer *observer = renderer->job->observer;
  while (!cvz_gather_complete(renderer->gather) && !cvz_gather_stopped(renderer->gather)) {
    CVZ_TRY(cvz_mail_wait(cvz_gather_mail(renderer->gather), error));
    if (observer && observer->tick) observer->tick(observer->context);
  }
  return CVZ_OK;
}

cvz_status cvz_render(cvz_comm *comm, const cvz_render_job *job, cvz_output_layer *layers, cvz_error *error)
{
  cvz_renderer renderer = {.job = job};
  cvz_status status = cvz_gather_create(&renderer.gather, comm, job, layers, error);
  if (status == CVZ_OK) status = renderer_open(&renderer, error);
  status = cvz_comm_agree(comm, status, error);
  if (status == CVZ_OK) {
    status = render_share(comm, &renderer, error);
    if (status == CVZ_OK) status = wait_for_others(&renderer, error);
    if (status != CVZ_OK) cvz_gather_stop(renderer.gather);
    cvz_mail_settle(cvz_gather_mail(renderer.gather));
    status = cvz_comm_agree(comm, status, error);
  }
  renderer_close(&renderer);
  cvz_gather_free(renderer.gather);
  return status;
}
