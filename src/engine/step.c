#include "engine/step.h"

const cvz_operator *cvz_operator_of(cvz_op op)
{
  static const cvz_operator *const operators[CVZ_OP_COUNT] = {
      [CVZ_OP_INPUT] = NULL,
      [CVZ_OP_CONV] = &cvz_operator_conv,
      [CVZ_OP_DEPTHWISE] = &cvz_operator_depthwise,
      [CVZ_OP_AFFINE] = &cvz_operator_affine,
      [CVZ_OP_ACTIVATION] = &cvz_operator_activation,
      [CVZ_OP_SOFTMAX] = &cvz_operator_softmax,
      [CVZ_OP_MAXPOOL] = &cvz_operator_maxpool,
      [CVZ_OP_AVGPOOL] = &cvz_operator_avgpool,
      [CVZ_OP_GLOBALAVG] = &cvz_operator_globalavg,
      [CVZ_OP_PAD] = &cvz_operator_pad,
      [CVZ_OP_ADD] = &cvz_operator_add,
      [CVZ_OP_MULTIPLY] = &cvz_operator_multiply,
      [CVZ_OP_CONCAT] = &cvz_operator_concat,
      [CVZ_OP_RESHAPE] = &cvz_operator_reshape,
      [CVZ_OP_TRANSPOSE] = &cvz_operator_transpose,
      [CVZ_OP_CONVTRANSPOSE] = &cvz_operator_convtranspose,
      [CVZ_OP_NORMALIZE] = &cvz_operator_normalize,
      [CVZ_OP_BINARY] = &cvz_operator_binary,
      [CVZ_OP_REDUCE] = &cvz_operator_reduce,
      [CVZ_OP_RESIZE] = &cvz_operator_resize,
      [CVZ_OP_PART] = &cvz_operator_part,
      [CVZ_OP_CONSTANT] = &cvz_operator_constant,
      [CVZ_OP_OBSERVE] = &cvz_operator_observe,
  };
  return operators[op];
}

const cvz_node *cvz_step_node(const cvz_plan *plan, const cvz_step *step)
{
  return &plan->graph->nodes[step->node];
}

const cvz_value *cvz_step_output(const cvz_plan *plan, const cvz_step *step)
{
  return &plan->values[step->output];
}

const cvz_value *cvz_step_input(const cvz_plan *plan, const cvz_step *step, int index)
{
  return &plan->values[step->inputs[index].value];
}

int cvz_value_channels(const cvz_value *value)
{
  return value->narrow ? 1 : value->shape.channels;
}

size_t cvz_value_count(const cvz_value *value)
{
  return (size_t)cvz_region_height(value->region) * (size_t)cvz_region_width(value->region) *
         (size_t)cvz_value_channels(value);
}

bool cvz_step_narrow(const cvz_plan *plan, const cvz_step *step)
{
  return cvz_step_output(plan, step)->narrow;
}

bool cvz_step_rectifies(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_node *node = cvz_step_node(plan, step);
  const bool activation = node->op == CVZ_OP_ACTIVATION && node->activation.function == CVZ_RELU;
  return (step->clamps && step->clamp.slope == 0) || (activation && node->activation.negative_slope == 0);
}

void cvz_step_want_scratch(cvz_step *step, size_t floats)
{
  if (floats > step->scratch) step->scratch = floats;
}

bool cvz_step_is_pointwise_conv(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_node *node = cvz_step_node(plan, step);
  if (node->op != CVZ_OP_CONV || cvz_step_narrow(plan, step)) return false;
  if (plan->graph->weights[node->conv.kernel].rank == 2) return true;
  const cvz_window *w = &node->conv.window;
  return w->kernel[0] == 1 && w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 && node->conv.groups == 1 &&
         step->pad < 0;
}

cvz_slide cvz_step_slide(const cvz_plan *plan, const cvz_step *step, const cvz_window *window)
{
  const cvz_value *in = cvz_step_input(plan, step, 0), *out = cvz_step_output(plan, step);
  const cvz_pad *pad = step->pad < 0 ? NULL : &plan->graph->nodes[step->pad].pad;
  cvz_slide slide;
  for (int axis = 0; axis < 2; axis++) {
    slide.kernel[axis] = window->kernel[axis];
    slide.stride[axis] = window->stride[axis];
    slide.dilation[axis] = window->dilation[axis];
    const int length = axis ? in->shape.width : in->shape.height;
    const int first_in = axis ? in->region.x0 : in->region.y0, first_out = axis ? out->region.x0 : out->region.y0;
    slide.before[axis] = cvz_window_before(window, axis, length) + first_in - first_out * window->stride[axis];
    if (pad) slide.before[axis] += axis ? pad->left : pad->top;
  }
  return slide;
}

/* A buffer holds all channels of its home. */
static cvz_view home_view(const cvz_context *context, const cvz_value *value, size_t offset, int home, int channel)
{
  const size_t pixel = (size_t)cvz_value_channels(&context->plan->values[home]);
  const int height = cvz_region_height(value->region), width = cvz_region_width(value->region);
  return (cvz_view){
      context->arena + offset + channel, height, width, cvz_value_channels(value), (size_t)width * pixel, pixel};
}

static cvz_view data_view(const cvz_context *context, const cvz_value *value)
{
  return home_view(context, value, value->data, value->data_home, value->data_channel);
}

static cvz_view gradient_view(const cvz_context *context, const cvz_value *value)
{
  return home_view(context, value, value->gradient, value->gradient_home, value->gradient_channel);
}

static cvz_view band_of(const cvz_context *context, cvz_view view, bool local)
{
  return cvz_view_crop(view, local ? 0 : context->first, 0, context->rows, view.width);
}

cvz_view cvz_context_output(const cvz_context *context)
{
  const cvz_value *value = cvz_step_output(context->plan, context->step);
  return band_of(context, data_view(context, value), value->local_data);
}

cvz_view cvz_context_output_gradient(const cvz_context *context)
{
  const cvz_value *value = cvz_step_output(context->plan, context->step);
  return band_of(context, gradient_view(context, value), value->local_gradient);
}

static cvz_view channel_of(const cvz_context *context, const cvz_value *value, int index, cvz_view view)
{
  const cvz_step *step = context->step;
  const cvz_value *output = cvz_step_output(context->plan, step);
  const bool elementwise = step->operation->channelwise || (step->residual && index == step->input_count - 1);
  const bool slice = elementwise && output->narrow && !value->narrow && value->shape.channels == output->shape.channels;
  return slice ? cvz_view_channels(view, context->channel, 1) : view;
}

cvz_view cvz_context_input(const cvz_context *context, int index)
{
  const cvz_value *value = cvz_step_input(context->plan, context->step, index);
  return channel_of(context, value, index, data_view(context, value));
}

cvz_view cvz_context_input_gradient(const cvz_context *context, int index)
{
  const cvz_value *value = cvz_step_input(context->plan, context->step, index);
  return channel_of(context, value, index, gradient_view(context, value));
}

cvz_view cvz_context_whole_gradient(const cvz_context *context, int index)
{
  return gradient_view(context, cvz_step_input(context->plan, context->step, index));
}

static cvz_view part_of(const cvz_context *context, int index, cvz_view view, bool local)
{
  const cvz_value *in = cvz_step_input(context->plan, context->step, index);
  const cvz_value *out = cvz_step_output(context->plan, context->step);
  const bool one_row = in->shape.height == 1 && out->shape.height > 1;
  const bool one_column = in->shape.width == 1 && out->shape.width > 1;
  const int first = local ? 0 : out->region.y0 - in->region.y0 + context->first;
  cvz_view part = cvz_view_crop(view, one_row ? 0 : first, one_column ? 0 : out->region.x0 - in->region.x0,
                                context->rows, cvz_region_width(out->region));
  if (one_row) part.row = 0;
  if (one_column) part.pixel = 0;
  return part;
}

cvz_view cvz_context_part(const cvz_context *context, int index)
{
  return part_of(context, index, cvz_context_input(context, index),
                 cvz_step_input(context->plan, context->step, index)->local_data);
}

cvz_view cvz_context_part_gradient(const cvz_context *context, int index)
{
  return part_of(context, index, cvz_context_input_gradient(context, index),
                 cvz_step_input(context->plan, context->step, index)->local_gradient);
}

static cvz_bits bits_of(const cvz_context *context, const cvz_value *value)
{
  if (!value->has_bits) return (cvz_bits){0};
  const size_t pixel = cvz_bits_words(cvz_value_channels(value));
  return (cvz_bits){(uint64_t *)(void *)(context->arena + value->bits), (size_t)cvz_region_width(value->region) * pixel,
                    pixel};
}

cvz_bits cvz_context_bits(const cvz_context *context)
{
  return cvz_bits_crop(bits_of(context, cvz_step_output(context->plan, context->step)), context->first, 0);
}

cvz_bits cvz_context_unmasked_bits(const cvz_context *context)
{
  const bool masked = cvz_step_output(context->plan, context->step)->masked;
  return masked ? (cvz_bits){0} : cvz_context_bits(context);
}

cvz_bits cvz_context_input_bits(const cvz_context *context)
{
  return bits_of(context, cvz_step_input(context->plan, context->step, 0));
}

cvz_bits cvz_context_part_bits(const cvz_context *context)
{
  const cvz_region in = cvz_step_input(context->plan, context->step, 0)->region;
  const cvz_region out = cvz_step_output(context->plan, context->step)->region;
  return cvz_bits_crop(cvz_context_input_bits(context), out.y0 - in.y0 + context->first, out.x0 - in.x0);
}

const float *cvz_context_pack(const cvz_context *context, int index)
{
  return cvz_packs_data(context->plan->packs, context->step->packs[index]);
}

float *cvz_context_scratch(const cvz_context *context)
{
  return context->arena + context->plan->scratch_offset;
}

float *cvz_context_state(const cvz_context *context)
{
  return context->arena + context->step->state_offset;
}

const cvz_kernels *cvz_context_kernels(const cvz_context *context)
{
  return context->plan->kernels;
}
