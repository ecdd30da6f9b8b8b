#include "engine/run.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "engine/redirect.h"
#include "engine/step.h"

struct cvz_run {
  const cvz_plan *plan;
  float *arena;
  int channel;
  cvz_run_seed seed;                          /* of the backward pass that runs */
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

cvz_shape cvz_run_image_shape(const cvz_run *run)
{
  return cvz_plan_image(run->plan);
}

float *cvz_run_image(cvz_run *run)
{
  return run->arena + run->plan->values[run->plan->image].data;
}

const float *cvz_run_gradient(const cvz_run *run)
{
  return run->arena + run->plan->values[run->plan->image].gradient;
}

static int output_rows(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_region_height(cvz_step_output(plan, step)->region);
}

/* Step `index` on the rows from `first` on; rows 0: all. */
static cvz_context context_of(const cvz_run *run, int index, int first, int rows)
{
  const cvz_step *step = &run->plan->steps[index];
  const int left = output_rows(run->plan, step) - first;
  return (cvz_context){run->plan, step, run->arena, run->channel, first, rows && rows < left ? rows : left, run->seed};
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

/* The thread's own time, which others cannot take, if there is something to add it to. */
static double seconds(const double *sums)
{
  struct timespec time = {0, 0};
  if (sums) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
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

static void forward_band(cvz_run *run, const cvz_group *group, int first)
{
  for (int i = group->first; i < group->first + group->count; i++) {
    const cvz_context context = context_of(run, i, first, group->rows);
    const double start = seconds(run->forward_seconds);
    context.step->forward->run(&context);
    if (run->forward_seconds) run->forward_seconds[i] += seconds(run->forward_seconds) - start;
    if (run->density && cvz_step_rectifies(run->plan, context.step)) count_values(&context, run->density);
  }
}

static void forward_group(cvz_run *run, const cvz_group *group)
{
  const int height = output_rows(run->plan, &run->plan->steps[group->first]);
  for (int first = 0; first < height; first += group->rows ? group->rows : height) forward_band(run, group, first);
}

void cvz_run_forward(cvz_run *run)
{
  for (int i = 0; i < run->plan->group_count; i++) forward_group(run, &run->plan->groups[i]);
}

void cvz_run_forward_channel(cvz_run *run)
{
  for (int i = 0; i < run->plan->group_count; i++)
    if (cvz_group_is_narrow(run->plan, &run->plan->groups[i])) forward_group(run, &run->plan->groups[i]);
}

/* The target has a home of its own, whose pixels lie one after another. */
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

/* The step that makes the target, if it observes maps and makes none. */
static int observing_step(const cvz_run *run)
{
  const int last = run->plan->step_count - 1;
  return last >= 0 && run->plan->steps[last].operation == &cvz_operator_observe ? last : CVZ_NO_STEP;
}

int cvz_run_maps(const cvz_run *run)
{
  const int step = observing_step(run);
  return step == CVZ_NO_STEP ? 1 : run->plan->steps[step].input_count;
}

cvz_view cvz_run_map(const cvz_run *run, int index)
{
  const int step = observing_step(run);
  if (step == CVZ_NO_STEP) return cvz_run_target(run);
  const cvz_context context = context_of(run, step, 0, 0);
  return cvz_observe_part(&context, index, cvz_context_input(&context, index));
}

/* All of it zero. */
static cvz_view clear_target(cvz_run *run)
{
  const cvz_view gradient = target_view(run, run->plan->values[run->plan->target].gradient);
  run->plan->kernels->fill(gradient, 0.0f);
  return selected(run, gradient);
}

/* Values of a band are zeroed for each band, others before the first one. */
static void zero_inputs(const cvz_context *context)
{
  for (int i = 0; i < context->step->input_count; i++) {
    if (!context->step->inputs[i].zero) continue;
    const bool local = cvz_step_input(context->plan, context->step, i)->local_gradient;
    const cvz_view whole = cvz_context_whole_gradient(context, i);
    if (local)
      context->plan->kernels->fill(cvz_view_crop(whole, 0, 0, context->rows, whole.width), 0.0f);
    else if (context->first == 0)
      context->plan->kernels->fill(whole, 0.0f);
  }
}

/* A ReLU that is a step of its own does so by itself. */
static bool redirects(const cvz_context *context)
{
  return context->plan->redirects && context->step->clamps && context->step->clamp.slope == 0;
}

static void backward_step(const cvz_context *context)
{
  const cvz_value *output = cvz_step_output(context->plan, context->step);
  const cvz_view dy = cvz_context_output_gradient(context);
  if (output->has_bits && !output->masked && !context->step->operation->applies_bits)
    context->plan->kernels->keep(dy, cvz_context_bits(context));
  else if (redirects(context))
    cvz_redirect(dy, cvz_context_output(context), 0, context->step->clamp.max);
  else if (context->step->clamps && !output->has_bits)
    context->plan->kernels->clamp_backward(dy, cvz_context_output(context), context->step->clamp);
  zero_inputs(context);
  context->step->backward->run(context);
}

static void run_back(cvz_run *run)
{
  for (int i = run->plan->group_count - 1; i >= 0; i--) {
    const cvz_group *group = &run->plan->groups[i];
    const int height = output_rows(run->plan, &run->plan->steps[group->first]);
    for (int first = 0; first < height; first += group->rows ? group->rows : height)
      for (int j = group->first + group->count - 1; j >= group->first; j--) {
        const cvz_context context = context_of(run, j, first, group->rows);
        const double start = seconds(run->backward_seconds);
        backward_step(&context);
        if (run->backward_seconds) run->backward_seconds[j] += seconds(run->backward_seconds) - start;
      }
  }
}

void cvz_run_backward(cvz_run *run, float seed)
{
  assert(observing_step(run) == CVZ_NO_STEP);
  run->plan->kernels->fill(clear_target(run), seed);
  run_back(run);
}

void cvz_run_backward_from(cvz_run *run, cvz_run_seed seed)
{
  const cvz_view gradient = clear_target(run);
  run->seed = seed;
  if (observing_step(run) == CVZ_NO_STEP) seed.add(seed.context, 0, cvz_run_target(run), gradient);
  run_back(run);
}
