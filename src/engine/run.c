#include "engine/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/step.h"

struct cvz_run {
  const cvz_plan *plan;
  float *arena;
  int channel;
};

cvz_status cvz_run_create(cvz_run **run, const cvz_plan *plan, float *arena, cvz_error *error)
{
  cvz_run *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_run){plan, arena, 0};
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

void cvz_run_forward(cvz_run *run)
{
  for (int i = 0; i < run->plan->step_count; i++) {
    const cvz_context context = context_of(run, i);
    context.step->operator->forward(&context);
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
    if (context.step->clamps)
      run->plan->kernels->clamp_backward(cvz_context_output_gradient(&context), cvz_context_output(&context),
                                         context.step->clamp);
    zero_inputs(&context);
    context.step->operator->backward(&context);
  }
}
