#include "engine/plan.h"

#include <stdlib.h>

#include "base/memory.h"
#include "engine/fuse.h"
#include "engine/lifetime.h"
#include "engine/step.h"

/* What is only needed while a plan is made. */
typedef struct cvz_planning {
  bool *needed;
  cvz_fusion *fusions;
  int fusion_count;
  bool *written; /* per value: its gradient has been written by a later step */
} cvz_planning;

static bool planning_create(cvz_planning *planning, int nodes, cvz_error *error)
{
  planning->needed = cvz_array((size_t)nodes, sizeof *planning->needed, error);
  planning->fusions = cvz_array((size_t)nodes, sizeof *planning->fusions, error);
  planning->written = cvz_array((size_t)nodes, sizeof *planning->written, error);
  return planning->needed && planning->fusions && planning->written;
}

static void planning_free(cvz_planning *planning)
{
  free(planning->needed);
  free(planning->fusions);
  free(planning->written);
}

static cvz_region target_region(cvz_shape shape, int border)
{
  return (cvz_region){border, shape.height - border, border, shape.width - border};
}

/* Sizes and needed regions. The image is whole, since the caller owns all of it. */
static cvz_status measure(cvz_plan *plan, const cvz_plan_request *request, const bool *needed, cvz_error *error)
{
  const cvz_graph *graph = plan->graph;
  CVZ_TRY(cvz_graph_shapes(graph, needed, request->height, request->width, plan->shapes, error));
  const cvz_shape target = plan->shapes[request->target];
  CVZ_REQUIRE(target.height > 2 * request->border && target.width > 2 * request->border, error, CVZ_E_RANGE,
              "plan: a border of %d pixels leaves nothing of a map of %d x %d", request->border, target.height,
              target.width);
  cvz_graph_regions(graph, plan->shapes, request->target, target_region(target, request->border), plan->regions);
  plan->regions[graph->input] = cvz_region_whole(plan->shapes[graph->input]);
  return CVZ_OK;
}

static int add_value(cvz_plan *plan, int node)
{
  plan->values[plan->value_count] = (cvz_value){.shape = plan->shapes[node], .region = plan->regions[node]};
  plan->values_of_nodes[node] = plan->value_count;
  return plan->value_count++;
}

static cvz_status add_step(cvz_plan *plan, const cvz_fusion *fusion, cvz_error *error)
{
  const cvz_node *node = &plan->graph->nodes[fusion->root];
  cvz_step *step = &plan->steps[plan->step_count++];
  *step = (cvz_step){.operator = cvz_operator_of(node->op),
                     .node = fusion->root,
                     .affine = fusion->affine,
                     .clamp = fusion->clamp,
                     .clamps = fusion->clamps,
                     .output = add_value(plan, fusion->output),
                     .input_count = node->input_count};
  step->inputs = cvz_array((size_t)node->input_count, sizeof *step->inputs, error);
  if (!step->inputs) return CVZ_E_MEMORY;
  for (int i = 0; i < node->input_count; i++) step->inputs[i].value = plan->values_of_nodes[node->inputs[i]];
  return CVZ_OK;
}

static cvz_status add_steps(cvz_plan *plan, const cvz_planning *planning, cvz_error *error)
{
  for (int i = 0; i < plan->graph->node_count; i++) plan->values_of_nodes[i] = -1;
  plan->image = add_value(plan, plan->graph->input);
  for (int i = 0; i < planning->fusion_count; i++) CVZ_TRY(add_step(plan, &planning->fusions[i], error));
  return CVZ_OK;
}

static bool computes_one_channel(const cvz_plan *plan, const cvz_step *step)
{
  const cvz_node *node = cvz_step_node(plan, step);
  return step->operator->channelwise || (node->op == CVZ_OP_CONV && node->conv.groups == 1);
}

static int readers(const cvz_plan *plan, int value)
{
  int count = 0;
  for (int i = 0; i < plan->step_count; i++)
    for (int j = 0; j < plan->steps[i].input_count; j++) count += plan->steps[i].inputs[j].value == value;
  return count;
}

/* From the target back: where only one channel is looked at, only one is computed. */
static void narrow(cvz_plan *plan)
{
  for (int i = plan->step_count - 1; i >= 0; i--) {
    const cvz_step *step = &plan->steps[i];
    cvz_value *output = &plan->values[step->output];
    if (step->output == plan->target) output->narrow = true;
    output->narrow = output->narrow && computes_one_channel(plan, step);
    if (!output->narrow || !step->operator->channelwise) continue;
    for (int j = 0; j < step->input_count; j++) {
      const int value = step->inputs[j].value;
      const bool same_channels = plan->values[value].shape.channels == output->shape.channels;
      if (same_channels && value != plan->image && readers(plan, value) == 1) plan->values[value].narrow = true;
    }
  }
}

/* An input that is spread over the output does not count, even where only one pixel of the output is needed. */
static bool covers(const cvz_plan *plan, const cvz_step *step, const cvz_value *input)
{
  const cvz_value *output = cvz_step_output(plan, step);
  if (!step->operator->channelwise) return true;
  return cvz_value_channels(output) == cvz_value_channels(input) && output->shape.height == input->shape.height &&
         output->shape.width == input->shape.width &&
         cvz_region_height(output->region) == cvz_region_height(input->region) &&
         cvz_region_width(output->region) == cvz_region_width(input->region);
}

/* In the order of the backward pass: who writes a gradient first, and who adds to it. */
static void order_gradients(cvz_plan *plan, bool *written)
{
  for (int i = plan->step_count - 1; i >= 0; i--) {
    cvz_step *step = &plan->steps[i];
    for (int j = 0; j < step->input_count; j++) {
      cvz_edge *edge = &step->inputs[j];
      const bool first = !written[edge->value];
      const bool overwrites = step->operator->overwrites && covers(plan, step, &plan->values[edge->value]);
      edge->zero = first && !overwrites;
      edge->accumulate = !first || !overwrites;
      written[edge->value] = true;
    }
  }
}

static void extend(cvz_lifetime *buffer, int time)
{
  if (time < buffer->first) buffer->first = time;
  if (time > buffer->last) buffer->last = time;
}

/* Times: forward step i at i, backward step i at 2 * steps - 1 - i. */
static void live_values(cvz_plan *plan, cvz_lifetime *data, cvz_lifetime *gradients)
{
  const int end = 2 * plan->step_count;
  for (int i = 0; i < plan->value_count; i++) {
    const size_t count = cvz_value_count(&plan->values[i]);
    data[i] = (cvz_lifetime){count, end, 0, &plan->values[i].data};
    gradients[i] = (cvz_lifetime){count, end, 0, &plan->values[i].gradient};
  }
  for (int i = 0; i < plan->step_count; i++) {
    const cvz_step *step = &plan->steps[i];
    const int back = end - 1 - i;
    extend(&data[step->output], i);
    extend(&gradients[step->output], back);
    if (step->operator->reads_output || step->clamps) extend(&data[step->output], back);
    for (int j = 0; j < step->input_count; j++) {
      extend(&data[step->inputs[j].value], i);
      extend(&gradients[step->inputs[j].value], back);
      if (step->operator->reads_inputs) extend(&data[step->inputs[j].value], back);
    }
  }
  extend(&data[plan->image], 0);
  extend(&data[plan->image], end);
  extend(&gradients[plan->image], end);
  extend(&data[plan->target], end / 2);
  extend(&gradients[plan->target], end / 2);
}

static cvz_status place_buffers(cvz_plan *plan, cvz_error *error)
{
  const int values = plan->value_count, steps = plan->step_count, count = 2 * values + steps + 1;
  cvz_lifetime *buffers = cvz_array((size_t)count, sizeof *buffers, error);
  if (!buffers) return CVZ_E_MEMORY;
  live_values(plan, buffers, buffers + values);
  cvz_lifetime *scratch = &buffers[count - 1];
  *scratch = (cvz_lifetime){0, 0, 2 * steps, &plan->scratch_offset};
  for (int i = 0; i < steps; i++) {
    cvz_step *step = &plan->steps[i];
    buffers[2 * values + i] = (cvz_lifetime){step->state, i, 2 * steps - 1 - i, &step->state_offset};
    if (step->scratch > scratch->count) scratch->count = step->scratch;
  }
  const cvz_status status = cvz_lifetime_place(buffers, count, &plan->arena, error);
  free(buffers);
  return status;
}

static cvz_status plan_steps(cvz_plan *plan, cvz_packs *packs, cvz_error *error)
{
  for (int i = 0; i < plan->step_count; i++)
    CVZ_TRY(plan->steps[i].operator->plan(plan, &plan->steps[i], packs, error));
  return CVZ_OK;
}

static cvz_status build(cvz_plan *plan, const cvz_plan_request *request, cvz_planning *planning, cvz_packs *packs,
                        cvz_error *error)
{
  cvz_graph_needed(plan->graph, request->target, planning->needed);
  planning->needed[plan->graph->input] = true;
  CVZ_TRY(measure(plan, request, planning->needed, error));
  CVZ_TRY(cvz_fuse(plan->graph, planning->needed, request->target, planning->fusions, &planning->fusion_count, error));
  CVZ_TRY(add_steps(plan, planning, error));
  plan->target = plan->values_of_nodes[request->target];
  if (request->one_channel) narrow(plan);
  order_gradients(plan, planning->written);
  CVZ_TRY(plan_steps(plan, packs, error));
  return place_buffers(plan, error);
}

static bool allocate(cvz_plan *plan, int nodes, cvz_error *error)
{
  plan->shapes = cvz_array((size_t)nodes, sizeof *plan->shapes, error);
  plan->regions = cvz_array((size_t)nodes, sizeof *plan->regions, error);
  plan->values_of_nodes = cvz_array((size_t)nodes, sizeof *plan->values_of_nodes, error);
  plan->values = cvz_array((size_t)nodes, sizeof *plan->values, error);
  plan->steps = cvz_array((size_t)nodes, sizeof *plan->steps, error);
  return plan->shapes && plan->regions && plan->values_of_nodes && plan->values && plan->steps;
}

cvz_status cvz_plan_create(cvz_plan **plan, const cvz_graph *graph, const cvz_plan_request *request, cvz_packs *packs,
                           cvz_error *error)
{
  cvz_planning planning = {0};
  cvz_status status = CVZ_E_MEMORY;
  cvz_plan *created = cvz_array(1, sizeof *created, error);
  if (created && allocate(created, graph->node_count, error) && planning_create(&planning, graph->node_count, error)) {
    created->graph = graph;
    created->kernels = request->kernels;
    created->packs = packs;
    status = build(created, request, &planning, packs, error);
  }
  planning_free(&planning);
  if (status != CVZ_OK) {
    cvz_plan_free(created);
    return status;
  }
  *plan = created;
  return CVZ_OK;
}

void cvz_plan_free(cvz_plan *plan)
{
  if (!plan) return;
  for (int i = 0; i < plan->step_count; i++) free(plan->steps[i].inputs);
  free(plan->shapes);
  free(plan->regions);
  free(plan->values_of_nodes);
  free(plan->values);
  free(plan->steps);
  free(plan);
}

size_t cvz_plan_arena(const cvz_plan *plan)
{
  return plan->arena;
}

cvz_shape cvz_plan_image(const cvz_plan *plan)
{
  return plan->values[plan->image].shape;
}

cvz_shape cvz_plan_target(const cvz_plan *plan)
{
  const cvz_value *target = &plan->values[plan->target];
  return (cvz_shape){target->shape.rank, cvz_region_height(target->region), cvz_region_width(target->region),
                     target->shape.channels};
}
