#include "engine/step.h"

/* y = clamp(x * scale + offset), scale and offset for each channel: (C). */

static cvz_status plan_affine(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const int channels = cvz_step_output(plan, step)->shape.channels;
  CVZ_TRY(cvz_packs_add(packs, CVZ_PACK_SCALE, step->node, -1, channels, &step->packs[0], error));
  return cvz_packs_add(packs, CVZ_PACK_OFFSET, step->node, -1, channels, &step->packs[1], error);
}

static int first_channel(const cvz_context *context)
{
  return cvz_step_output(context->plan, context->step)->narrow ? context->channel : 0;
}

static void forward_affine(const cvz_context *context)
{
  const cvz_view x = cvz_context_aligned(context, 0, cvz_context_input(context, 0));
  const int first = first_channel(context);
  cvz_context_kernels(context)->affine(cvz_context_output(context), x, cvz_context_pack(context, 0) + first,
                                       cvz_context_pack(context, 1) + first, context->step->clamp, (cvz_bits){0});
}

static void backward_affine(const cvz_context *context)
{
  const cvz_view dx = cvz_context_aligned(context, 0, cvz_context_input_gradient(context, 0));
  cvz_context_kernels(context)->affine_backward(dx, cvz_context_output_gradient(context),
                                                cvz_context_pack(context, 0) + first_channel(context), (cvz_bits){0},
                                                context->step->inputs[0].accumulate);
}

const cvz_operator cvz_operator_affine = {.plan = plan_affine,
                                          .forward = forward_affine,
                                          .backward = backward_affine,
                                          .overwrites = true,
                                          .channelwise = true};
