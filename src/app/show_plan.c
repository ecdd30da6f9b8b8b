#include "app/show_plan.h"

#include <string.h>

#include "base/text.h"
#include "engine/report.h"
#include "job/cost.h"
#include "kernel/peak.h"

/* Of the FMA peak that steps reach in FLOPs of job/cost.h: ResNet50V2, an AVX-512 core, half of the activations 0. */
#define SHARE_OF_PEAK 0.85

static const char separator[] = "  ";

/* One plan on its way to the stream. */
typedef struct table {
  FILE *stream;
  const cvz_plan *plan;
  double rate; /* FLOP/s */
  int name_width;
} table;

static int longest_name(const cvz_plan *plan)
{
  int longest = (int)strlen("layer");
  for (int i = 0; i < cvz_report_count(plan); i++) {
    const int length = (int)strlen(cvz_report_step_of(plan, i).layer);
    if (length > longest) longest = length;
  }
  return longest;
}

static void print_numbers(const table *t, const cvz_report_step *step, double cost)
{
  fprintf(t->stream, "%9.4f %9.4f %11.1f %11.1f %9.3f\n", 1e-9 * step->direct, 1e-9 * step->real,
          (double)step->weights / 1024, (double)step->buffers / 1024, 1e3 * cost / t->rate);
}

static void print_heading(const table *t)
{
  fprintf(t->stream, "%-*s%s%-14s %-14s %-16s %9s %9s %11s %11s %9s\n", t->name_width, "layer", separator, "forward",
          "backward", "output", "GFLOP", "planned", "weights KiB", "buffers KiB", "ms");
}

static void print_step(const table *t, const cvz_report_step *step)
{
  char shape[48];
  cvz_shape_text(step->shape, shape, sizeof shape);
  cvz_text_print(t->stream, step->layer, t->name_width);
  fprintf(t->stream, "%s%-14s %-14s %-16s ", separator, step->forward, step->backward, shape);
  print_numbers(t, step, cvz_cost_report(step));
}

/* Start, norm and update of the image, which belong to no step. */
static void print_image(const table *t)
{
  const cvz_shape image = cvz_plan_image(t->plan);
  const cvz_report_step none = {0};
  char shape[48];
  cvz_shape_text(image, shape, sizeof shape);
  fprintf(t->stream, "%-*s%s%-14s %-14s %-16s ", t->name_width, "image", separator, "-", "update", shape);
  print_numbers(t, &none, CVZ_COST_IMAGE * (double)cvz_shape_count(image));
}

static void print_total(const table *t, const cvz_report_step *sum, size_t packed)
{
  fprintf(t->stream, "%-*s%s%-14s %-14s %-16s ", t->name_width, "total", separator, "", "", "");
  print_numbers(t, sum, cvz_cost_plan(t->plan));
  fprintf(t->stream, "arena: %.1f KiB of memory for the buffers, which share it\n",
          (double)(cvz_plan_arena(t->plan) * sizeof(float)) / 1024);
  fprintf(t->stream, "weights: %.1f KiB packed, once per node\n", (double)packed / 1024);
}

static void print_table(const table *t, size_t packed)
{
  cvz_report_step sum = {0};
  print_heading(t);
  print_image(t);
  for (int i = 0; i < cvz_report_count(t->plan); i++) {
    const cvz_report_step step = cvz_report_step_of(t->plan, i);
    print_step(t, &step);
    sum.direct += step.direct;
    sum.real += step.real;
    sum.weights += step.weights;
    sum.buffers += step.buffers;
  }
  print_total(t, &sum, packed);
}

static void print_title(FILE *stream, const cvz_work *work, int index)
{
  fprintf(stream, "%slayer ", index ? "\n" : "");
  cvz_text_print(stream, work->layers[index].name, 0);
  fprintf(stream, " at %d x %d\n", work->height, work->width);
}

/* Packs of its own, so that their sum is what this layer alone needs. */
static cvz_status show_layer(FILE *stream, const cvz_planner *planner, const cvz_work *work, int index, double rate,
                             cvz_error *error)
{
  cvz_packs *packs = NULL;
  cvz_plan *plan = NULL;
  cvz_status status = cvz_packs_create(&packs, planner->graph, planner->gemm, error);
  if (status == CVZ_OK) status = cvz_planner_layer(planner, work, index, packs, &plan, error);
  if (status == CVZ_OK) {
    const table t = {stream, plan, rate, longest_name(plan)};
    print_title(stream, work, index);
    print_table(&t, cvz_packs_layout(packs) * sizeof(float));
  }
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  return status;
}

cvz_status cvz_show_plan(FILE *stream, const cvz_planner *planner, const cvz_work *work, cvz_error *error)
{
  const double peak = cvz_peak_gflops(planner->kernels->isa);
  for (int i = 0; i < work->layer_count; i++)
    CVZ_TRY(show_layer(stream, planner, work, i, 1e9 * SHARE_OF_PEAK * peak, error));
  fprintf(stream, "\nms: expected at %.2f of this core's FMA peak, %.1f GFLOP/s (%s, %s)\n", SHARE_OF_PEAK, peak,
          cvz_isa_name(planner->kernels->isa), planner->gemm->name);
  return CVZ_OK;
}
