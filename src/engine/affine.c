#include "engine/step.h"

/* y = clamp(x * scale + offset), scale and offset for each channel: (C). */

static cvz_status plan_affine(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const int channels = cvz_step_output(plan, step)->shape.channels;
  const cvz_pack_request scale = {CVZ_PACK_SCALE, step->node, -1, channels, 0, 0};
  const cvz_pack_request offset = {CVZ_PACK_OFFSET, step->node, -1, channels, 0, 0};
  CVZ_TRY(cvz_packs_add(packs, &scale, &step->packs[CVZ_SLOT_FORWARD], error));
  return cvz_packs_add(packs, &offset, &step->packs[CVZ_SLOT_OFFSET], error);
}

static int first_channel(const cvz_context *context)
{
  return cvz_step_output(context->plan, context->step)->narrow ? context->channel : 0;
}

static void forward_affine(const cvz_context *context)
{
  const cvz_view x = cvz_context_part(context, 0);
  const int first = first_channel(context);
  cvz_context_kernels(context)->affine(
      cvz_context_output(context), x, cvz_context_pack(context, CVZ_SLOT_FORWARD) + first,
      cvz_context_pack(context, CVZ_SLOT_OFFSET) + first, context->step->clamp, cvz_context_bits(context));
}

static void backward_affine(const cvz_context *context)
{
  const cvz_view dx = cvz_context_part_gradient(context, 0);
  cvz_context_kernels(context)->affine_backward(
      dx, cvz_context_output_gradient(context), cvz_context_pack(context, CVZ_SLOT_FORWARD) + first_channel(context),
      cvz_context_unmasked_bits(context), context->step->inputs[0].accumulate);
}

const cvz_operator cvz_operator_affine = {.plan = plan_affine,
                                          .forward = {"affine", forward_affine, true},
                                          .backward = {"affine", backward_affine, true},
                                          .overwrites = true,
                                          .channelwise = true,
                                          .writes_bits = true,
                                          .applies_bits = true};
