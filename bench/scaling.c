#include <stdlib.h>

#include "base/memory.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "job/ascent_options.h"
#include "job/cost.h"
#include "job/planner.h"
#include "job/recipe.h"
#include "job/sample.h"
#include "job/simulate.h"

typedef struct scaling {
  cvz_bench_machine machine;
  cvz_bench_network network;
  cvz_options job;
  cvz_work work;
  cvz_plan **plans;
  double *seconds; /* of one unit of each layer */
} scaling;

/* What convviz-mpi would do with --layer and --size. */
static cvz_status set_job(scaling *s, const cvz_bench_options *options, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
  CVZ_TRY(cvz_options_init(&s->job, error));
  CVZ_TRY(cvz_recipe_apply(&s->job, error));
  CVZ_TRY(cvz_options_set(&s->job, CVZ_OPTION_layer, options->layer, &source, error));
  s->job.size = options->size;
  return CVZ_OK;
}

static cvz_status plan(scaling *s, cvz_error *error)
{
  const cvz_planner planner = {&s->network.graph, s->machine.kernels, s->machine.gemm, s->machine.bf16,
                               s->job.loss_border};
  CVZ_TRY(cvz_work_create(&s->work, &s->network.graph, &s->job, NULL, error));
  s->plans = cvz_array((size_t)s->work.layer_count, sizeof *s->plans, error);
  s->seconds = cvz_array((size_t)s->work.layer_count, sizeof *s->seconds, error);
  if (!s->plans || !s->seconds) return CVZ_E_MEMORY;
  CVZ_TRY(cvz_packs_create(&s->network.packs, &s->network.graph, s->machine.gemm, error));
  return cvz_planner_all(&planner, &s->work, s->network.packs, s->plans, error);
}

static cvz_status measure(scaling *s, cvz_error *error)
{
  const cvz_ascent_recipe recipe = cvz_ascent_options(&s->job, &s->network.graph);
  for (int i = 0; i < s->work.layer_count; i++) {
    CVZ_TRY(cvz_sample_step(s->plans[i], &recipe, cvz_plan_image(s->plans[i]), &s->seconds[i], error));
    s->seconds[i] *= s->job.iterations;
  }
  return CVZ_OK;
}

/* Repeats of a filter are units like others. */
static cvz_status repeat(cvz_work *work, int repeats, cvz_error *error)
{
  work->unit_count = 0;
  for (int i = 0; i < work->layer_count; i++) {
    cvz_work_layer *layer = &work->layers[i];
    layer->first_unit = work->unit_count;
    CVZ_REQUIRE(!__builtin_mul_overflow(layer->filter_count, repeats, &layer->filter_count) &&
                    !__builtin_add_overflow(work->unit_count, layer->filter_count, &work->unit_count),
                error, CVZ_E_RANGE, "--repeats: %d, more than 2147483647 units in all", repeats);
  }
  return CVZ_OK;
}

static void print_units(const scaling *s, FILE *out)
{
  fprintf(out, "\n%-28s %8s %12s %12s %10s\n", "layer", "filters", "GFLOP cost", "ms a step", "GFLOP/s");
  for (int i = 0; i < s->work.layer_count; i++) {
    const cvz_work_layer *layer = &s->work.layers[i];
    const double step = s->seconds[i] / s->job.iterations;
    fprintf(out, "%-28s %8d %12.4f %12.3f %10.1f\n", s->network.graph.layers[layer->layer].name, layer->filter_count,
            1e-9 * layer->flops, 1e3 * step, 1e-9 * layer->flops / step);
  }
}

/* Both schedules where every slow-th rank has half the speed. */
static cvz_status print_uneven(const scaling *s, int slow, const cvz_schedule *schedule, FILE *out, cvz_error *error)
{
  double *speeds = cvz_array((size_t)schedule->ranks, sizeof *speeds, error);
  cvz_status status = speeds ? CVZ_OK : CVZ_E_MEMORY;
  for (int r = 0; speeds && r < schedule->ranks; r++) speeds[r] = r % slow ? 1 : 0.5;
  for (int dynamic = 0; dynamic < 2 && status == CVZ_OK; dynamic++) {
    cvz_simulation uneven;
    status = cvz_simulate_uneven(&uneven, schedule, &s->work, s->seconds, speeds, dynamic, error);
    if (status == CVZ_OK) fprintf(out, " %10.2f %%", 100 * uneven.balance);
  }
  free(speeds);
  return status;
}

static cvz_status print_row(const scaling *s, const cvz_bench_options *options, int ranks, FILE *out, cvz_error *error)
{
  cvz_schedule schedule;
  CVZ_TRY(cvz_schedule_create(&schedule, &s->work, ranks, error));
  const cvz_simulation real = cvz_simulate(&schedule, &s->work, s->seconds);
  const double end = options->start + real.makespan;
  char units[32];
  snprintf(units, sizeof units, "%d-%d", real.fewest, real.most);
  fprintf(out, "%8d %9d %14s %10.2f %% %10.2f %% %12.1f %10.2f %%", ranks, s->work.unit_count, units,
          100 * schedule.balance, 100 * real.balance, end, 100 * real.total / ranks / end);
  const cvz_status status = options->slow ? print_uneven(s, options->slow, &schedule, out, error) : CVZ_OK;
  fprintf(out, "\n");
  cvz_schedule_free(&schedule);
  return status;
}

static cvz_status print(const scaling *s, const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  static const int usual[] = {1, 2, 16, 64, 256, 1024};
  const bool given = options->number_count > 0;
  const int count = given ? options->number_count : (int)(sizeof usual / sizeof *usual);
  double total = 0;
  for (int i = 0; i < s->work.layer_count; i++) total += s->seconds[i] * s->work.layers[i].filter_count;
  fprintf(out, "\njob        %d layers, %d units, %d steps, %.2f core hours, %g s to the first step\n\n",
          s->work.layer_count, s->work.unit_count, s->job.iterations, total / 3600, options->start);
  fprintf(out, "%8s %9s %14s %12s %12s %12s %12s", "ranks", "units", "units a rank", "planned", "simulated", "seconds",
          "efficiency");
  fprintf(out, options->slow ? " %12s %12s\n" : "\n", "slow, static", "dynamic");
  for (int i = 0; i < count; i++) CVZ_TRY(print_row(s, options, given ? options->numbers[i] : usual[i], out, error));
  return CVZ_OK;
}

static cvz_status run(scaling *s, const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  CVZ_TRY(cvz_bench_machine_choose(&s->machine, options, error));
  CVZ_TRY(cvz_bench_network_build(&s->network, options, error));
  CVZ_TRY(set_job(s, options, error));
  CVZ_TRY(plan(s, error));
  CVZ_TRY(cvz_bench_network_pack(&s->network, error));
  CVZ_TRY(measure(s, error));
  cvz_bench_machine_print(&s->machine, out);
  print_units(s, out);
  CVZ_TRY(repeat(&s->work, options->repeats, error));
  return print(s, options, out, error);
}

cvz_status cvz_bench_scaling(const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  scaling s = {0};
  const cvz_status status = run(&s, options, out, error);
  for (int i = 0; s.plans && i < s.work.layer_count; i++) cvz_plan_free(s.plans[i]);
  free(s.plans);
  free(s.seconds);
  cvz_work_free(&s.work);
  cvz_options_free(&s.job);
  cvz_bench_network_free(&s.network);
  return status;
}
