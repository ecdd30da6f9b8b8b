#include "engine/step.h"

/* Looks at parts of maps. Forward there is nothing to do; backward whoever looks adds the derivative by each part, see
 * cvz_run_backward_from. */

static cvz_status plan_nothing(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

cvz_view cvz_observe_part(const cvz_context *context, int index, cvz_view stored)
{
  const cvz_region part = cvz_step_node(context->plan, context->step)->observe.parts[index];
  const cvz_region region = cvz_step_input(context->plan, context->step, index)->region;
  return cvz_view_crop(stored, part.y0 - region.y0, part.x0 - region.x0, cvz_region_height(part),
                       cvz_region_width(part));
}

static void forward_observe(const cvz_context *context)
{
  cvz_context_kernels(context)->fill(cvz_context_output(context), 0.0f);
}

static void backward_observe(const cvz_context *context)
{
  for (int i = 0; i < context->step->input_count; i++)
    context->seed.add(context->seed.context, i, cvz_observe_part(context, i, cvz_context_input(context, i)),
                      cvz_observe_part(context, i, cvz_context_input_gradient(context, i)));
}

const cvz_operator cvz_operator_observe = {.plan = plan_nothing,
                                           .forward = {"observe", forward_observe, false},
                                           .backward = {"observe", backward_observe, false},
                                           .reads_inputs = true};
