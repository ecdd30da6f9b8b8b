#include "engine/step.h"

/* Operators that only move numbers: zero padding and cropping, concatenation of channels, reshaping. */

static cvz_status plan_nothing(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

/* The parts of the stored output and input that are the same pixels; the rest of the output is padding. */
static void overlap(const cvz_context *context, cvz_view *out, cvz_view *in)
{
  const cvz_pad *pad = &cvz_step_node(context->plan, context->step)->pad;
  const cvz_region a = cvz_step_output(context->plan, context->step)->region;
  const cvz_region b = cvz_step_input(context->plan, context->step, 0)->region;
  const cvz_region moved = {b.y0 + pad->top, b.y1 + pad->top, b.x0 + pad->left, b.x1 + pad->left};
  const int y0 = a.y0 > moved.y0 ? a.y0 : moved.y0, y1 = a.y1 < moved.y1 ? a.y1 : moved.y1;
  const int x0 = a.x0 > moved.x0 ? a.x0 : moved.x0, x1 = a.x1 < moved.x1 ? a.x1 : moved.x1;
  const int height = y1 > y0 ? y1 - y0 : 0, width = x1 > x0 ? x1 - x0 : 0;
  *out = cvz_view_crop(*out, height ? y0 - a.y0 : 0, width ? x0 - a.x0 : 0, height, width);
  *in = cvz_view_crop(*in, height ? y0 - moved.y0 : 0, width ? x0 - moved.x0 : 0, height, width);
}

static void forward_pad(const cvz_context *context)
{
  cvz_view y = cvz_context_output(context), x = cvz_context_input(context, 0);
  cvz_context_kernels(context)->fill(y, 0.0f);
  overlap(context, &y, &x);
  cvz_context_kernels(context)->copy(y, x, false);
}

static void backward_pad(const cvz_context *context)
{
  cvz_view dy = cvz_context_output_gradient(context), dx = cvz_context_input_gradient(context, 0);
  overlap(context, &dy, &dx);
  cvz_context_kernels(context)->copy(dx, dy, true);
}

static void forward_concat(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context);
  for (int i = 0, first = 0; i < context->step->input_count; i++) {
    const cvz_view x = cvz_context_part(context, i), to = cvz_view_channels(y, first, x.channels);
    if (x.data != to.data) cvz_context_kernels(context)->copy(to, x, false);
    first += x.channels;
  }
}

static void backward_concat(const cvz_context *context)
{
  const cvz_view dy = cvz_context_output_gradient(context);
  for (int i = 0, first = 0; i < context->step->input_count; i++) {
    const cvz_view dx = cvz_context_part_gradient(context, i);
    if (!context->step->inputs[i].alias)
      cvz_context_kernels(context)->copy(dx, cvz_view_channels(dy, first, dx.channels), true);
    first += dx.channels;
  }
}

static cvz_view row_of(cvz_view view)
{
  return cvz_view_dense(view.data, 1, 1, view.height * view.width * view.channels);
}

/* The same numbers in the same order. The input is whole; of the output perhaps only a part is stored. */
static void forward_reshape(const cvz_context *context)
{
  const cvz_value *out = cvz_step_output(context->plan, context->step);
  const cvz_view y = cvz_context_output(context), x = cvz_context_input(context, 0);
  const cvz_view whole = cvz_view_dense(x.data, out->shape.height, out->shape.width, out->shape.channels);
  cvz_context_kernels(context)->copy(y, cvz_view_crop(whole, out->region.y0, out->region.x0, y.height, y.width), false);
}

static void backward_reshape(const cvz_context *context)
{
  const cvz_value *out = cvz_step_output(context->plan, context->step);
  const cvz_view dy = cvz_context_output_gradient(context), dx = cvz_context_input_gradient(context, 0);
  const cvz_view whole = cvz_view_dense(dx.data, out->shape.height, out->shape.width, out->shape.channels);
  if (!context->step->inputs[0].accumulate) cvz_context_kernels(context)->fill(row_of(dx), 0.0f);
  cvz_context_kernels(context)->copy(cvz_view_crop(whole, out->region.y0, out->region.x0, dy.height, dy.width), dy,
                                     true);
}

const cvz_operator cvz_operator_pad = {.plan = plan_nothing,
                                       .forward = {"pad", forward_pad, false},
                                       .backward = {"pad", backward_pad, false},
                                       .channelwise = true};

const cvz_operator cvz_operator_concat = {
    .plan = plan_nothing, .forward = {"concat", forward_concat, true}, .backward = {"concat", backward_concat, true}};

const cvz_operator cvz_operator_reshape = {.plan = plan_nothing,
                                           .forward = {"reshape", forward_reshape, false},
                                           .backward = {"reshape", backward_reshape, false},
                                           .overwrites = true};
