#include "engine/step.h"

/* y = one of several equal parts of x's channels. x: (H, W, parts C), y: (H, W, C). The other parts get no gradient. */

static cvz_status plan_part(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

static cvz_view part_of(const cvz_context *context, cvz_view x)
{
  const cvz_part *part = &cvz_step_node(context->plan, context->step)->part;
  const int channels = x.channels / part->count;
  return cvz_view_channels(x, part->index * channels, channels);
}

static void forward_part(const cvz_context *context)
{
  cvz_context_kernels(context)->copy(cvz_context_output(context), part_of(context, cvz_context_part(context, 0)),
                                     false);
}

static void backward_part(const cvz_context *context)
{
  cvz_context_kernels(context)->copy(part_of(context, cvz_context_part_gradient(context, 0)),
                                     cvz_context_output_gradient(context), true);
}

const cvz_operator cvz_operator_part = {
    .plan = plan_part, .forward = {"part", forward_part, true}, .backward = {"part", backward_part, true}};
