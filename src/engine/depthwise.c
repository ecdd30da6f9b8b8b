#include "engine/step.h"

/* x: (H, W, C), kernel: (kh, kw, C, m), y: (OH, OW, C * m) with channel c * m + j from channel c. */

static cvz_status plan_depthwise(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_node *node = cvz_step_node(plan, step);
  const int channels = cvz_step_output(plan, step)->shape.channels;
  step->slide = cvz_step_slide(plan, step, &node->conv.window);
  CVZ_TRY(cvz_packs_add(packs, CVZ_PACK_DEPTHWISE, step->node, step->affine, channels, &step->packs[0], error));
  return cvz_packs_add(packs, CVZ_PACK_OFFSET, step->node, step->affine, channels, &step->packs[1], error);
}

static void forward_depthwise(const cvz_context *context)
{
  const cvz_epilogue epilogue = {.offset = cvz_context_pack(context, 1), .clamp = context->step->clamp};
  cvz_context_kernels(context)->depthwise(&context->step->slide, cvz_context_output(context),
                                          cvz_context_input(context, 0), cvz_context_pack(context, 0),
                                          cvz_step_node(context->plan, context->step)->conv.filters, &epilogue);
}

static void backward_depthwise(const cvz_context *context)
{
  const cvz_epilogue epilogue = {.accumulate = context->step->inputs[0].accumulate};
  cvz_context_kernels(context)->depthwise_backward(
      &context->step->slide, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
      cvz_context_pack(context, 0), cvz_step_node(context->plan, context->step)->conv.filters, &epilogue);
}

const cvz_operator cvz_operator_depthwise = {
    .plan = plan_depthwise, .forward = forward_depthwise, .backward = backward_depthwise, .overwrites = true};
