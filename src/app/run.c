#include "app/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/dry_run.h"
#include "app/list_layers.h"
#include "app/live.h"
#include "app/place.h"
#include "app/progress.h"
#include "app/settle.h"
#include "app/show_plan.h"
#include "app/similar.h"
#include "app/spectrum.h"
#include "app/start_image.h"
#include "app/telemetry.h"
#include "ascent/spectrum.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "engine/plan.h"
#include "image/grid.h"
#include "job/ascent_options.h"
#include "job/planner.h"
#include "job/schedule.h"
#include "job/work_objective.h"
#include "kernel/bf16.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"
#include "model/keras.h"
#include "model/untrained.h"
#include "parallel/agreement.h"
#include "parallel/render.h"
#include "parallel/window.h"
#include "site/network.h"
#include "site/pages.h"
#include "store/output.h"
#include "store/sheets.h"

#define TEXT_ATTRIBUTES 12

/* One job on one rank: what is made on the way from the file to the pictures, in that order. */
typedef struct cvz_job_run {
  cvz_comm *comm;
  const cvz_options *options;
  const cvz_log *log;
  cvz_keras_file *file; /* rank 0 */
  uint64_t file_hash;
  cvz_graph graph;
  cvz_settled settled; /* to whose options `options` points then */
  cvz_work work;
  cvz_output_part part; /* with --shard */
  cvz_schedule schedule;
  cvz_place place;
  const cvz_kernels *kernels;
  const cvz_gemm *gemm;
  const cvz_bf16 *bf16; /* NULL: float32 */
  cvz_packs *packs;
  cvz_plan **plans, **redirected; /* per layer of the work; NULL where this rank has no unit */
  cvz_window_memory *packed;
  float *start; /* NULL unless --init names a file */
  size_t start_bytes;
  float *magnitudes; /* NULL unless --spectrum-from names pictures */
  cvz_ascent_recipe recipe;
  cvz_climb_settings climb;
  cvz_shape image; /* of the pictures */
  cvz_option_attributes parameters;
  cvz_attribute attributes[CVZ_OPTION_COUNT + TEXT_ATTRIBUTES];
  int attribute_count;
  char hash_text[24], labels_hash_text[24], directions_hash_text[24], spectrum_hash_text[24];
  cvz_output_layer *layers; /* rank 0 */
  cvz_text network;         /* rank 0, as JSON */
  cvz_manifest manifest;    /* rank 0, of all that */
  cvz_live live;            /* rank 0 */
  cvz_progress progress;
  cvz_telemetry telemetry;
} cvz_job_run;

static bool is_root(const cvz_job_run *run)
{
  return cvz_comm_rank(run->comm) == 0;
}

static bool is_dynamic(const cvz_job_run *run)
{
  return !strcmp(run->options->schedule, "dynamic");
}

static const char *model_path(const cvz_options *options)
{
  return options->model ? options->model : options->weights;
}

/* Where only a look is wanted, an architecture without weights will do. */
static cvz_status describe_model(cvz_job_run *run, cvz_text *description, cvz_error *error)
{
  const char *path = model_path(run->options);
  if (!path) return cvz_untrained_describe(run->options->arch, description, error);
  CVZ_TRY(cvz_keras_open(&run->file, path, run->options->arch, error));
  return cvz_keras_describe(run->file, description, error);
}

/* Rank 0 reads the file; all build the same graph from its description. */
static cvz_status load_graph(cvz_job_run *run, cvz_error *error)
{
  cvz_text description = {0};
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = describe_model(run, &description, error);
  status = cvz_comm_share_text(run->comm, &description, status, error);
  if (status == CVZ_OK) {
    status = cvz_keras_build(&run->graph, description.data, description.length, error);
    status = cvz_comm_agree(run->comm, status, error);
  }
  cvz_text_free(&description);
  return status;
}

/* Ranks may run on different processors: says which one it is about. */
static cvz_status choose_precision(cvz_job_run *run, cvz_isa isa, cvz_error *error)
{
  cvz_error found = {0};
  const cvz_status status = cvz_bf16_select(&run->bf16, run->options->precision, isa, &found);
  if (status == CVZ_OK) return CVZ_OK;
  return cvz_fail(error, status, "%s; rank %d on host %s", found.text, cvz_comm_rank(run->comm),
                  cvz_comm_host(run->comm));
}

/* The instruction set that is asked for, or that of the run that --resume goes on with, or the widest that all have.
 * OpenBLAS picks its kernels by the processor, and they differ in their last bits. */
static cvz_status choose_kernels(cvz_job_run *run, cvz_error *error)
{
  cvz_isa isa;
  char earlier[16];
  CVZ_TRY(cvz_place_earlier_isa(run->comm, run->options, earlier, error));
  CVZ_TRY(cvz_agree_isa(run->comm, cvz_cpu_isa(), run->options->isa ? run->options->isa : earlier, &isa, error));
  cvz_status status = cvz_kernels_select(&run->kernels, isa, error);
  if (status == CVZ_OK) status = cvz_gemm_select(&run->gemm, run->options->gemm, isa, error);
  if (status == CVZ_OK) status = choose_precision(run, isa, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  if (run->gemm != cvz_gemm_openblas()) return CVZ_OK;
  return cvz_agree_text(run->comm, "OpenBLAS: its core", cvz_gemm_openblas_core(),
                        "; set OPENBLAS_CORETYPE to one name for all, or --gemm libxsmm", error);
}

static cvz_planner planner_of(const cvz_job_run *run)
{
  return (cvz_planner){&run->graph, run->kernels, run->gemm, run->bf16, run->options->loss_border};
}

/* Every rank plans all layers, so that all agree on the packed weights and on the costs. */
static cvz_status plan_layers(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  run->plans = cvz_array((size_t)run->work.layer_count, sizeof *run->plans, error);
  run->redirected = cvz_array((size_t)run->work.layer_count, sizeof *run->redirected, error);
  cvz_status status =
      run->plans && run->redirected ? cvz_packs_create(&run->packs, &run->graph, run->gemm, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) status = cvz_planner_all(&planner, &run->work, run->packs, run->plans, error);
  if (status == CVZ_OK && (run->climb.rescue || run->climb.redirect))
    status = cvz_planner_redirected(&planner, &run->work, run->packs, run->plans, run->redirected, error);
  return cvz_comm_agree(run->comm, status, error);
}

/* A rank keeps the plans of its own units, unless it may get others. */
static cvz_status drop_plans_of_others(cvz_job_run *run, cvz_error *error)
{
  bool *mine = cvz_array((size_t)run->work.layer_count, sizeof *mine, error);
  if (!mine) return CVZ_E_MEMORY;
  int count;
  const int *units = cvz_schedule_units(&run->schedule, cvz_comm_rank(run->comm), &count);
  for (int i = 0; i < count; i++) mine[cvz_work_layer_of(&run->work, units[i])] = true;
  for (int i = 0; i < run->work.layer_count; i++) {
    if (mine[i]) continue;
    cvz_plan_free(run->plans[i]);
    cvz_plan_free(run->redirected[i]);
    run->plans[i] = run->redirected[i] = NULL;
  }
  free(mine);
  return CVZ_OK;
}

/* Who renders what is left. */
static cvz_status share_out(cvz_job_run *run, cvz_error *error)
{
  cvz_status status =
      cvz_part_schedule(&run->schedule, &run->work, run->place.resume.done, cvz_comm_size(run->comm), error);
  if (status == CVZ_OK && !is_dynamic(run)) status = drop_plans_of_others(run, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status read_weights(cvz_job_run *run, float *values, cvz_error *error)
{
  bool *wanted = cvz_array((size_t)run->graph.weight_count, sizeof *wanted, error);
  if (!wanted) return CVZ_E_MEMORY;
  cvz_packs_wanted(run->packs, wanted);
  const cvz_status status = cvz_keras_read(run->file, &run->graph, wanted, values, run->log, error);
  free(wanted);
  return status;
}

/* The weights as the file has them, once per node and only until they are packed; rank 0 reads them. */
static cvz_status pack_weights(cvz_job_run *run, cvz_error *error)
{
  cvz_window_memory *raw = NULL;
  const size_t packed = cvz_packs_layout(run->packs) * sizeof(float);
  CVZ_TRY(cvz_window_create(&raw, run->comm, run->graph.value_count * sizeof(float), run->log, error));
  cvz_status status = cvz_window_create(&run->packed, run->comm, packed, run->log, error);
  if (status == CVZ_OK) {
    status = is_root(run) ? read_weights(run, cvz_window_data(raw), error) : CVZ_OK;
    status = cvz_comm_agree(run->comm, status, error);
  }
  if (status == CVZ_OK) {
    cvz_window_share(raw);
    cvz_packs_bind(run->packs, cvz_window_data(run->packed));
    status = cvz_packs_fill(run->packs, cvz_window_data(raw), cvz_window_part(run->packed),
                            cvz_window_parts(run->packed), error);
    status = cvz_comm_agree(run->comm, status, error);
    cvz_window_sync(run->packed);
  }
  cvz_window_free(raw);
  return status;
}

/* Pictures that are to differ are repeats of one filter, and see the network once a step. */
static cvz_status check_diversity(const cvz_job_run *run, cvz_error *error)
{
  const cvz_options *options = run->options;
  if (!run->climb.grams) return CVZ_OK;
  CVZ_REQUIRE(options->repeats > 1, error, CVZ_E_USAGE,
              "objective: '%.200s' has a diversity, expected --repeats 2 or more beside it", options->objective);
  CVZ_REQUIRE(
      options->views == 1 && !options->lasting, error, CVZ_E_USAGE,
      "objective: '%.200s' has a diversity, expected a recipe of one view a step that does not change the image "
      "for good",
      options->objective);
  return CVZ_OK;
}

static cvz_status prepare_start(cvz_job_run *run, cvz_error *error)
{
  const cvz_options *options = run->options;
  run->climb = cvz_ascent_climb(options);
  run->climb.grams = cvz_work_grams(&run->work);
  CVZ_TRY(check_diversity(run, error));
  run->recipe = cvz_ascent_options(options, &run->graph);
  const cvz_shape shape = {3, options->size.height, options->size.width,
                           run->graph.nodes[run->graph.input].input.channels};
  const cvz_shape view = {3, run->work.height, run->work.width, shape.channels};
  run->image = shape;
  CVZ_TRY(cvz_workspace_check(&run->recipe, shape, view, error));
  CVZ_TRY(cvz_spectrum_share(&run->magnitudes, &run->recipe, run->comm, options, shape, run->kernels, error));
  if (!strcmp(options->init, "random")) return CVZ_OK;
  cvz_status status = CVZ_OK;
  run->start = cvz_array(cvz_shape_count(shape), sizeof(float), error);
  if (!run->start) status = CVZ_E_MEMORY;
  if (status == CVZ_OK && is_root(run))
    status = cvz_start_image_read(options->init, &run->graph, shape, run->start, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  run->start_bytes = cvz_shape_count(shape) * sizeof(float);
  cvz_comm_share_bytes(run->comm, run->start, run->start_bytes);
  run->recipe.start = run->start;
  return CVZ_OK;
}

/* libxsmm generates its code for the instruction set alone. */
static const char *gemm_core(const cvz_job_run *run)
{
  return run->gemm == cvz_gemm_openblas() ? cvz_gemm_openblas_core() : "";
}

static void add_text(cvz_job_run *run, const char *key, const char *text)
{
  cvz_attribute *attribute = &run->attributes[run->attribute_count++];
  attribute->key = key;
  attribute->kind = CVZ_ATTRIBUTE_TEXT;
  attribute->text = text;
}

static void add_hash(cvz_job_run *run, const char *key, uint64_t hash, char text[24])
{
  snprintf(text, 24, "%016" PRIx64, hash);
  add_text(run, key, text);
}

/* What every file of the results says of its origin. */
static void describe_job(cvz_job_run *run)
{
  cvz_options_attributes(run->options, &run->parameters);
  memcpy(run->attributes, run->parameters.items, (size_t)run->parameters.count * sizeof *run->attributes);
  run->attribute_count = run->parameters.count;
  add_text(run, "program", "convviz-mpi " CONVVIZ_VERSION);
  add_text(run, "model_name", run->graph.name ? run->graph.name : "");
  add_hash(run, "model_xxh64", run->file_hash, run->hash_text);
  add_text(run, "input_range", cvz_preprocess_name(run->graph.preprocess));
  if (run->options->labels) add_hash(run, "labels_xxh64", run->settled.labels.hash, run->labels_hash_text);
  if (run->options->directions)
    add_hash(run, "directions_xxh64", run->settled.directions.hash, run->directions_hash_text);
  if (run->magnitudes)
    add_hash(run, "spectrum_xxh64", cvz_hash(run->magnitudes, cvz_spectrum_count(run->image) * sizeof(float)),
             run->spectrum_hash_text);
  add_text(run, "instruction_set", cvz_isa_name(run->kernels->isa));
  add_text(run, "gemm", run->gemm->name);
  add_text(run, "gemm_core", gemm_core(run));
}

/* The results tell of which file they are. */
static cvz_status hash_model(cvz_job_run *run, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_file_hash(model_path(run->options), &run->file_hash, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  cvz_comm_share_bytes(run->comm, &run->file_hash, sizeof run->file_hash);
  return CVZ_OK;
}

static cvz_status describe_layer(const cvz_job_run *run, const cvz_work_layer *layer, cvz_output_layer *output,
                                 cvz_error *error)
{
  const int height = run->image.height, width = run->image.width;
  cvz_grid grid;
  CVZ_TRY(cvz_sheets_first_grid(&grid, layer->filter_count, cvz_picture_length(&run->recipe, width, height),
                                cvz_picture_length(&run->recipe, height, width), CVZ_GRID_MARGIN, error));
  *output = (cvz_output_layer){.name = layer->name,
                               .class_name = run->graph.layers[layer->layer].class_name,
                               .stem = layer->stem,
                               .count = layer->filter_count,
                               .columns = grid.columns,
                               .tile_width = grid.tile_width,
                               .tile_height = grid.tile_height,
                               .summary = cvz_layer_summary_empty()};
  cvz_shape_text(layer->shape, output->shape, sizeof output->shape);
  return CVZ_OK;
}

static cvz_status describe_layers(cvz_job_run *run, cvz_error *error)
{
  run->layers = cvz_array((size_t)run->work.layer_count, sizeof *run->layers, error);
  if (!run->layers) return CVZ_E_MEMORY;
  for (int i = 0; i < run->work.layer_count; i++)
    CVZ_TRY(describe_layer(run, &run->work.layers[i], &run->layers[i], error));
  CVZ_TRY(cvz_network_json(&run->graph, &run->network, error));
  run->manifest = (cvz_manifest){.part = run->part.shard.count ? &run->part : NULL,
                                 .attributes = run->attributes,
                                 .attribute_count = run->attribute_count,
                                 .layers = run->layers,
                                 .layer_count = run->work.layer_count,
                                 .network = run->network.data};
  return CVZ_OK;
}

/* What is there of this job from an earlier run. */
static cvz_status look_back(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(hash_model(run, error));
  describe_job(run);
  CVZ_TRY(cvz_comm_agree(run->comm, is_root(run) ? describe_layers(run, error) : CVZ_OK, error));
  const cvz_place_job job = {run->attributes, run->attribute_count, run->start, run->start_bytes, run->layers};
  run->place = (cvz_place){.comm = run->comm, .options = run->options, .work = &run->work, .log = run->log};
  return cvz_place_look(&run->place, &job, error);
}

static const char *plural(int count)
{
  return count == 1 ? "" : "s";
}

/* A PNG has no room for more. */
static void tell_channels(const cvz_job_run *run)
{
  const int channels = run->graph.nodes[run->graph.input].input.channels;
  const int shown = cvz_input_picture_channels(channels);
  if (shown < channels)
    cvz_warn(run->log, "the network's image has %d channels, the pictures show the first %s; --save-raw keeps all",
             channels, shown == 1 ? "as gray" : "three as red, green and blue");
}

static void tell_start(const cvz_job_run *run)
{
  const cvz_work *work = &run->work;
  const int steps = run->recipe.iterations, ranks = cvz_comm_size(run->comm);
  cvz_tell(run->log, "%s: %d filter%s of %d layer%s at %d x %d, %d step%s, on %d rank%s (%s, %s%s%s)",
           run->graph.name ? run->graph.name : "model", work->unit_count, plural(work->unit_count), work->layer_count,
           plural(work->layer_count), work->height, work->width, steps, plural(steps), ranks, plural(ranks),
           cvz_isa_name(run->kernels->isa), run->gemm->name, *gemm_core(run) ? " " : "", gemm_core(run));
  cvz_detail(run->log, "input range: %s", cvz_preprocess_name(run->graph.preprocess));
  tell_channels(run);
  if (work->skipped)
    cvz_tell(run->log, "%d layer%s left out, the first: %s: %s", work->skipped, plural(work->skipped), work->skip_name,
             work->skip_reason);
}

static cvz_status start_live(cvz_job_run *run, cvz_error *error)
{
  run->live = (cvz_live){.log = run->log,
                         .directory = run->options->out,
                         .manifest = &run->manifest,
                         .work = &run->work,
                         .progress = {run->work.unit_count - run->place.resume.left, run->work.unit_count},
                         .inner = cvz_telemetry_observer(&run->telemetry)};
  return cvz_live_start(&run->live, error);
}

/* The bar on the terminal, the lines of --log and the pages of the atlas. */
static cvz_status start_watching(cvz_job_run *run, cvz_error *error)
{
  const cvz_telemetry_job job = {run->attributes, run->attribute_count, run->recipe.iterations, run->schedule.balance};
  cvz_progress_start(&run->progress, run->log);
  run->telemetry = (cvz_telemetry){.comm = run->comm,
                                   .log = run->log,
                                   .path = run->options->log,
                                   .work = &run->work,
                                   .inner = cvz_progress_observer(&run->progress)};
  CVZ_TRY(cvz_telemetry_start(&run->telemetry, &job, error));
  return cvz_comm_agree(run->comm, is_root(run) ? start_live(run, error) : CVZ_OK, error);
}

/* A job that was stopped is told of, too; why is for the end. */
static cvz_status stop_watching(cvz_job_run *run, const cvz_rank_times *times, cvz_status status, cvz_error *error)
{
  cvz_progress_finish(&run->progress);
  cvz_live_finish(&run->live);
  if (status != CVZ_OK && status != CVZ_E_STOPPED) return status;
  const cvz_status told = cvz_telemetry_finish(&run->telemetry, times, status == CVZ_OK ? error : NULL);
  return status == CVZ_OK ? told : status;
}

static cvz_status render(cvz_job_run *run, cvz_error *error)
{
  cvz_rank_times times = {0};
  CVZ_TRY(start_watching(run, error));
  const cvz_observer observer = cvz_live_observer(&run->live);
  const cvz_render_job job = {.graph = &run->graph,
                              .work = &run->work,
                              .schedule = &run->schedule,
                              .dynamic = is_dynamic(run),
                              .plans = run->plans,
                              .redirected = run->redirected,
                              .recipe = &run->recipe,
                              .climb = &run->climb,
                              .kernels = run->kernels,
                              .image = run->image,
                              .loss_border = run->options->loss_border,
                              .labels = &run->settled.labels,
                              .directions = &run->settled.directions,
                              .directory = run->options->out,
                              .keep_raw = run->options->save_raw,
                              .attributes = run->attributes,
                              .attribute_count = run->attribute_count,
                              .resume = &run->place.resume,
                              .journal = run->place.journal,
                              .lock = run->place.lock,
                              .observer = is_root(run) ? &observer : NULL,
                              .times = &times};
  return stop_watching(run, &times, cvz_render(run->comm, &job, run->layers, error), error);
}

static void tell_end(const cvz_job_run *run)
{
  int by_status[CVZ_UNIT_STATUSES] = {0};
  for (int i = 0; i < run->work.layer_count; i++)
    for (int j = 0; j < CVZ_UNIT_STATUSES; j++) by_status[j] += run->layers[i].summary.by_status[j];
  if (by_status[CVZ_UNIT_RESCUED])
    cvz_tell(run->log, "%d of %d filters led nowhere at first and were rescued", by_status[CVZ_UNIT_RESCUED],
             run->work.unit_count);
  if (by_status[CVZ_UNIT_DEAD] + by_status[CVZ_UNIT_WEAK] + by_status[CVZ_UNIT_NAN])
    cvz_tell(run->log,
             "%d of %d filters are dead (no gradient), %d weak (no more than random images), %d gave numbers that are "
             "not finite",
             by_status[CVZ_UNIT_DEAD], run->work.unit_count, by_status[CVZ_UNIT_WEAK], by_status[CVZ_UNIT_NAN]);
  if (run->work.layer_count == 1)
    cvz_tell(run->log, "%s/layers/%s.png", run->options->out, run->layers[0].stem);
  else
    cvz_tell(run->log, "%s/index.html", run->options->out);
}

static cvz_status write_index(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(cvz_comm_agree(run->comm, is_root(run) ? cvz_pages_finish(run->options->out, &run->manifest, error) : CVZ_OK,
                         error));
  CVZ_TRY(cvz_place_finish(&run->place, error));
  if (is_root(run)) tell_end(run);
  return CVZ_OK;
}

static cvz_status list_layers(cvz_job_run *run, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_list_layers(stdout, &run->graph, run->options->size, run->options->loss_border, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status show_plan(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_show_plan(stdout, &planner, &run->work, error);
  return cvz_comm_agree(run->comm, status, error);
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
                           .plans = run->plans,
                           .packs = run->packs,
                           .file = run->file,
                           .recipe = &run->recipe,
                           .image = run->image,
                           .ranks = ranks};
  cvz_status status = CVZ_OK;
  if (is_root(run)) status = cvz_dry_run_tell(stdout, &dry, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status settle(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(cvz_settle(&run->settled, run->comm, &run->graph, run->options, error));
  run->options = &run->settled.options;
  return CVZ_OK;
}

static cvz_status check_labels(const cvz_job_run *run, cvz_error *error)
{
  for (int i = 0; i < run->work.layer_count; i++)
    CVZ_TRY(cvz_settle_check_filters(&run->settled, run->work.layers[i].name, run->work.layers[i].channels, error));
  return CVZ_OK;
}

/* What a finished job has to be asked further. */
static cvz_status find_similar(cvz_job_run *run, cvz_error *error)
{
  const cvz_planner planner = planner_of(run);
  for (int i = 0; i < run->work.layer_count; i++)
    CVZ_REQUIRE(!run->work.layers[i].observes, error, CVZ_E_USAGE,
                "--similar: '%.200s', expected the channels of layers", run->options->objective);
  CVZ_TRY(hash_model(run, error));
  describe_job(run);
  const cvz_similar_job job = {.comm = run->comm,
                               .log = run->log,
                               .directory = run->options->out,
                               .planner = &planner,
                               .work = &run->work,
                               .tile_height = cvz_picture_length(&run->recipe, run->image.height, run->image.width),
                               .tile_width = cvz_picture_length(&run->recipe, run->image.width, run->image.height),
                               .model_hash = run->hash_text};
  run->plans = cvz_array((size_t)run->work.layer_count, sizeof *run->plans, error);
  cvz_status status = run->plans ? cvz_packs_create(&run->packs, &run->graph, run->gemm, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) status = cvz_similar_plan(&job, run->packs, run->plans, error);
  CVZ_TRY(cvz_comm_agree(run->comm, status, error));
  CVZ_TRY(pack_weights(run, error));
  return cvz_similar_run(&job, run->plans, error);
}

static cvz_status decide_work(cvz_job_run *run, cvz_error *error)
{
  const cvz_work_files files = {&run->settled.labels, &run->settled.directions};
  cvz_status status = cvz_work_create(&run->work, &run->graph, run->options, &files, error);
  if (status == CVZ_OK) status = check_labels(run, error);
  if (status == CVZ_OK) status = cvz_work_observe(&run->work, &run->graph, error);
  run->part.shard = run->options->shard;
  if (status == CVZ_OK && run->part.shard.count)
    status = cvz_part_shard(&run->work, run->part.shard, &run->part.whole, error);
  return cvz_comm_agree(run->comm, status, error);
}

static cvz_status run_all(cvz_job_run *run, cvz_error *error)
{
  CVZ_TRY(load_graph(run, error));
  CVZ_TRY(settle(run, error));
  if (run->options->list_layers) return list_layers(run, error);
  CVZ_TRY(decide_work(run, error));
  CVZ_TRY(choose_kernels(run, error));
  if (run->options->plan) return show_plan(run, error);
  CVZ_TRY(prepare_start(run, error));
  if (run->options->dry_run) return dry_run(run, error);
  if (run->options->similar) return find_similar(run, error);
  CVZ_TRY(look_back(run, error));
  if (run->place.complete) return write_index(run, error);
  CVZ_TRY(plan_layers(run, error));
  CVZ_TRY(share_out(run, error));
  CVZ_TRY(pack_weights(run, error));
  CVZ_TRY(cvz_place_prepare(&run->place, error));
  tell_start(run);
  CVZ_TRY(render(run, error));
  return write_index(run, error);
}

static void release(cvz_job_run *run)
{
  for (int i = 0; run->plans && i < run->work.layer_count; i++) cvz_plan_free(run->plans[i]);
  for (int i = 0; run->redirected && i < run->work.layer_count; i++) cvz_plan_free(run->redirected[i]);
  free(run->plans);
  free(run->redirected);
  cvz_packs_free(run->packs);
  cvz_window_free(run->packed);
  free(run->start);
  free(run->magnitudes);
  free(run->layers);
  cvz_text_free(&run->network);
  cvz_telemetry_free(&run->telemetry);
  cvz_place_release(&run->place);
  cvz_whole_free(&run->part.whole);
  cvz_schedule_free(&run->schedule);
  cvz_work_free(&run->work);
  cvz_settled_free(&run->settled);
  cvz_graph_free(&run->graph);
  cvz_keras_close(run->file);
}

cvz_status cvz_run_job(cvz_comm *comm, const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  cvz_job_run run = {.comm = comm, .options = options, .log = log};
  const cvz_status status = run_all(&run, error);
  release(&run);
  return status;
}
