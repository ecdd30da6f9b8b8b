#include "app/run.h"

#include <string.h>

#include "app/announce.h"
#include "app/compute.h"
#include "app/description.h"
#include "app/dry_run.h"
#include "app/list_layers.h"
#include "app/method.h"
#include "app/place.h"
#include "app/plans.h"
#include "app/settle.h"
#include "app/show_plan.h"
#include "app/similar.h"
#include "app/source.h"
#include "app/watch.h"
#include "parallel/render.h"
#include "site/pages.h"

/* One job on one rank: what is made on the way from the file to the pictures, in that order. */
typedef struct cvz_job_run {
  cvz_comm *comm;
  const cvz_options *options;
  const cvz_log *log;
  cvz_source source;
  cvz_settled settled; /* to whose options `options` points then */
  cvz_work work;
  cvz_output_part part; /* with --shard */
  cvz_compute compute;
  cvz_method method;
  cvz_description description;
  cvz_place place;
  cvz_plans plans;
  cvz_schedule schedule;
  cvz_watch watch;
} cvz_job_run;

static bool is_root(const cvz_job_run *run)
{
  return cvz_comm_rank(run->comm) == 0;
}

static bool is_dynamic(const cvz_job_run *run)
{
  return !strcmp(run->options->schedule, "dynamic");
}

static cvz_planner planner_of(const cvz_job_run *run)
{
  return (cvz_planner){&run->source.graph, run->compute.kernels, run->compute.gemm, run->compute.bf16,
                       run->options->loss_border};
}

static cvz_status settle(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(cvz_settle(&run->settled, run->comm, &run->source.graph, run->options, error));
  run->options = &run->settled.options;
  return CVZ_OK;
}

static cvz_status list_layers(cvz_job_run *run, cvz_error *error)
{
  const cvz_options *options = run->options;
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_list_layers(stdout, &run->source.graph, options->size, options->loss_border, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status check_labels(const cvz_job_run *run, cvz_error *error)
{
  for (int i = 0; i < run->work.layer_count; i++)
    CVZ_TRY(cvz_settle_check_filters(&run->settled, run->work.layers[i].name, run->work.layers[i].channels, error));
  return CVZ_OK;
}

static cvz_status decide_work(cvz_job_run *run, cvz_error *error)
{
  cvz_graph *graph = &run->source.graph;
  const cvz_work_files files = {&run->settled.labels, &run->settled.directions};
  cvz_status status = cvz_work_create(&run->work, graph, run->options, &files, error);
  if (status == CVZ_OK) status = check_labels(run, error);
  if (status == CVZ_OK) status = cvz_work_observe(&run->work, graph, error);
  run->part.shard = run->options->shard;
  if (status == CVZ_OK && run->part.shard.count)
    status = cvz_part_shard(&run->work, run->part.shard, &run->part.whole, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status show_plan(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_show_plan(stdout, &planner, &run->work, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status plan_layers(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  const bool redirected = run->method.climb.rescue || run->method.climb.redirect;
  return cvz_plans_make(&run->plans, run->comm, &planner, &run->work, redirected, error);
}

/* What would be done, without doing it. */
static cvz_status dry_run(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(plan_layers(run, error));
  const cvz_planner planner = planner_of(run);
  const int ranks = run->options->ranks ? run->options->ranks : cvz_comm_size(run->comm);
  const cvz_dry_run dry = {.planner = &planner,
                           .options = run->options,
                           .work = &run->work,
                           .plans = run->plans.plain,
                           .packs = run->plans.packs,
                           .file = run->source.file,
                           .recipe = &run->method.recipe,
                           .image = run->method.image,
                           .ranks = ranks};
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_dry_run_tell(stdout, &dry, error);
  return cvz_comm_agree(run->comm, status, error);
}

/* What a finished job has to be asked further. */
static cvz_status find_similar(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  const cvz_method *method = &run->method;
  for (int i = 0; i < run->work.layer_count; i++)
    CVZ_REQUIRE(!run->work.layers[i].observes, error, CVZ_E_USAGE,
                "--similar: '%.200s', expected the channels of layers", run->options->objective);
  CVZ_TRY(cvz_source_hash(&run->source, run->comm, run->options, error));
  cvz_description_attributes(&run->description, &run->source, &run->settled, &run->compute, &run->method);
  const cvz_similar_job job = {
      .comm = run->comm,
      .log = run->log,
      .directory = run->options->out,
      .planner = &planner,
      .work = &run->work,
      .tile_height = cvz_picture_length(&method->recipe, method->image.height, method->image.width),
      .tile_width = cvz_picture_length(&method->recipe, method->image.width, method->image.height),
      .model_hash = run->description.model_hash};
  cvz_status status = cvz_plans_create(&run->plans, &planner, &run->work, error);
  if (status == CVZ_OK) status = cvz_similar_plan(&job, run->plans.packs, run->plans.plain, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  CVZ_TRY(cvz_plans_pack(&run->plans, run->comm, &run->source, run->log, error));
  return cvz_similar_run(&job, run->plans.plain, error);
}

static cvz_status describe(cvz_job_run *run, cvz_error *error)
{
  const cvz_output_part *part = run->part.shard.count ? &run->part : NULL;
  cvz_status status = CVZ_OK;
  CVZ_TRY(cvz_source_hash(&run->source, run->comm, run->options, error));
  cvz_description_attributes(&run->description, &run->source, &run->settled, &run->compute, &run->method);
  if (is_root(run))
    status = cvz_description_layers(&run->description, &run->source.graph, &run->work, &run->method, part, error);
  return cvz_comm_agree(run->comm, status, error);
}

/* What is there of this job from an earlier run. */
static cvz_status look_back(cvz_job_run *run, cvz_error *error)
{
  const cvz_place_job job = {run->description.attributes, run->description.attribute_count, run->method.start,
                             run->method.start_bytes, run->description.layers};
  run->place = (cvz_place){.comm = run->comm, .options = run->options, .work = &run->work, .log = run->log};
  return cvz_place_look(&run->place, &job, error);
}

/* Who renders what is left. */
static cvz_status share_out(cvz_job_run *run, cvz_error *error)
{
  cvz_status status =
      cvz_part_schedule(&run->schedule, &run->work, run->place.resume.done, cvz_comm_size(run->comm), error);
  if (status == CVZ_OK && !is_dynamic(run))
    status = cvz_plans_drop_others(&run->plans, &run->work, &run->schedule, cvz_comm_rank(run->comm), error);
  return cvz_comm_agree(run->comm, status, error);
}

static void tell_start(const cvz_job_run *run)
{
  cvz_announce_start(run->log, &run->source.graph, &run->work, &run->method, &run->compute, cvz_comm_size(run->comm));
}

static cvz_status start_watching(cvz_job_run *run, cvz_error *error)
{
  const cvz_watch_job job = {.comm = run->comm,
                             .log = run->log,
                             .options = run->options,
                             .work = &run->work,
                             .manifest = &run->description.manifest,
                             .done_before = run->work.unit_count - run->place.resume.left,
                             .telemetry = {run->description.attributes, run->description.attribute_count,
                                           run->method.recipe.iterations, run->schedule.balance}};
  return cvz_watch_start(&run->watch, &job, error);
}

static cvz_status render(cvz_job_run *run, cvz_error *error)
{
  cvz_rank_times times = {0};
  const cvz_observer observer = cvz_watch_observer(&run->watch);
  const cvz_render_job job = {.graph = &run->source.graph,
                              .work = &run->work,
                              .schedule = &run->schedule,
                              .dynamic = is_dynamic(run),
                              .plans = run->plans.plain,
                              .redirected = run->plans.redirected,
                              .recipe = &run->method.recipe,
                              .climb = &run->method.climb,
                              .kernels = run->compute.kernels,
                              .image = run->method.image,
                              .loss_border = run->options->loss_border,
                              .labels = &run->settled.labels,
                              .directions = &run->settled.directions,
                              .directory = run->options->out,
                              .keep_raw = run->options->save_raw,
                              .attributes = run->description.attributes,
                              .attribute_count = run->description.attribute_count,
                              .resume = &run->place.resume,
                              .journal = run->place.journal,
                              .lock = run->place.lock,
                              .observer = is_root(run) ? &observer : NULL,
                              .times = &times};
  const cvz_status status = cvz_render(run->comm, &job, run->description.layers, error);
  return cvz_watch_stop(&run->watch, &times, status, error);
}

static cvz_status write_atlas(cvz_job_run *run, cvz_error *error)
{
  const char *out = run->options->out;
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_pages_finish(out, &run->description.manifest, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  CVZ_TRY(cvz_place_finish(&run->place, error));
  if (is_root(run)) cvz_announce_end(run->log, &run->work, run->description.layers, out);
  return CVZ_OK;
}

/* model file -> graph -> units -> what there is -> plans -> weights -> pictures -> atlas */
static cvz_status run_all(cvz_job_run *run, cvz_error *error)
{
  const cvz_options *options = run->options;
  CVZ_TRY(cvz_source_open(&run->source, run->comm, options, error));
  CVZ_TRY(settle(run, error));
  if (options->list_layers) return list_layers(run, error);
  CVZ_TRY(decide_work(run, error));
  CVZ_TRY(cvz_compute_choose(&run->compute, run->comm, run->options, error));
  if (options->plan) return show_plan(run, error);
  CVZ_TRY(cvz_method_decide(&run->method, run->comm, run->options, &run->source.graph, &run->work, run->compute.kernels,
                            error));
  if (options->dry_run) return dry_run(run, error);
  if (options->similar) return find_similar(run, error);
  CVZ_TRY(describe(run, error));
  CVZ_TRY(look_back(run, error));
  if (run->place.complete) return write_atlas(run, error);
  CVZ_TRY(plan_layers(run, error));
  CVZ_TRY(share_out(run, error));
  CVZ_TRY(cvz_plans_pack(&run->plans, run->comm, &run->source, run->log, error));
  CVZ_TRY(cvz_place_prepare(&run->place, error));
  tell_start(run);
  CVZ_TRY(start_watching(run, error));
  CVZ_TRY(cvz_place_begin(&run->place, error));
  CVZ_TRY(render(run, error));
  return write_atlas(run, error);
}

static void release(cvz_job_run *run)
{
  cvz_plans_free(&run->plans);
  cvz_method_free(&run->method);
  cvz_description_free(&run->description);
  cvz_watch_free(&run->watch);
  cvz_place_release(&run->place);
  cvz_whole_free(&run->part.whole);
  cvz_schedule_free(&run->schedule);
  cvz_work_free(&run->work);
  cvz_settled_free(&run->settled);
  cvz_source_free(&run->source);
}

cvz_status cvz_run_job(cvz_comm *comm, const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  cvz_job_run run = {.comm = comm, .options = options, .log = log};
  const cvz_status status = run_all(&run, error);
  release(&run);
  return status;
}
