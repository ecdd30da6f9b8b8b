#include "engine/step.h"

/* y = f(a, b), element by element; an input of one row, column or channel serves all of the output's.
 *
 * Ties as in TensorFlow (math_grad.py, _MaximumMinimumGrad): of a maximum a gets the gradient where a >= b, of a
 * minimum where a <= b. PReLU's slope b gets x where x <= 0. */

static cvz_status plan_binary(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)plan, (void)step, (void)packs, (void)error;
  return CVZ_OK;
}

static inline float value_of(cvz_binary kind, float a, float b)
{
  if (kind == CVZ_MAXIMUM) return a >= b ? a : b;
  if (kind == CVZ_MINIMUM) return a <= b ? a : b;
  return a > 0 ? a : a * b;
}

/* The derivative by input `index`. */
static inline float slope_of(cvz_binary kind, float a, float b, int index)
{
  if (kind == CVZ_PRELU) return index == 0 ? (a > 0 ? 1 : b) : (a > 0 ? 0 : a);
  const bool first = kind == CVZ_MAXIMUM ? a >= b : a <= b;
  return first == (index == 0) ? 1 : 0;
}

/* From one channel to the next: 0 where one serves all. */
static size_t step_of(cvz_view view, cvz_view y)
{
  return view.channels == y.channels;
}

static void forward_binary(const cvz_context *context)
{
  const cvz_binary kind = cvz_step_node(context->plan, context->step)->binary;
  const cvz_view y = cvz_context_output(context), a = cvz_context_part(context, 0), b = cvz_context_part(context, 1);
  const size_t sa = step_of(a, y), sb = step_of(b, y);
  for (int i = 0; i < y.height; i++)
    for (int j = 0; j < y.width; j++) {
      float *to = cvz_view_pixel(y, i, j);
      const float *p = cvz_view_pixel(a, i, j), *q = cvz_view_pixel(b, i, j);
      for (size_t c = 0; c < (size_t)y.channels; c++) to[c] = value_of(kind, p[c * sa], q[c * sb]);
    }
}

static void backward_by(const cvz_context *context, int index)
{
  const cvz_binary kind = cvz_step_node(context->plan, context->step)->binary;
  const cvz_view dy = cvz_context_output_gradient(context), dx = cvz_context_part_gradient(context, index);
  const cvz_view a = cvz_context_part(context, 0), b = cvz_context_part(context, 1);
  const size_t sa = step_of(a, dy), sb = step_of(b, dy), sx = step_of(dx, dy);
  for (int i = 0; i < dy.height; i++)
    for (int j = 0; j < dy.width; j++) {
      float *to = cvz_view_pixel(dx, i, j);
      const float *from = cvz_view_pixel(dy, i, j), *p = cvz_view_pixel(a, i, j), *q = cvz_view_pixel(b, i, j);
      for (size_t c = 0; c < (size_t)dy.channels; c++)
        to[c * sx] += from[c] * slope_of(kind, p[c * sa], q[c * sb], index);
    }
}

static void backward_binary(const cvz_context *context)
{
  backward_by(context, 0);
  backward_by(context, 1);
}

const cvz_operator cvz_operator_binary = {.plan = plan_binary,
                                          .forward = {"binary", forward_binary, true},
                                          .backward = {"binary", backward_binary, true},
                                          .reads_inputs = true,
                                          .channelwise = true};
