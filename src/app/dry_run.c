#include "app/dry_run.h"

#include <stdlib.h>

#include "ascent/film.h"
#include "base/memory.h"
#include "engine/report.h"
#include "image/grid.h"
#include "job/sample.h"
#include "job/simulate.h"
#include "model/untrained.h"

#define WEIGHT_SEED 0
#define FILE_HEAD   65536.0 /* bytes of a layer's file beside its arrays, at most */

/* The step from which the time of all is told. */
typedef struct sample {
  int layer; /* of the work */
  double seconds;
} sample;

/* FLOPs and bytes of the whole job. */
typedef struct totals {
  double direct, planned, cost, results;
  size_t arena; /* floats of the largest */
} totals;

static int heaviest_layer(const cvz_work *work)
{
  int heaviest = 0;
  for (int i = 1; i < work->layer_count; i++) {
    const cvz_work_layer *a = &work->layers[i], *b = &work->layers[heaviest];
    if (a->flops * a->filter_count > b->flops * b->filter_count) heaviest = i;
  }
  return heaviest;
}

static cvz_status read_weights(const cvz_dry_run *dry, const cvz_packs *packs, float *values, cvz_error *error)
{
  const cvz_graph *graph = dry->planner->graph;
  bool *wanted = cvz_array((size_t)graph->weight_count, sizeof *wanted, error);
  if (!wanted) return CVZ_E_MEMORY;
  cvz_status status = CVZ_OK;
  cvz_packs_wanted(packs, wanted);
  if (dry->file)
    status = cvz_keras_read(dry->file, graph, wanted, values, NULL, error);
  else
    cvz_untrained_fill(graph, wanted, WEIGHT_SEED, values);
  free(wanted);
  return status;
}

static cvz_status fill_packs(const cvz_dry_run *dry, cvz_packs *packs, cvz_block *packed, cvz_error *error)
{
  cvz_block values = {0};
  cvz_status status = cvz_block_create(packed, cvz_packs_layout(packs) * sizeof(float), error);
  if (status == CVZ_OK) status = cvz_block_create(&values, dry->planner->graph->value_count * sizeof(float), error);
  if (status == CVZ_OK) status = read_weights(dry, packs, values.data, error);
  if (status == CVZ_OK) {
    cvz_packs_bind(packs, packed->data);
    status = cvz_packs_fill(packs, values.data, 0, 1, error);
  }
  cvz_block_free(&values);
  return status;
}

/* With the packs of that layer alone: those of a whole atlas take longer to fill than all else takes. */
static cvz_status take_sample(const cvz_dry_run *dry, sample *taken, cvz_error *error)
{
  cvz_packs *packs = NULL;
  cvz_plan *plan = NULL;
  cvz_block packed = {0};
  cvz_status status = cvz_packs_create(&packs, dry->planner->graph, dry->planner->gemm, error);
  taken->layer = heaviest_layer(dry->work);
  if (status == CVZ_OK) status = cvz_planner_layer(dry->planner, dry->work, taken->layer, packs, &plan, error);
  if (status == CVZ_OK) status = fill_packs(dry, packs, &packed, error);
  if (status == CVZ_OK) status = cvz_sample_step(plan, dry->recipe, dry->image, &taken->seconds, error);
  cvz_block_free(&packed);
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  return status;
}

static double tile_bytes(const cvz_dry_run *dry)
{
  const int height = dry->image.height, width = dry->image.width;
  const cvz_graph *graph = dry->planner->graph;
  return (double)cvz_picture_length(dry->recipe, height, width) * cvz_picture_length(dry->recipe, width, height) *
         cvz_picture_channels(dry->recipe, graph->nodes[graph->input].input.channels);
}

/* The arrays of the layer's file, and its grid as if the PNG were not compressed. */
static double layer_bytes(const cvz_dry_run *dry, const cvz_work_layer *layer)
{
  const int height = dry->image.height, width = dry->image.width;
  const cvz_graph *graph = dry->planner->graph;
  const int channels = graph->nodes[graph->input].input.channels;
  const double raw = dry->options->save_raw ? 4.0 * height * width * channels : 0;
  const double film = (double)cvz_film_bytes(dry->recipe, dry->image);
  const double unit = tile_bytes(dry) + 4.0 * dry->recipe->iterations + 5 + raw + film;
  cvz_grid grid;
  double picture = 0;
  if (cvz_grid_layout(&grid, layer->filter_count, cvz_picture_length(dry->recipe, width, height),
                      cvz_picture_length(dry->recipe, height, width), CVZ_GRID_MARGIN, NULL) == CVZ_OK)
    picture = (double)cvz_grid_width(&grid) * cvz_grid_height(&grid) * cvz_picture_channels(dry->recipe, channels);
  picture *= 1 + dry->recipe->frames;
  return unit * layer->filter_count + picture + FILE_HEAD;
}

static totals add_up(const cvz_dry_run *dry)
{
  totals sum = {0};
  for (int i = 0; i < dry->work->layer_count; i++) {
    const cvz_work_layer *layer = &dry->work->layers[i];
    const double steps = (double)layer->filter_count * dry->recipe->iterations;
    for (int j = 0; j < cvz_report_count(dry->plans[i]); j++)
      sum.planned += steps * cvz_report_step_of(dry->plans[i], j).real;
    sum.direct += steps * layer->direct;
    sum.cost += steps * layer->flops;
    sum.results += layer_bytes(dry, layer);
    if (cvz_plan_arena(dry->plans[i]) > sum.arena) sum.arena = cvz_plan_arena(dry->plans[i]);
  }
  return sum;
}

static void print_job(FILE *stream, const cvz_dry_run *dry, const totals *sum)
{
  const char *name = dry->planner->graph->name;
  fputs("model: ", stream);
  cvz_text_print(stream, name ? name : "?", 0);
  fprintf(stream, "\nweights: %s\ninput range: %s\nsize: %d x %d\nlayers: %d\nfilters: %d\nsteps: %d\n",
          dry->file ? "of the file" : "none, random ones are measured",
          cvz_preprocess_name(dry->planner->graph->preprocess), dry->work->height, dry->work->width,
          dry->work->layer_count, dry->work->unit_count, dry->recipe->iterations);
  fprintf(stream, "TFLOP: %.3f by direct counting, %.3f planned\n", 1e-12 * sum->direct, 1e-12 * sum->planned);
}

static void print_times(FILE *stream, const cvz_dry_run *dry, const totals *sum, const cvz_simulation *simulation,
                        const sample *taken)
{
  const cvz_work_layer *layer = &dry->work->layers[taken->layer];
  const double seconds = taken->seconds / layer->flops; /* of a FLOP */
  const double alone = seconds * sum->cost, together = seconds * simulation->makespan * dry->recipe->iterations;
  fprintf(stream, "ranks: %d\nfilters a rank: %d to %d\nbalance: %.1f %%\n", dry->ranks, simulation->fewest,
          simulation->most, 100 * simulation->balance);
  fprintf(stream, "step: %.2f ms for ", 1e3 * taken->seconds);
  cvz_text_print(stream, layer->name, 0);
  fprintf(stream, ", measured here (%s, %s)\n", cvz_isa_name(dry->planner->kernels->isa), dry->planner->gemm->name);
  fprintf(stream, "core hours: %.4g\nhours: %.4g (%.1f s)\n", alone / 3600, together / 3600, together);
}

/* A rank keeps an arena, a finished unit and its message; the rest is MPI's and the program's own. */
static void print_memory(FILE *stream, const cvz_dry_run *dry, const totals *sum)
{
  const double mega = 1e-6, film = (double)cvz_film_bytes(dry->recipe, dry->image),
               unit = tile_bytes(dry) + 4.0 * dry->recipe->iterations + film;
  const double packed = (double)(cvz_packs_layout(dry->packs) * sizeof(float));
  const double read = (double)(dry->planner->graph->value_count * sizeof(float));
  fprintf(stream, "memory of a node: %.1f MB of packed weights once, and %.1f MB as read until they are packed\n",
          mega * packed, mega * read);
  fprintf(stream, "memory of a rank: %.1f MB\n", mega * ((double)(sum->arena * sizeof(float)) + 2 * unit));
  fprintf(stream, "results: at most %.1f MB in %s\n", mega * sum->results, dry->options->out);
}

cvz_status cvz_dry_run_tell(FILE *stream, const cvz_dry_run *dry, cvz_error *error)
{
  sample taken;
  cvz_schedule schedule;
  CVZ_TRY(take_sample(dry, &taken, error));
  CVZ_TRY(cvz_schedule_create(&schedule, dry->work, dry->ranks, error));
  const cvz_simulation simulation = cvz_simulate(&schedule, dry->work, NULL);
  const totals sum = add_up(dry);
  print_job(stream, dry, &sum);
  print_times(stream, dry, &sum, &simulation, &taken);
  print_memory(stream, dry, &sum);
  cvz_schedule_free(&schedule);
  return CVZ_OK;
}
