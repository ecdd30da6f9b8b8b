#include "engine/step.h"

/* A weight as a map: y = w. Nothing goes back. */

static cvz_status plan_constant(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  const cvz_pack_request request = {CVZ_PACK_PLAIN, step->node, -1, cvz_step_output(plan, step)->shape.channels, 0, 0};
  return cvz_packs_add(packs, &request, &step->packs[CVZ_SLOT_FORWARD], error);
}

static void forward_constant(const cvz_context *context)
{
  const cvz_value *out = cvz_step_output(context->plan, context->step);
  const cvz_view y = cvz_context_output(context);
  const cvz_view w = cvz_view_dense((float *)cvz_context_pack(context, CVZ_SLOT_FORWARD), out->shape.height,
                                    out->shape.width, out->shape.channels);
  cvz_context_kernels(context)->copy(y, cvz_view_crop(w, out->region.y0, out->region.x0, y.height, y.width), false);
}

static void backward_constant(const cvz_context *context)
{
  (void)context;
}

const cvz_operator cvz_operator_constant = {.plan = plan_constant,
                                            .forward = {"constant", forward_constant, false},
                                            .backward = {"constant", backward_constant, false}};
