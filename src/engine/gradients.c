#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "engine/arrange.h"

static bool same_region(const cvz_value *a, const cvz_value *b)
{
  return a->region.y0 == b->region.y0 && a->region.y1 == b->region.y1 && a->region.x0 == b->region.x0 &&
         a->region.x1 == b->region.x1;
}

/* A value may lie in another's buffer if it has the same pixels and no home yet. */
static bool can_move(const cvz_plan *plan, int value, int home, int current_home)
{
  const cvz_value *v = &plan->values[value], *h = &plan->values[home];
  return value != plan->image && value != home && current_home == value && !v->narrow && !h->narrow &&
         same_region(v, h);
}

/* Members of a concatenation are made where the whole will be. */
static void house_members(cvz_plan *plan, const cvz_step *step)
{
  for (int i = 0, channel = 0; i < step->input_count; i++) {
    const int member = step->inputs[i].value;
    cvz_value *value = &plan->values[member];
    if (can_move(plan, member, step->output, value->data_home)) {
      value->data_home = step->output;
      value->data_channel = channel;
    }
    channel += value->shape.channels;
  }
}

/* An input that is spread over the output does not count, even where only one pixel of the output is needed. */
static bool covers(const cvz_plan *plan, const cvz_step *step, const cvz_value *input)
{
  const cvz_value *output = cvz_step_output(plan, step);
  if (cvz_step_is_pointwise_conv(plan, step)) return same_region(output, input);
  if (!step->operation->channelwise) return true;
  if (cvz_value_channels(output) != cvz_value_channels(input)) return false;
  return !step->operation->backward.pointwise ||
         (output->shape.height == input->shape.height && output->shape.width == input->shape.width &&
          same_region(output, input));
}

static bool reads_twice(const cvz_step *step, int index)
{
  for (int i = 0; i < step->input_count; i++)
    if (i != index && step->inputs[i].value == step->inputs[index].value) return true;
  return false;
}

/* A summand's and a member's gradient is (a part of) the sum's and the whole's. Nobody reads those after this step, and
 * all others who add to the input's gradient come later in the backward pass. */
static bool moves_gradient(cvz_plan *plan, const cvz_step *step, int index)
{
  const int input = step->inputs[index].value;
  cvz_value *value = &plan->values[input];
  const bool sum = (step->residual && index == step->input_count - 1) || step->operation == &cvz_operator_add;
  if (!sum && step->operation != &cvz_operator_concat) return false;
  if (!can_move(plan, input, step->output, value->gradient_home)) return false;
  const cvz_value *output = cvz_step_output(plan, step);
  if (sum && value->shape.channels != output->shape.channels) return false;
  if (step->operation == &cvz_operator_add && index > 0) return false; /* one summand can have the sum's */
  if (sum && reads_twice(step, index)) return false;
  int channel = 0;
  for (int i = 0; i < index && !sum; i++) channel += cvz_step_input(plan, step, i)->shape.channels;
  value->gradient_home = step->output;
  value->gradient_channel = channel;
  return true;
}

static bool overwrites(const cvz_plan *plan, const cvz_step *step, int index)
{
  const cvz_value *input = cvz_step_input(plan, step, index);
  if (step->residual && index == step->input_count - 1)
    return same_region(input, cvz_step_output(plan, step)) && input->narrow == cvz_step_narrow(plan, step);
  return step->operation->overwrites && covers(plan, step, input);
}

static void order_edge(cvz_plan *plan, const cvz_step *step, int index, bool *written)
{
  cvz_edge *edge = &step->inputs[index];
  const bool first = !written[edge->value];
  edge->alias = first && moves_gradient(plan, step, index);
  edge->zero = first && !edge->alias && !overwrites(plan, step, index);
  edge->accumulate = !first || edge->zero;
  written[edge->value] = true;
}

/* The step that makes a value; -1 for the image. */
static int maker_of(const cvz_plan *plan, int value)
{
  for (int i = 0; i < plan->step_count; i++)
    if (plan->steps[i].output == value) return i;
  return -1;
}

/* What makes the value applies the bits by itself, or the step can do so for all of its pixels. */
static bool should_mask(const cvz_plan *plan, const cvz_step *step, int maker)
{
  if (!step->operation->masks || cvz_step_narrow(plan, step)) return false;
  if (plan->steps[maker].operation->applies_bits) return false;
  return !cvz_step_is_pointwise_conv(plan, step) ||
         same_region(cvz_step_input(plan, step, 0), cvz_step_output(plan, step));
}

/* The first step that reads a value is the last to add to its gradient. */
static void find_last_edges(cvz_plan *plan, bool *seen)
{
  for (int i = 0; i < plan->step_count; i++) {
    cvz_step *step = &plan->steps[i];
    for (int j = 0; j < step->input_count; j++) {
      cvz_value *value = &plan->values[step->inputs[j].value];
      const bool once = step->input_count == 1 || (step->residual && step->inputs[1].value != step->inputs[0].value);
      if (!seen[step->inputs[j].value] && value->has_bits && j == 0 && once &&
          should_mask(plan, step, maker_of(plan, step->inputs[j].value)))
        step->inputs[j].masks = value->masked = true;
      seen[step->inputs[j].value] = true;
    }
  }
}

/* The larger of several numbers are rarely below zero (99 % pass in ResNet50V2's first block). */
static bool reads_maxima(const cvz_plan *plan, const cvz_step *step)
{
  const int maker = maker_of(plan, step->inputs[0].value);
  if (step->operation != &cvz_operator_affine || maker < 0) return false;
  const cvz_step *pool = &plan->steps[maker];
  const cvz_window *window = &cvz_step_node(plan, pool)->pool;
  return pool->operation == &cvz_operator_maxpool && window->kernel[0] * window->kernel[1] > 1;
}

/* Half of the numbers behind a ReLU are zero, and of the gradients before it. A pool and a concatenation hand it on. */
static void find_sparse_values(cvz_plan *plan)
{
  for (int i = 0; i < plan->step_count; i++) {
    const cvz_step *step = &plan->steps[i];
    cvz_value *value = &plan->values[step->output];
    const bool hands_on = step->operation == &cvz_operator_maxpool || step->operation == &cvz_operator_concat;
    value->sparse_gradient = step->clamps && step->clamp.slope == 0;
    value->sparse = (value->sparse_gradient && !reads_maxima(plan, step)) || hands_on;
    for (int j = 0; j < step->input_count && hands_on; j++)
      value->sparse = value->sparse && cvz_step_input(plan, step, j)->sparse;
  }
}

static void give_bits(cvz_plan *plan)
{
  for (int i = 0; i < plan->step_count; i++) {
    const cvz_step *step = &plan->steps[i];
    cvz_value *value = &plan->values[step->output];
    value->bits_tell_zeros = step->clamp.max == INFINITY;
    value->has_bits =
        step->clamps && step->clamp.slope == 0 && step->operation->writes_bits && !value->narrow && !plan->redirects;
  }
}

static void resolve_homes(cvz_plan *plan)
{
  for (int i = plan->value_count - 1; i >= 0; i--) {
    cvz_value *value = &plan->values[i];
    const cvz_value *data = &plan->values[value->data_home], *gradient = &plan->values[value->gradient_home];
    if (value->data_home != i) {
      value->data_channel += data->data_channel;
      value->data_home = data->data_home;
    }
    if (value->gradient_home != i) {
      value->gradient_channel += gradient->gradient_channel;
      value->gradient_home = gradient->gradient_home;
    }
  }
}

cvz_status cvz_arrange_gradients(cvz_plan *plan, cvz_error *error)
{
  bool *seen = cvz_array(2 * (size_t)plan->value_count, sizeof *seen, error);
  if (!seen) return CVZ_E_MEMORY;
  for (int i = 0; i < plan->value_count; i++) plan->values[i].data_home = plan->values[i].gradient_home = i;
  for (int i = 0; i < plan->step_count; i++)
    if (plan->steps[i].operation == &cvz_operator_concat) house_members(plan, &plan->steps[i]);
  for (int i = plan->step_count - 1; i >= 0; i--)
    for (int j = 0; j < plan->steps[i].input_count; j++) order_edge(plan, &plan->steps[i], j, seen);
  find_sparse_values(plan);
  give_bits(plan);
  find_last_edges(plan, seen + plan->value_count);
  resolve_homes(plan);
  free(seen);
  return CVZ_OK;
}
