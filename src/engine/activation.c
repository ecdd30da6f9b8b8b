#include <assert.h>

#include "engine/redirect.h"
#include "engine/step.h"

/* y = f(x), element by element; dx = f'(x) dy. x, y: (H, W, C). */

static cvz_status plan_nothing(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

static cvz_curve curve_of(cvz_function function)
{
  assert(function == CVZ_SIGMOID || function == CVZ_TANH || function == CVZ_SWISH);
  if (function == CVZ_SIGMOID) return CVZ_CURVE_SIGMOID;
  return function == CVZ_TANH ? CVZ_CURVE_TANH : CVZ_CURVE_SWISH;
}

static void forward_activation(const cvz_context *context)
{
  const cvz_activation *a = &cvz_step_node(context->plan, context->step)->activation;
  const cvz_view x = cvz_context_part(context, 0), y = cvz_context_output(context);
  const cvz_kernels *kernels = cvz_context_kernels(context);
  if (a->function == CVZ_RELU)
    kernels->relu(y, x, (cvz_clamp){a->negative_slope, a->max_value}, a->threshold);
  else if (a->function == CVZ_LINEAR)
    kernels->copy(y, x, false);
  else
    kernels->curve(y, x, curve_of(a->function));
}

static void backward_activation(const cvz_context *context)
{
  const cvz_activation *a = &cvz_step_node(context->plan, context->step)->activation;
  const cvz_view x = cvz_context_part(context, 0);
  const cvz_view dx = cvz_context_part_gradient(context, 0);
  const cvz_view dy = cvz_context_output_gradient(context);
  const bool accumulate = context->step->inputs[0].accumulate;
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const bool redirects = context->plan->redirects && cvz_step_rectifies(context->plan, context->step);
  if (redirects) cvz_redirect(dy, x, a->threshold, a->max_value);
  if (redirects)
    kernels->copy(dx, dy, accumulate);
  else if (a->function == CVZ_RELU)
    kernels->relu_backward(dx, dy, x, (cvz_clamp){a->negative_slope, a->max_value}, a->threshold, accumulate);
  else if (a->function == CVZ_LINEAR)
    kernels->copy(dx, dy, accumulate);
  else
    kernels->curve_backward(dx, dy, x, curve_of(a->function), accumulate);
}

static void forward_softmax(const cvz_context *context)
{
  cvz_context_kernels(context)->softmax(cvz_context_output(context), cvz_context_part(context, 0));
}

static void backward_softmax(const cvz_context *context)
{
  const cvz_view dx = cvz_context_part_gradient(context, 0);
  cvz_context_kernels(context)->softmax_backward(dx, cvz_context_output_gradient(context), cvz_context_output(context),
                                                 true);
}

const cvz_operator cvz_operator_activation = {.plan = plan_nothing,
                                              .forward = {"activation", forward_activation, true},
                                              .backward = {"activation", backward_activation, true},
                                              .reads_inputs = true,
                                              .overwrites = true,
                                              .channelwise = true};

const cvz_operator cvz_operator_softmax = {.plan = plan_nothing,
                                           .forward = {"softmax", forward_softmax, true},
                                           .backward = {"softmax", backward_softmax, true},
                                           .reads_output = true};
