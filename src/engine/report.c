#include "engine/report.h"

#include <assert.h>

#include "engine/step.h"

int cvz_report_count(const cvz_plan *plan)
{
  return plan->step_count;
}

/* Of one output of the step. */
static double multiplications(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_node *node = cvz_step_node(plan, step);
  if (node->op == CVZ_OP_DEPTHWISE) return (double)node->conv.window.kernel[0] * node->conv.window.kernel[1];
  if (node->op != CVZ_OP_CONV) return 0;
  return (double)plan->graph->weights[node->conv.kernel].count / node->conv.filters;
}

static cvz_shape stored_shape(const cvz_value *value)
{
  return (cvz_shape){value->shape.rank, cvz_region_height(value->region), cvz_region_width(value->region),
                     cvz_value_channels(value)};
}

cvz_report_step cvz_report_step_of(const cvz_plan *plan, int index)
{
  assert(index >= 0 && index < plan->step_count);
  const cvz_step *step = &plan->steps[index];
  const cvz_node *node = cvz_step_node(plan, step);
  const cvz_value *output = cvz_step_output(plan, step);
  cvz_report_step report = {.layer = plan->graph->layers[node->layer].name,
                            .forward = step->forward->name,
                            .backward = step->backward->name,
                            .shape = stored_shape(output)};
  /* Two FLOPs a multiplication; the backward pass to the input costs as much as the forward pass. */
  report.direct = 2 * 2 * multiplications(plan, step) * (double)cvz_shape_count(output->shape);
  const double sums = 2 * multiplications(plan, step) * (double)cvz_value_count(output);
  report.real =
      (step->forward_flops > 0 ? step->forward_flops : sums) + (step->backward_flops > 0 ? step->backward_flops : sums);
  return report;
}
