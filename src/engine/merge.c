#include "engine/step.h"

/* Sums and products of several maps. An input of one row, column or channel serves all of the output's. */

static cvz_status plan_nothing(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

/* y = or += x, where x has one channel and y several. */
static void spread(cvz_view y, cvz_view x, bool accumulate)
{
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++)
      for (int c = 0; c < y.channels; c++)
        cvz_view_pixel(y, i, j)[c] = (accumulate ? cvz_view_pixel(y, i, j)[c] : 0.0f) + *cvz_view_pixel(x, i, j);
}

static void add_input(const cvz_context *context, cvz_view y, int index)
{
  const cvz_view x = cvz_context_part(context, index);
  if (x.channels == y.channels)
    cvz_context_kernels(context)->copy(y, x, index > 0);
  else
    spread(y, x, index > 0);
}

static void forward_add(const cvz_context *context)
{
  const cvz_kernels *kernels = cvz_context_kernels(context);
  const cvz_view y = cvz_context_output(context), a = cvz_context_part(context, 0), b = cvz_context_part(context, 1);
  int next = 0;
  if (a.channels == y.channels && b.channels == y.channels) {
    kernels->add(y, a, b);
    next = 2;
  }
  for (int i = next; i < context->step->input_count; i++) add_input(context, y, i);
  if (context->step->clamps) kernels->finish(y, &(cvz_epilogue){.clamp = context->step->clamp});
}

/* One pixel that serves all of the output's. */
static bool is_pixel(cvz_view x, cvz_view y)
{
  return x.row == 0 && x.pixel == 0 && x.channels == y.channels;
}

/* dx += the sum of dy over the rows, columns and channels that x is spread over; dx may have zero strides. */
static void gather(const cvz_context *context, cvz_view dx, cvz_view dy)
{
  if (is_pixel(dx, dy)) {
    cvz_context_kernels(context)->pixel_sum(dx.data, dy, 1.0f);
    return;
  }
  for (int i = 0; i < dy.height; i++)
    for (int j = 0; j < dy.width; j++)
      for (int c = 0; c < dy.channels; c++)
        cvz_view_pixel(dx, i, j)[dx.channels == 1 ? 0 : c] += cvz_view_pixel(dy, i, j)[c];
}

static bool is_spread(cvz_view x, cvz_view y)
{
  return x.row == 0 || x.pixel == 0 || x.channels != y.channels;
}

static void backward_add(const cvz_context *context)
{
  const cvz_view dy = cvz_context_output_gradient(context);
  for (int i = 0; i < context->step->input_count; i++) {
    const cvz_view dx = cvz_context_part_gradient(context, i);
    if (context->step->inputs[i].alias) continue;
    if (is_spread(dx, dy))
      gather(context, dx, dy);
    else
      cvz_context_kernels(context)->copy(dx, dy, context->step->inputs[i].accumulate);
  }
}

/* y *= x */
static void multiply_input(const cvz_context *context, cvz_view y, int index)
{
  const cvz_view x = cvz_context_part(context, index);
  if (x.channels == y.channels) {
    cvz_context_kernels(context)->multiply(y, y, x, false);
    return;
  }
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++)
      for (int c = 0; c < y.channels; c++) cvz_view_pixel(y, i, j)[c] *= *cvz_view_pixel(x, i, j);
}

/* Two inputs with all channels, as of squeeze and excitation. */
static bool is_pair(const cvz_context *context, cvz_view y)
{
  return context->step->input_count == 2 && cvz_context_part(context, 0).channels == y.channels &&
         cvz_context_part(context, 1).channels == y.channels;
}

static void forward_multiply(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context), x = cvz_context_part(context, 0);
  if (is_pair(context, y)) {
    cvz_context_kernels(context)->multiply(y, x, cvz_context_part(context, 1), false);
    return;
  }
  if (x.channels == y.channels)
    cvz_context_kernels(context)->copy(y, x, false);
  else
    spread(y, x, false);
  for (int i = 1; i < context->step->input_count; i++) multiply_input(context, y, i);
}

/* The derivative by input `index` is dy times all the others: product (OH, OW, C) in scratch. */
static void product_of_others(const cvz_context *context, cvz_view product, int index)
{
  cvz_context_kernels(context)->copy(product, cvz_context_output_gradient(context), false);
  for (int i = 0; i < context->step->input_count; i++)
    if (i != index) multiply_input(context, product, i);
}

/* Without the product in memory; false where that is needed. */
static bool multiply_other(const cvz_context *context, cvz_view dx, cvz_view dy, int index)
{
  if (!is_pair(context, dy)) return false;
  const cvz_view other = cvz_context_part(context, 1 - index);
  if (is_pixel(dx, dy))
    cvz_context_kernels(context)->pixel_dot(dx.data, dy, other);
  else if (!is_spread(dx, dy))
    cvz_context_kernels(context)->multiply(dx, dy, other, true);
  else
    return false;
  return true;
}

static void backward_multiply(const cvz_context *context)
{
  const cvz_view dy = cvz_context_output_gradient(context);
  const cvz_view product = cvz_view_dense(cvz_context_scratch(context), dy.height, dy.width, dy.channels);
  for (int i = 0; i < context->step->input_count; i++) {
    const cvz_view dx = cvz_context_part_gradient(context, i);
    if (multiply_other(context, dx, dy, i)) continue;
    product_of_others(context, product, i);
    if (is_spread(dx, product))
      gather(context, dx, product);
    else
      cvz_context_kernels(context)->copy(dx, product, true);
  }
}

static cvz_status plan_multiply(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)packs, (void)error;
  step->scratch = cvz_value_count(cvz_step_output(plan, step));
  return CVZ_OK;
}

const cvz_operator cvz_operator_add = {.plan = plan_nothing,
                                       .forward = {"add", forward_add, true},
                                       .backward = {"add", backward_add, true},
                                       .overwrites = true,
                                       .channelwise = true};

const cvz_operator cvz_operator_multiply = {.plan = plan_multiply,
                                            .forward = {"multiply", forward_multiply, true},
                                            .backward = {"multiply", backward_multiply, true},
                                            .reads_inputs = true};
