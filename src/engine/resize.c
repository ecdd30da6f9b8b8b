#include "engine/step.h"

/* Every output pixel is a mean of the four inputs around its place, of one where nearest: see cvz_resize_place.
 * x: (H, W, C), y: (OH, OW, C). dx gets what each output took of it. */

static cvz_status plan_resize(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

/* The two inputs that an output row or column is made of, in the stored part, and the second's part. */
typedef struct cvz_between {
  int first, second;
  float part;
} cvz_between;

static cvz_between between(const cvz_context *context, int axis, int index)
{
  const cvz_value *in = cvz_step_input(context->plan, context->step, 0);
  const cvz_region out = cvz_step_output(context->plan, context->step)->region;
  const int start = axis ? in->region.x0 : in->region.y0;
  cvz_between b;
  cvz_resize_place(&cvz_step_node(context->plan, context->step)->resize, axis,
                   axis ? in->shape.width : in->shape.height, index + (axis ? out.x0 : out.y0), &b.first, &b.second,
                   &b.part);
  b.first -= start;
  b.second -= start;
  return b;
}

/* (1 - part) a + part b along the row, then down, as TensorFlow has it. */
static void blend(float *to, cvz_view x, cvz_between row, cvz_between column)
{
  const float *a = cvz_pixel(x, row.first, column.first), *b = cvz_pixel(x, row.first, column.second);
  const float *c = cvz_pixel(x, row.second, column.first), *d = cvz_pixel(x, row.second, column.second);
  for (int k = 0; k < x.channels; k++) {
    const float above = a[k] + (b[k] - a[k]) * column.part, below = c[k] + (d[k] - c[k]) * column.part;
    to[k] = above + (below - above) * row.part;
  }
}

static void forward_resize(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context), x = cvz_context_input(context, 0);
  for (int i = 0; i < y.height; i++) {
    const cvz_between row = between(context, 0, i);
    for (int j = 0; j < y.width; j++) blend(cvz_pixel(y, i, j), x, row, between(context, 1, j));
  }
}

static void add_scaled(float *to, const float *from, float factor, int channels)
{
  if (factor == 0) return;
  for (int k = 0; k < channels; k++) to[k] += factor * from[k];
}

static void backward_resize(const cvz_context *context)
{
  const cvz_view dy = cvz_context_output_gradient(context), dx = cvz_context_input_gradient(context, 0);
  for (int i = 0; i < dy.height; i++) {
    const cvz_between row = between(context, 0, i);
    for (int j = 0; j < dy.width; j++) {
      const cvz_between column = between(context, 1, j);
      const float *from = cvz_pixel(dy, i, j), above = 1 - row.part, left = 1 - column.part;
      add_scaled(cvz_pixel(dx, row.first, column.first), from, above * left, dy.channels);
      add_scaled(cvz_pixel(dx, row.first, column.second), from, above * column.part, dy.channels);
      add_scaled(cvz_pixel(dx, row.second, column.first), from, row.part * left, dy.channels);
      add_scaled(cvz_pixel(dx, row.second, column.second), from, row.part * column.part, dy.channels);
    }
  }
}

const cvz_operator cvz_operator_resize = {.plan = plan_resize,
                                          .forward = {"resize", forward_resize, false},
                                          .backward = {"resize", backward_resize, false},
                                          .channelwise = true};
