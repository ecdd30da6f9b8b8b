#include "engine/conv.h"

/* x: (H, W, C), kernel: (kh, kw, C, m), y: (OH, OW, C * m) with channel c * m + j from channel c. */

static cvz_status plan_depthwise(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_node *node = cvz_step_node(plan, step);
  const int channels = cvz_step_output(plan, step)->shape.channels;
  step->slide = cvz_step_slide(plan, step, &node->conv.window);
  const cvz_pack_request weights = {CVZ_PACK_DEPTHWISE, step->node, step->affine, channels, 0, 0};
  const cvz_pack_request offset = {CVZ_PACK_OFFSET, step->node, step->affine, channels, 0, 0};
  CVZ_TRY(cvz_packs_add(packs, &weights, &step->packs[CVZ_SLOT_FORWARD], error));
  return cvz_packs_add(packs, &offset, &step->packs[CVZ_SLOT_OFFSET], error);
}

static void forward_depthwise(const cvz_context *context)
{
  const cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  cvz_context_kernels(context)->depthwise(&context->step->slide, cvz_context_output(context),
                                          cvz_context_input(context, 0), cvz_context_pack(context, CVZ_SLOT_FORWARD),
                                          cvz_step_node(context->plan, context->step)->conv.filters, &epilogue);
}

static void backward_depthwise(const cvz_context *context)
{
  cvz_epilogue epilogue = cvz_conv_backward_epilogue(context);
  epilogue.accumulate = context->step->inputs[0].accumulate;
  cvz_context_kernels(context)->depthwise_backward(
      &context->step->slide, cvz_context_input_gradient(context, 0), cvz_context_output_gradient(context),
      cvz_context_pack(context, CVZ_SLOT_FORWARD), cvz_step_node(context->plan, context->step)->conv.filters,
      &epilogue);
}

const cvz_operator cvz_operator_depthwise = {.plan = plan_depthwise,
                                             .forward = {"depthwise", forward_depthwise, false},
                                             .backward = {"depthwise", backward_depthwise, false},
                                             .overwrites = true,
                                             .writes_bits = true,
                                             .masks = true};
