#include "engine/run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "engine/step.h"

struct cvz_run {
  const cvz_plan *plan;
  float *arena;
  int channel;
  double *forward_seconds, *backward_seconds; /* per step; NULL unless profiled */
  cvz_run_density *density;                   /* NULL unless counted */
};

cvz_status cvz_run_create(cvz_run **run, const cvz_plan *plan, float *arena, cvz_error *error)
{
  cvz_run *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_run){.plan = plan, .arena = arena};
  *run = created;
  return CVZ_OK;
}

void cvz_run_free(cvz_run *run)
{
  free(run);
}

void cvz_run_select(cvz_run *run, int channel)
{
  run->channel = channel;
}

float *cvz_run_image(cvz_run *run)
{
  return run->arena + run->plan->values[run->plan->image].data;
}

const float *cvz_run_gradient(const cvz_run *run)
{
  return run->arena + run->plan->values[run->plan->image].gradient;
}

static cvz_context context_of(const cvz_run *run, int step)
{
  return (cvz_context){run->plan, &run->plan->steps[step], run->arena, run->channel};
}

void cvz_run_profile(cvz_run *run, double *forward, double *backward)
{
  run->forward_seconds = forward;
  run->backward_seconds = backward;
}

void cvz_run_count(cvz_run *run, cvz_run_density *density)
{
  run->density = density;
}

/* The clock, if there is something to add it to. */
static double seconds(const double *sums)
{
  struct timespec time = {0, 0};
  if (sums) clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool rectifies(const cvz_context *context)
{
  const cvz_node *node = cvz_step_node(context->plan, context->step);
  const bool activation = node->op == CVZ_OP_ACTIVATION && node->activation.function == CVZ_RELU;
  return (context->step->clamps && context->step->clamp.slope == 0) ||
         (activation && node->activation.negative_slope == 0);
}

static void count_values(const cvz_context *context, cvz_run_density *density)
{
  const cvz_view y = cvz_context_output(context);
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      const float *pixel = y.data + (size_t)i * y.row + (size_t)j * y.pixel;
      for (int c = 0; c < y.channels; c++) density->nonzero += pixel[c] != 0;
    }
  density->values += (uint64_t)y.height * (uint64_t)y.width * (uint64_t)y.channels;
}

void cvz_run_forward(cvz_run *run)
{
  for (int i = 0; i < run->plan->step_count; i++) {
    const cvz_context context = context_of(run, i);
    const double start = seconds(run->forward_seconds);
    context.step->operator->forward(&context);
    if (run->forward_seconds) run->forward_seconds[i] += seconds(run->forward_seconds) - start;
    if (run->density && rectifies(&context)) count_values(&context, run->density);
  }
}

static cvz_view target_view(const cvz_run *run, size_t offset)
{
  const cvz_value *target = &run->plan->values[run->plan->target];
  return cvz_view_dense(run->arena + offset, cvz_region_height(target->region), cvz_region_width(target->region),
                        cvz_value_channels(target));
}

static cvz_view selected(const cvz_run *run, cvz_view view)
{
  return run->plan->values[run->plan->target].narrow ? view : cvz_view_channels(view, run->channel, 1);
}

cvz_view cvz_run_target(const cvz_run *run)
{
  return selected(run, target_view(run, run->plan->values[run->plan->target].data));
}

static void seed_target(cvz_run *run, float seed)
{
  const cvz_value *target = &run->plan->values[run->plan->target];
  const cvz_view gradient = target_view(run, target->gradient);
  if (!target->narrow) run->plan->kernels->fill(gradient, 0.0f);
  run->plan->kernels->fill(selected(run, gradient), seed);
}

static void zero_inputs(const cvz_context *context)
{
  for (int i = 0; i < context->step->input_count; i++) {
    if (!context->step->inputs[i].zero) continue;
    const cvz_value *value = cvz_step_input(context->plan, context->step, i);
    memset(context->arena + value->gradient, 0, cvz_value_count(value) * sizeof(float));
  }
}

void cvz_run_backward(cvz_run *run, float seed)
{
  seed_target(run, seed);
  for (int i = run->plan->step_count - 1; i >= 0; i--) {
    const cvz_context context = context_of(run, i);
    const double start = seconds(run->backward_seconds);
    if (context.step->clamps)
      run->plan->kernels->clamp_backward(cvz_context_output_gradient(&context), cvz_context_output(&context),
                                         context.step->clamp);
    zero_inputs(&context);
    context.step->operator->backward(&context);
    if (run->backward_seconds) run->backward_seconds[i] += seconds(run->backward_seconds) - start;
  }
}
