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

static size_t pack_bytes(const cvz_plan *plan, const cvz_step *step, int slot)
{
  return cvz_packs_count(plan->packs, step->packs[slot]) * sizeof(float);
}

static size_t weight_bytes(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_op op = cvz_step_node(plan, step)->op;
  if (op != CVZ_OP_CONV && op != CVZ_OP_DEPTHWISE && op != CVZ_OP_AFFINE) return 0;
  size_t bytes = pack_bytes(plan, step, CVZ_SLOT_FORWARD) + pack_bytes(plan, step, CVZ_SLOT_OFFSET);
  if (op == CVZ_OP_CONV && step->packs[CVZ_SLOT_BACKWARD] != step->packs[CVZ_SLOT_FORWARD])
    bytes += pack_bytes(plan, step, CVZ_SLOT_BACKWARD);
  return bytes;
}

/* Rows of a band, or of the whole output where it is made at once. */
static int band_rows(const cvz_plan *plan, int step, int all)
{
  for (int i = 0; i < plan->group_count; i++) {
    const cvz_group *group = &plan->groups[i];
    if (step >= group->first && step < group->first + group->count) return group->rows ? group->rows : all;
  }
  return all;
}

/* Data or gradient lies in a buffer of its own, for all rows or those of a band, or among another value's. */
static size_t own_floats(const cvz_plan *plan, int index, const cvz_value *value, int home, bool local)
{
  const int all = cvz_region_height(value->region), rows = local ? band_rows(plan, index, all) : all;
  if (home != plan->steps[index].output) return 0;
  return (size_t)rows * (size_t)cvz_region_width(value->region) * (size_t)cvz_value_channels(value);
}

static size_t buffer_bytes(const cvz_plan *plan, int index)
{
  const cvz_step *step = &plan->steps[index];
  const cvz_value *value = cvz_step_output(plan, step);
  const size_t pixels = (size_t)cvz_region_height(value->region) * (size_t)cvz_region_width(value->region);
  const size_t bits = value->has_bits ? pixels * cvz_bits_words(cvz_value_channels(value)) * sizeof(uint64_t) : 0;
  const size_t floats = own_floats(plan, index, value, value->data_home, value->local_data) +
                        own_floats(plan, index, value, value->gradient_home, value->local_gradient) + step->state +
                        step->scratch;
  return floats * sizeof(float) + bits;
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
                            .shape = stored_shape(output),
                            .weights = weight_bytes(plan, step),
                            .buffers = buffer_bytes(plan, index)};
  /* Two FLOPs a multiplication; the backward pass to the input costs as much as the forward pass. */
  report.direct = 2 * 2 * multiplications(plan, step) * (double)cvz_shape_count(output->shape);
  const double sums = 2 * multiplications(plan, step) * (double)cvz_value_count(output);
  report.real =
      (step->forward_flops > 0 ? step->forward_flops : sums) + (step->backward_flops > 0 ? step->backward_flops : sums);
  return report;
}
