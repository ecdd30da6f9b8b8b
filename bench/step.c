#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bench/commands.h"
#include "bench/measure.h"
#include "bench/network.h"
#include "engine/report.h"
#include "kernel/peak.h"

#define LIVE_TRIES  64 /* filters of which one with a gradient is looked for */
#define LEAST_STEPS 3
#define LEAST_SHARE 0.9 /* of the core: with less of it times are those of a shared machine */

/* What a measurement gives. */
typedef struct findings {
  int filter;
  bool live;
  size_t steps;
  double minimum, median; /* seconds */
  double passes;          /* seconds of the network's two passes alone, for all views of a step; median */
  double share;           /* of the core's time that the steps had */
  double cpu_median;      /* seconds of that */
  double peak;            /* GFLOP/s */
  double direct, real;    /* GFLOP */
  double density;         /* NaN without rectifiers */
} findings;

/* Seconds of each step's passes. */
typedef struct profile {
  double *forward, *backward;
  int count, passes;
} profile;

typedef struct bench {
  cvz_bench_machine machine;
  cvz_bench_network network;
  float *loss;
  findings found;
  profile profile;
} bench;

static bool has_gradient(bench *b, int filter)
{
  cvz_ascent ascent;
  cvz_bench_network_begin(&b->network, &ascent, filter, 0, b->loss);
  cvz_ascent_step(&ascent);
  return ascent.status == CVZ_UNIT_MISSING || ascent.status == CVZ_UNIT_OK;
}

static cvz_status choose_filter(bench *b, int wanted, cvz_error *error)
{
  const int channels = cvz_plan_target(b->network.plan).channels;
  CVZ_REQUIRE(wanted < channels, error, CVZ_E_USAGE, "--filter: %d, expected at most %d: layer '%s' has %d channels",
              wanted, channels - 1, b->network.layer, channels);
  const bool any = wanted == CVZ_BENCH_ANY_FILTER;
  const int first = any ? 0 : wanted, last = !any ? wanted : channels < LIVE_TRIES ? channels - 1 : LIVE_TRIES - 1;
  b->found.filter = first;
  for (int filter = first; filter <= last && !b->found.live; filter++) {
    b->found.live = has_gradient(b, filter);
    if (b->found.live) b->found.filter = filter;
  }
  return CVZ_OK;
}

/* Over a whole unit, as a job has it: the longer the ascent, the more zeros. It also warms up. */
static void measure_density(bench *b)
{
  cvz_ascent ascent;
  cvz_run_density density = {0, 0};
  cvz_run_count(b->network.run, &density);
  cvz_bench_network_begin(&b->network, &ascent, b->found.filter, 0, b->loss);
  while (cvz_ascent_step(&ascent)) continue;
  cvz_run_count(b->network.run, NULL);
  b->found.density = density.values ? (double)density.nonzero / (double)density.values : (double)NAN;
}

/* Times of the clock, and of the core while it was ours; and by the clock those of the network alone. */
typedef struct step_times {
  cvz_bench_times wall, cpu, passes;
} step_times;

static int views_of(const bench *b)
{
  const int views = b->network.recipe.transform.views;
  return views > 1 ? views : 1;
}

/* What a step costs without its recipe: forward and backward once more, of what the network has read last. */
static cvz_status measure_passes(bench *b, const cvz_ascent *ascent, cvz_bench_times *times, cvz_error *error)
{
  const double begin = cvz_bench_clock();
  cvz_run_forward(ascent->run);
  cvz_objective_value(&ascent->objective, ascent->run);
  cvz_objective_backward(&ascent->objective, ascent->run, 1);
  return cvz_bench_times_add(times, views_of(b) * (cvz_bench_clock() - begin), error);
}

/* Units of that filter one after the other, as a job has them; only the steps are timed. */
static cvz_status measure_steps(bench *b, double seconds, step_times *times, cvz_error *error)
{
  const double begin = cvz_bench_clock(), cpu_begin = cvz_bench_cpu_clock(), end = begin + seconds;
  cvz_ascent ascent;
  bool more = false;
  for (int repeat = 0; times->wall.count < LEAST_STEPS || cvz_bench_clock() < end;) {
    if (!more) cvz_bench_network_begin(&b->network, &ascent, b->found.filter, repeat++, b->loss);
    const double cpu = cvz_bench_cpu_clock(), wall = cvz_bench_clock();
    more = cvz_ascent_step(&ascent);
    const double wall_end = cvz_bench_clock();
    CVZ_TRY(cvz_bench_times_add(&times->wall, wall_end - wall, error));
    CVZ_TRY(cvz_bench_times_add(&times->cpu, cvz_bench_cpu_clock() - cpu, error));
    CVZ_TRY(measure_passes(b, &ascent, &times->passes, error));
  }
  b->found.share = (cvz_bench_cpu_clock() - cpu_begin) / (cvz_bench_clock() - begin);
  return CVZ_OK;
}

static void summarise(findings *found, step_times *times)
{
  double least;
  found->steps = times->wall.count;
  cvz_bench_times_summarise(&times->wall, &found->minimum, &found->median);
  cvz_bench_times_summarise(&times->cpu, &least, &found->cpu_median);
  cvz_bench_times_summarise(&times->passes, &least, &found->passes);
}

static void measure_profile(bench *b, double seconds)
{
  const double end = cvz_bench_clock() + seconds;
  cvz_ascent ascent;
  bool more = false;
  cvz_run_profile(b->network.run, b->profile.forward, b->profile.backward);
  for (int repeat = 0; !b->profile.passes || cvz_bench_clock() < end; b->profile.passes++) {
    if (!more) cvz_bench_network_begin(&b->network, &ascent, b->found.filter, repeat++, b->loss);
    more = cvz_ascent_step(&ascent);
  }
  cvz_run_profile(b->network.run, NULL, NULL);
}

static void count_flops(bench *b)
{
  for (int i = 0; i < cvz_report_count(b->network.plan); i++) {
    const cvz_report_step step = cvz_report_step_of(b->network.plan, i);
    b->found.direct += 1e-9 * step.direct;
    b->found.real += 1e-9 * step.real;
  }
}

/* The peak before and after: a core's speed changes with its temperature and its neighbours. */
static cvz_status measure(bench *b, const cvz_bench_options *options, cvz_error *error)
{
  step_times times = {0};
  const cvz_isa isa = b->machine.kernels->isa;
  CVZ_TRY(choose_filter(b, options->filter, error));
  count_flops(b);
  measure_density(b);
  const double before = cvz_peak_gflops(isa);
  const cvz_status status = measure_steps(b, options->seconds, &times, error);
  b->found.peak = fmax(before, cvz_peak_gflops(isa));
  if (status == CVZ_OK) summarise(&b->found, &times);
  free(times.wall.times);
  free(times.cpu.times);
  free(times.passes.times);
  if (status == CVZ_OK && options->profile) measure_profile(b, options->seconds);
  return status;
}

static double ratio(const findings *found)
{
  return found->direct / found->median / found->peak;
}

static cvz_status print_json(const bench *b, FILE *out, cvz_error *error)
{
  const findings *found = &b->found;
  json_t *density = isnan(found->density) ? json_null() : json_real(found->density);
  json_t *object =
      json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:s, s:s, s:s}", "step_ms_median", 1e3 * found->median,
                "step_ms_min", 1e3 * found->minimum, "network_ms_median", 1e3 * found->passes, "peak_gflops",
                found->peak, "gflop_direct", found->direct, "gflop_real", found->real, "ratio", ratio(found), "density",
                density, "isa", cvz_isa_name(b->machine.kernels->isa), "gemm", b->machine.gemm->name, "precision",
                cvz_bf16_precision(b->machine.bf16));
  CVZ_REQUIRE(object, error, CVZ_E_MEMORY, "memory: no room for the result");
  const bool written = json_dumpf(object, out, JSON_REAL_PRECISION(6)) == 0 && fputc('\n', out) != EOF;
  json_decref(object);
  CVZ_REQUIRE(written, error, CVZ_E_IO, "standard output: cannot be written");
  return CVZ_OK;
}

static void print_text(const bench *b, FILE *out)
{
  const findings *found = &b->found;
  const cvz_shape image = cvz_plan_image(b->network.plan);
  cvz_bench_machine_print(&b->machine, out);
  fprintf(out, "network    %s, %s, filter %d, %d x %d%s\n", b->network.graph.name ? b->network.graph.name : "?",
          b->network.layer, found->filter, image.height, image.width, b->network.file ? "" : ", random weights");
  fprintf(out, "step       %.2f ms at least, %.2f ms median of %zu\n", 1e3 * found->minimum, 1e3 * found->median,
          found->steps);
  fprintf(out, "network's  %.2f ms median: its passes alone, without the recipe; the step takes %.2f times that\n",
          1e3 * found->passes, found->median / found->passes);
  fprintf(out, "work       %.3f GFLOP by direct counting, %.3f planned\n", found->direct, found->real);
  fprintf(out, "FMA peak   %.1f GFLOP/s\n", found->peak);
  fprintf(out, "ratio      %.2f (work by direct counting / median / peak)\n", ratio(found));
  if (isnan(found->density))
    fputs("density    no rectifiers\n", out);
  else
    fprintf(out, "density    %.3f of what leaves the rectifiers is not zero\n", found->density);
}

static void print_profile(const bench *b, FILE *out)
{
  const int count = cvz_report_count(b->network.plan);
  int width = (int)strlen("layer");
  for (int i = 0; i < count; i++) {
    const int length = (int)strlen(cvz_report_step_of(b->network.plan, i).layer);
    if (length > width) width = length;
  }
  fprintf(out, "\n%-*s  %-14s %-14s %-16s %10s %11s %8s %6s\n", width, "layer", "forward", "backward", "output",
          "forward ms", "backward ms", "GFLOP", "ratio");
  for (int i = 0; i < count; i++) {
    const cvz_report_step step = cvz_report_step_of(b->network.plan, i);
    const double forward = b->profile.forward[i] / b->profile.passes,
                 backward = b->profile.backward[i] / b->profile.passes;
    char shape[48];
    cvz_shape_text(step.shape, shape, sizeof shape);
    fprintf(out, "%-*s  %-14s %-14s %-16s %10.3f %11.3f %8.4f", width, step.layer, step.forward, step.backward, shape,
            1e3 * forward, 1e3 * backward, 1e-9 * step.direct);
    if (step.direct > 0)
      fprintf(out, " %6.2f\n", 1e-9 * step.direct / (forward + backward) / b->found.peak);
    else
      fputc('\n', out);
  }
}

static cvz_status prepare(bench *b, const cvz_bench_options *options, cvz_error *error)
{
  CVZ_REQUIRE(!options->json || !options->profile, error, CVZ_E_USAGE, "--profile: a table has no place beside --json");
  CVZ_TRY(cvz_bench_machine_choose(&b->machine, options, error));
  CVZ_TRY(cvz_bench_network_create(&b->network, options, &b->machine, error));
  const size_t steps = (size_t)cvz_report_count(b->network.plan);
  b->loss = cvz_array((size_t)b->network.recipe.iterations, sizeof *b->loss, error);
  b->profile.forward = cvz_array(steps, sizeof(double), error);
  b->profile.backward = cvz_array(steps, sizeof(double), error);
  return b->loss && b->profile.forward && b->profile.backward ? CVZ_OK : CVZ_E_MEMORY;
}

static void warn(const bench *b)
{
  const cvz_log log = {stderr, CVZ_NORMAL};
  if (!b->found.live)
    cvz_warn(&log, "layer '%s': no filter with a gradient was found: these steps do not move the image",
             b->network.layer);
  if (b->found.share < LEAST_SHARE)
    cvz_warn(&log, "others had the core for %.0f %% of the time; of its own time a step took %.2f ms (median)",
             100 * (1 - b->found.share), 1e3 * b->found.cpu_median);
}

static cvz_status print(const bench *b, const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  warn(b);
  if (options->json) return print_json(b, out, error);
  print_text(b, out);
  if (options->profile) print_profile(b, out);
  return CVZ_OK;
}

cvz_status cvz_bench_step(const cvz_bench_options *options, FILE *out, cvz_error *error)
{
  bench b = {0};
  cvz_status status = prepare(&b, options, error);
  if (status == CVZ_OK) status = measure(&b, options, error);
  if (status == CVZ_OK) status = print(&b, options, out, error);
  free(b.profile.forward);
  free(b.profile.backward);
  free(b.loss);
  cvz_bench_network_free(&b.network);
  return status;
}
