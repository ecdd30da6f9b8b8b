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

cvz_slide cvz_step_slide(const cvz_plan *plan, const cvz_step *step, const cvz_window *window)
{
  const cvz_value *in = cvz_step_input(plan, step, 0), *out = cvz_step_output(plan, step);
  cvz_slide slide;
  for (int axis = 0; axis < 2; axis++) {
    slide.kernel[axis] = window->kernel[axis];
    slide.stride[axis] = window->stride[axis];
    slide.dilation[axis] = window->dilation[axis];
    const int length = axis ? in->shape.width : in->shape.height;
    const int first_in = axis ? in->region.x0 : in->region.y0, first_out = axis ? out->region.x0 : out->region.y0;
    slide.before[axis] = cvz_window_before(window, axis, length) + first_in - first_out * window->stride[axis];
  }
  return slide;
}

static cvz_view value_view(const cvz_context *context, const cvz_value *value, size_t offset)
{
  return cvz_view_dense(context->arena + offset, cvz_region_height(value->region), cvz_region_width(value->region),
                        cvz_value_channels(value));
}

cvz_view cvz_context_output(const cvz_context *context)
{
  const cvz_value *value = cvz_step_output(context->plan, context->step);
  return value_view(context, value, value->data);
}

cvz_view cvz_context_output_gradient(const cvz_context *context)
{
  const cvz_value *value = cvz_step_output(context->plan, context->step);
  return value_view(context, value, value->gradient);
}

static cvz_view input_view(const cvz_context *context, const cvz_value *value, size_t offset)
{
  const cvz_view view = value_view(context, value, offset);
  const cvz_value *output = cvz_step_output(context->plan, context->step);
  const bool slice = context->step->operator->channelwise && output->narrow && !value->narrow &&
                     value->shape.channels == output->shape.channels;
  return slice ? cvz_view_channels(view, context->channel, 1) : view;
}

cvz_view cvz_context_input(const cvz_context *context, int index)
{
  const cvz_value *value = cvz_step_input(context->plan, context->step, index);
  return input_view(context, value, value->data);
}

cvz_view cvz_context_input_gradient(const cvz_context *context, int index)
{
  const cvz_value *value = cvz_step_input(context->plan, context->step, index);
  return input_view(context, value, value->gradient);
}

cvz_view cvz_context_aligned(const cvz_context *context, int index, cvz_view input)
{
  const cvz_value *in = cvz_step_input(context->plan, context->step, index);
  const cvz_value *out = cvz_step_output(context->plan, context->step);
  const bool one_row = in->shape.height == 1 && out->shape.height > 1;
  const bool one_column = in->shape.width == 1 && out->shape.width > 1;
  cvz_view part = cvz_view_crop(input, one_row ? 0 : out->region.y0 - in->region.y0,
                                one_column ? 0 : out->region.x0 - in->region.x0, cvz_region_height(out->region),
                                cvz_region_width(out->region));
  if (one_row) part.row = 0;
  if (one_column) part.pixel = 0;
  return part;
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
