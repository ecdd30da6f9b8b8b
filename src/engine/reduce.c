#include <math.h>

#include "engine/step.h"

/* y = the sum, mean, largest or smallest of x over some of (height, width, channels), which keep one element.
 *
 * A sum hands its gradient to every element, a mean its share. Equal largest elements share it, as in TensorFlow
 * (math_grad.py, _MinOrMaxGrad): the state counts them, one number for each output. */

static cvz_status plan_reduce(cvz_plan *plan, cvz_step *step, cvz_packs *packs, cvz_error *error)
{
  (void)packs, (void)error;
  step->state = cvz_value_count(cvz_step_output(plan, step));
  return CVZ_OK;
}

static const cvz_reduce *reduce_of(const cvz_context *context)
{
  return &cvz_step_node(context->plan, context->step)->reduce;
}

/* Of the stored input those rows and columns that belong to the stored output. */
static cvz_view seen(const cvz_context *context, cvz_view in)
{
  const cvz_reduce *reduce = reduce_of(context);
  const cvz_region from = cvz_step_input(context->plan, context->step, 0)->region;
  const cvz_region to = cvz_step_output(context->plan, context->step)->region;
  const int y = reduce->axes[0] ? 0 : to.y0 - from.y0, x = reduce->axes[1] ? 0 : to.x0 - from.x0;
  return cvz_view_crop(in, y, x, reduce->axes[0] ? in.height : cvz_region_height(to),
                       reduce->axes[1] ? in.width : cvz_region_width(to));
}

/* The output, or something of its size, with one element for all along the reduced axes. */
static cvz_view spread(const cvz_context *context, cvz_view y)
{
  const bool *axes = reduce_of(context)->axes;
  if (axes[0]) y.row = 0;
  if (axes[1]) y.pixel = 0;
  return y;
}

static cvz_view counts(const cvz_context *context, cvz_view y)
{
  return spread(context, cvz_view_dense(cvz_context_state(context), y.height, y.width, y.channels));
}

static float share(const cvz_context *context, cvz_view x)
{
  const cvz_reduce *reduce = reduce_of(context);
  if (reduce->reduction != CVZ_MEAN) return 1;
  const double count =
      (reduce->axes[0] ? x.height : 1.0) * (reduce->axes[1] ? x.width : 1.0) * (reduce->axes[2] ? x.channels : 1.0);
  return (float)(1 / count);
}

static void sum(const cvz_context *context, cvz_view y, cvz_view x)
{
  const size_t step = !reduce_of(context)->axes[2];
  const float factor = share(context, x);
  cvz_context_kernels(context)->fill(y, 0.0f);
  const cvz_view to = spread(context, y);
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++) {
      const float *from = cvz_view_pixel(x, i, j);
      double over_channels = 0;
      for (size_t c = 0; c < (size_t)x.channels; c++)
        if (step)
          cvz_view_pixel(to, i, j)[c] += from[c] * factor;
        else
          over_channels += (double)from[c];
      if (!step) *cvz_view_pixel(to, i, j) += (float)over_channels * factor;
    }
}

static void extreme(const cvz_context *context, cvz_view y, cvz_view x, float sign)
{
  const size_t step = !reduce_of(context)->axes[2];
  cvz_context_kernels(context)->fill(y, -sign * INFINITY);
  const cvz_view to = spread(context, y), count = counts(context, y);
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++)
      for (size_t c = 0; c < (size_t)x.channels; c++) {
        float *most = &cvz_view_pixel(to, i, j)[c * step], *equal = &cvz_view_pixel(count, i, j)[c * step];
        const float value = cvz_view_pixel(x, i, j)[c];
        if (sign * value > sign * *most) *most = value, *equal = 0;
        if (value == *most) ++*equal;
      }
}

static void forward_reduce(const cvz_context *context)
{
  const cvz_view y = cvz_context_output(context), x = seen(context, cvz_context_input(context, 0));
  const cvz_reduce *reduce = reduce_of(context);
  const bool adds = reduce->reduction == CVZ_SUM || reduce->reduction == CVZ_MEAN;
  if (!adds) {
    extreme(context, y, x, reduce->reduction == CVZ_MAX ? 1 : -1);
  } else if (reduce->axes[0] && reduce->axes[1] && !reduce->axes[2]) {
    cvz_context_kernels(context)->fill(y, 0.0f);
    cvz_context_kernels(context)->pixel_sum(y.data, x, share(context, x));
  } else {
    sum(context, y, x);
  }
}

static void backward_reduce(const cvz_context *context)
{
  const cvz_reduce *reduce = reduce_of(context);
  const bool extremes = reduce->reduction == CVZ_MAX || reduce->reduction == CVZ_MIN;
  const cvz_view dx = seen(context, cvz_context_input_gradient(context, 0));
  const cvz_view x = seen(context, cvz_context_input(context, 0)), whole = cvz_context_output(context);
  const cvz_view y = spread(context, whole), count = counts(context, whole);
  const cvz_view dy = spread(context, cvz_context_output_gradient(context));
  const float factor = share(context, dx);
  const size_t step = !reduce->axes[2];
  for (int i = 0; i < dx.height; i++)
    for (int j = 0; j < dx.width; j++)
      for (size_t c = 0; c < (size_t)dx.channels; c++) {
        const float gradient = cvz_view_pixel(dy, i, j)[c * step];
        if (!extremes)
          cvz_view_pixel(dx, i, j)[c] += gradient * factor;
        else if (cvz_view_pixel(x, i, j)[c] == cvz_view_pixel(y, i, j)[c * step])
          cvz_view_pixel(dx, i, j)[c] += gradient / cvz_view_pixel(count, i, j)[c * step];
      }
}

const cvz_operator cvz_operator_reduce = {.plan = plan_reduce,
                                          .forward = {"reduce", forward_reduce, false},
                                          .backward = {"reduce", backward_reduce, false},
                                          .reads_inputs = true,
                                          .reads_output = true};
