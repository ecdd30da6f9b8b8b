#include "job/planner.h"

#include "ascent/objective.h"
#include "job/cost.h"

static cvz_status plan_layer(const cvz_planner *planner, const cvz_work *work, int index, bool redirect,
                             cvz_packs *packs, cvz_plan **plan, cvz_error *error)
{
  const cvz_work_layer *layer = &work->layers[index];
  const int border = cvz_objective_region(layer->shape, planner->loss_border, NULL).y0;
  const cvz_plan_request request = {.target = layer->node,
                                    .border = layer->observes ? 0 : border,
                                    .one_channel = !layer->observes,
                                    .height = work->height,
                                    .width = work->width,
                                    .kernels = planner->kernels,
                                    .redirect = redirect,
                                    .bf16 = planner->bf16};
  return cvz_plan_create(plan, planner->graph, &request, packs, error);
}

cvz_status cvz_planner_layer(const cvz_planner *planner, const cvz_work *work, int index, cvz_packs *packs,
                             cvz_plan **plan, cvz_error *error)
{
  return plan_layer(planner, work, index, false, packs, plan, error);
}

cvz_status cvz_planner_redirected(const cvz_planner *planner, const cvz_work *work, cvz_packs *packs,
                                  cvz_plan *const *plans, cvz_plan **redirected, cvz_error *error)
{
  for (int i = 0; i < work->layer_count; i++)
    if (cvz_plan_rectifies(plans[i])) CVZ_TRY(plan_layer(planner, work, i, true, packs, &redirected[i], error));
  return CVZ_OK;
}

cvz_status cvz_planner_all(const cvz_planner *planner, cvz_work *work, cvz_packs *packs, cvz_plan **plans,
                           cvz_error *error)
{
  for (int i = 0; i < work->layer_count; i++) {
    CVZ_TRY(cvz_planner_layer(planner, work, i, packs, &plans[i], error));
    work->layers[i].flops = cvz_cost_plan(plans[i]);
    work->layers[i].direct = cvz_cost_direct(plans[i]);
  }
  return CVZ_OK;
}
