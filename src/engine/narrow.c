#include "engine/arrange.h"

static bool computes_one_channel(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_node *node = cvz_step_node(plan, step);
  return step->operation->channelwise || (node->op == CVZ_OP_CONV && node->conv.groups == 1);
}

static int readers(const cvz_plan *plan, int value)
{
  int count = 0;
  for (int i = 0; i < plan->step_count; i++)
    for (int j = 0; j < plan->steps[i].input_count; j++) count += plan->steps[i].inputs[j].value == value;
  return count;
}

static void narrow_input(cvz_plan *plan, const cvz_value *output, int value)
{
  const bool same_channels = plan->values[value].shape.channels == output->shape.channels;
  if (same_channels && value != plan->image && readers(plan, value) == 1) plan->values[value].narrow = true;
}

void cvz_arrange_narrow(cvz_plan *plan)
{
  plan->values[plan->target].narrow = true;
  for (int i = plan->step_count - 1; i >= 0; i--) {
    const cvz_step *step = &plan->steps[i];
    cvz_value *output = &plan->values[step->output];
    output->narrow = output->narrow && computes_one_channel(plan, step);
    if (!output->narrow) continue;
    for (int j = 0; j < step->input_count; j++)
      if (step->operation->channelwise || (step->residual && j == step->input_count - 1))
        narrow_input(plan, output, step->inputs[j].value);
  }
}
