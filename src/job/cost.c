#include "job/cost.h"

#include <stdlib.h>

#include "ascent/objective.h"
#include "base/memory.h"

cvz_status cvz_cost_create(cvz_cost *cost, const cvz_graph *graph, int height, int width, int border, cvz_error *error)
{
  const size_t nodes = (size_t)graph->node_count;
  *cost = (cvz_cost){.graph = graph, .height = height, .width = width, .border = border};
  cost->needed = cvz_array(nodes, sizeof *cost->needed, error);
  cost->one_channel = cvz_array(nodes, sizeof *cost->one_channel, error);
  cost->shapes = cvz_array(nodes, sizeof *cost->shapes, error);
  cost->regions = cvz_array(nodes, sizeof *cost->regions, error);
  if (cost->needed && cost->one_channel && cost->shapes && cost->regions) return CVZ_OK;
  cvz_cost_free(cost);
  return CVZ_E_MEMORY;
}

void cvz_cost_free(cvz_cost *cost)
{
  free(cost->regions);
  free(cost->shapes);
  free(cost->one_channel);
  free(cost->needed);
  *cost = (cvz_cost){0};
}

cvz_status cvz_cost_shape(cvz_cost *cost, int node, cvz_shape *shape, cvz_error *error)
{
  cvz_graph_needed(cost->graph, node, cost->needed);
  CVZ_TRY(cvz_graph_shapes(cost->graph, cost->needed, cost->height, cost->width, cost->shapes, error));
  *shape = cost->shapes[node];
  return CVZ_OK;
}

cvz_status cvz_cost_shape_of(const cvz_graph *graph, int node, int height, int width, cvz_shape *shape,
                             cvz_error *error)
{
  cvz_cost cost;
  CVZ_TRY(cvz_cost_create(&cost, graph, height, width, 0, error));
  const cvz_status status = cvz_cost_shape(&cost, node, shape, error);
  cvz_cost_free(&cost);
  return status;
}

double cvz_cost_step(cvz_cost *cost, int node)
{
  bool whole;
  const cvz_region region = cvz_objective_region(cost->shapes[node], cost->border, &whole);
  cvz_graph_regions(cost->graph, cost->shapes, node, region, cost->regions);
  cvz_graph_one_channel(cost->graph, cost->shapes, cost->needed, node, cost->one_channel);
  return cvz_graph_flops(cost->graph, cost->shapes, cost->regions, cost->one_channel);
}

double cvz_cost_report(const cvz_report_step *step)
{
  return step->real + CVZ_COST_NUMBER * (double)cvz_shape_count(step->shape);
}

double cvz_cost_plan(const cvz_plan *plan)
{
  double cost = CVZ_COST_IMAGE * (double)cvz_shape_count(cvz_plan_image(plan));
  for (int i = 0; i < cvz_report_count(plan); i++) {
    const cvz_report_step step = cvz_report_step_of(plan, i);
    cost += cvz_cost_report(&step);
  }
  return cost;
}

double cvz_cost_direct(const cvz_plan *plan)
{
  double sum = 0;
  for (int i = 0; i < cvz_report_count(plan); i++) sum += cvz_report_step_of(plan, i).direct;
  return sum;
}
