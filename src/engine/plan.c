#include "engine/plan.h"

#include <stdlib.h>

#include "base/memory.h"
#include "engine/arrange.h"
#include "engine/fuse.h"

/* What is only needed while a plan is made. */
typedef struct cvz_planning {
  bool *needed;
  cvz_fusion *fusions;
  int fusion_count;
} cvz_planning;

static bool planning_create(cvz_planning *planning, int nodes, cvz_error *error)
{
  planning->needed = cvz_array((size_t)nodes, sizeof *planning->needed, error);
  planning->fusions = cvz_array((size_t)nodes, sizeof *planning->fusions, error);
  return planning->needed && planning->fusions;
}

static void planning_free(cvz_planning *planning)
{
  free(planning->needed);
  free(planning->fusions);
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

/* The nodes that a step reads: those of its first node, and the one that it adds. */
static cvz_status add_inputs(const cvz_plan *plan, cvz_step *step, const cvz_fusion *fusion, cvz_error *error)
{
  const cvz_node *first = &plan->graph->nodes[fusion->pad >= 0 ? fusion->pad : fusion->root];
  step->input_count = first->input_count + step->residual;
  step->inputs = cvz_array((size_t)step->input_count, sizeof *step->inputs, error);
  if (!step->inputs) return CVZ_E_MEMORY;
  for (int i = 0; i < first->input_count; i++) step->inputs[i].value = plan->values_of_nodes[first->inputs[i]];
  if (step->residual) step->inputs[first->input_count].value = plan->values_of_nodes[fusion->residual];
  return CVZ_OK;
}

static cvz_status add_step(cvz_plan *plan, const cvz_fusion *fusion, cvz_error *error)
{
  cvz_step *step = &plan->steps[plan->step_count++];
  *step = (cvz_step){.operation = cvz_operator_of(plan->graph->nodes[fusion->root].op),
                     .node = fusion->root,
                     .pad = fusion->pad,
                     .affine = fusion->affine,
                     .clamp = fusion->clamp,
                     .clamps = fusion->clamps,
                     .residual = fusion->residual >= 0,
                     .output = add_value(plan, fusion->output)};
  step->forward = &step->operation->forward;
  step->backward = &step->operation->backward;
  return add_inputs(plan, step, fusion, error);
}

static cvz_status add_steps(cvz_plan *plan, const cvz_planning *planning, cvz_error *error)
{
  for (int i = 0; i < plan->graph->node_count; i++) plan->values_of_nodes[i] = -1;
  plan->image = add_value(plan, plan->graph->input);
  for (int i = 0; i < planning->fusion_count; i++) CVZ_TRY(add_step(plan, &planning->fusions[i], error));
  return CVZ_OK;
}

static cvz_status plan_steps(cvz_plan *plan, cvz_packs *packs, cvz_error *error)
{
  for (int i = 0; i < plan->step_count; i++)
    CVZ_TRY(plan->steps[i].operation->plan(plan, &plan->steps[i], packs, error));
  return CVZ_OK;
}

static cvz_status build(cvz_plan *plan, const cvz_plan_request *request, cvz_planning *planning, cvz_packs *packs,
                        cvz_error *error)
{
  cvz_graph_needed(plan->graph, request->target, planning->needed);
  planning->needed[plan->graph->input] = true;
  CVZ_TRY(measure(plan, request, planning->needed, error));
  CVZ_TRY(cvz_fuse(plan->graph, plan->shapes, planning->needed, request->target, planning->fusions,
                   &planning->fusion_count, error));
  CVZ_TRY(add_steps(plan, planning, error));
  plan->target = plan->values_of_nodes[request->target];
  if (request->one_channel) cvz_arrange_narrow(plan);
  CVZ_TRY(cvz_arrange_gradients(plan, error));
  CVZ_TRY(plan_steps(plan, packs, error));
  CVZ_TRY(cvz_arrange_groups(plan, error));
  return cvz_arrange_buffers(plan, error);
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
  CVZ_REQUIRE(graph->nodes[request->target].op != CVZ_OP_INPUT, error, CVZ_E_USAGE,
              "plan: the target is the input of the network, expected something behind it");
  cvz_planning planning = {0};
  cvz_status status = CVZ_E_MEMORY;
  cvz_plan *created = cvz_array(1, sizeof *created, error);
  if (created && allocate(created, graph->node_count, error) && planning_create(&planning, graph->node_count, error)) {
    created->graph = graph;
    created->kernels = request->kernels;
    created->bf16 = request->bf16;
    created->packs = packs;
    created->redirects = request->redirect;
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
  free(plan->groups);
  free(plan);
}

size_t cvz_plan_arena(const cvz_plan *plan)
{
  return plan->arena;
}

const cvz_kernels *cvz_plan_kernels(const cvz_plan *plan)
{
  return plan->kernels;
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

bool cvz_plan_rectifies(const cvz_plan *plan)
{
  for (int i = 0; i < plan->step_count; i++)
    if (cvz_step_rectifies(plan, &plan->steps[i])) return true;
  return false;
}
