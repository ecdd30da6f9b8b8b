#include "engine/conv.h"

/* The selected channel alone: for each pixel the dot product of its window with the filter. */

static size_t window_floats(const cvz_context *context)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(context->plan, context->step);
  return (size_t)sizes.kernel[0] * (size_t)sizes.kernel[1] * (size_t)sizes.channels;
}

static void forward(const cvz_context *context)
{
  const cvz_view x = cvz_context_input(context, 0), y = cvz_context_output(context);
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const size_t count = window_floats(context);
  const float *filter = cvz_context_pack(context, CVZ_SLOT_FORWARD) + (size_t)context->channel * count;
  float *window = cvz_context_scratch(context);
  cvz_slide slide = context->step->slide;
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      slide.before[1] = context->step->slide.before[1] - j * slide.stride[1];
      kernels->im2row(&slide, window, x, i, 1, 1);
      y.data[(size_t)i * y.row + (size_t)j * y.pixel] = kernels->dot(window, filter, count);
    }
  cvz_epilogue epilogue = cvz_conv_forward_epilogue(context);
  epilogue.offset += context->channel;
  kernels->finish(y, &epilogue);
}

/* The filter is the same for both passes. */
static void backward(const cvz_context *context)
{
  const cvz_view dx = cvz_context_input_gradient(context, 0), dy = cvz_context_output_gradient(context);
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const size_t count = window_floats(context);
  const float *filter = cvz_context_pack(context, CVZ_SLOT_BACKWARD) + (size_t)context->channel * count;
  float *window = cvz_context_scratch(context);
  cvz_slide slide = context->step->slide;
  if (!context->step->inputs[0].accumulate) kernels->fill(dx, 0.0f);
  for (int i = 0; i < dy.height; i++)
    for (int j = 0; j < dy.width; j++) {
      const float gradient = dy.data[(size_t)i * dy.row + (size_t)j * dy.pixel];
      if (gradient == 0.0f) continue;
      kernels->scale(window, filter, gradient, count);
      slide.before[1] = context->step->slide.before[1] - j * slide.stride[1];
      kernels->row2im(&slide, dx, window, i, 1, 1);
    }
  cvz_conv_backward_residual(context);
}

static const cvz_pass forward_pass = {"one channel", forward, false}, backward_pass = {"one channel", backward, false};

static cvz_status plan_narrow(cvz_plan *plan, cvz_step *step, cvz_packs *packs, int slot, cvz_error *error)
{
  const cvz_conv_sizes sizes = cvz_conv_sizes_of(plan, step);
  cvz_step_want_scratch(step, (size_t)sizes.kernel[0] * (size_t)sizes.kernel[1] * (size_t)sizes.channels);
  return cvz_conv_add_pack(step, packs, slot, CVZ_PACK_FORWARD, sizes.filters, 1, sizes.kernel[1], error);
}

cvz_status cvz_conv_narrow_forward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  step->forward = &forward_pass;
  return plan_narrow(plan, step, packs, CVZ_SLOT_FORWARD, error);
}

cvz_status cvz_conv_narrow_backward(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  step->backward = &backward_pass;
  return plan_narrow(plan, step, packs, CVZ_SLOT_BACKWARD, error);
}
