#include "engine/taps.h"

int cvz_taps_per_term(const cvz_conv_sizes *sizes, const cvz_slide *slide)
{
  if (sizes->channels >= CVZ_TAPS_THIN || sizes->groups > 1 || slide->dilation[1] > 1) return 1;
  return slide->stride[1] < slide->kernel[1] ? slide->stride[1] : slide->kernel[1];
}

static int most(int a, int b)
{
  return a > b ? a : b;
}

/* `reach` is the last tap's distance from the first. */
static void frame_forward(int outputs, int stride, int reach, int before, int length, int *low, int *high)
{
  *low = most(before, 0);
  *high = most((outputs - 1) * stride + reach - before - (length - 1), 0);
}

cvz_taps_frame cvz_taps_forward_frame(const cvz_slide *s, int taps, cvz_view x, cvz_view y)
{
  cvz_taps_frame f;
  const int columns = (s->kernel[1] + taps - 1) / taps * taps;
  frame_forward(y.height, s->stride[0], (s->kernel[0] - 1) * s->dilation[0], s->before[0], x.height, &f.top, &f.bottom);
  frame_forward(y.width, s->stride[1], (columns - 1) * s->dilation[1], s->before[1], x.width, &f.left, &f.right);
  return f;
}

static int floor_divide(int a, int b)
{
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static void frame_backward(const cvz_slide *s, int axis, int outputs, int length, int *low, int *high)
{
  const int stride = s->stride[axis], reach = (s->kernel[axis] - 1) / stride * s->dilation[axis];
  *low = most(reach - floor_divide(s->before[axis], stride), 0);
  *high = most(floor_divide(length - 1 + s->before[axis], stride) - (outputs - 1), 0);
}

cvz_taps_frame cvz_taps_backward_frame(const cvz_slide *slide, cvz_view dx, cvz_view dy)
{
  cvz_taps_frame f;
  frame_backward(slide, 0, dy.height, dx.height, &f.top, &f.bottom);
  frame_backward(slide, 1, dy.width, dx.width, &f.left, &f.right);
  return f;
}

size_t cvz_taps_framed_floats(cvz_view view, cvz_taps_frame f)
{
  return (size_t)(view.height + f.top + f.bottom) * (size_t)(view.width + f.left + f.right) * (size_t)view.channels;
}

cvz_view cvz_taps_framed(const cvz_kernels *kernels, cvz_view view, cvz_taps_frame f, float *to)
{
  if (!f.top && !f.bottom && !f.left && !f.right) return view;
  const cvz_view whole =
      cvz_view_dense(to, view.height + f.top + f.bottom, view.width + f.left + f.right, view.channels);
  kernels->fill(cvz_view_crop(whole, 0, 0, f.top, whole.width), 0.0f);
  kernels->fill(cvz_view_crop(whole, f.top + view.height, 0, f.bottom, whole.width), 0.0f);
  kernels->fill(cvz_view_crop(whole, f.top, 0, view.height, f.left), 0.0f);
  kernels->fill(cvz_view_crop(whole, f.top, f.left + view.width, view.height, f.right), 0.0f);
  kernels->copy(cvz_view_crop(whole, f.top, f.left, view.height, view.width), view, false);
  return whole;
}

cvz_taps_class_row cvz_taps_class_row_of(const cvz_slide *s, cvz_view dx, int y, int class)
{
  cvz_taps_class_row row = {.y = y};
  row.last_y = floor_divide(y + s->before[0], s->stride[0]);
  row.class[0] = y + s->before[0] - row.last_y * s->stride[0];
  row.class[1] = class;
  row.x = class - s->before[1] - floor_divide(class - s->before[1], s->stride[1]) * s->stride[1];
  row.last_x = floor_divide(row.x + s->before[1], s->stride[1]);
  row.count = row.x < dx.width ? (dx.width - row.x + s->stride[1] - 1) / s->stride[1] : 0;
  return row;
}

cvz_view cvz_taps_class_view(const cvz_slide *slide, cvz_view dx, const cvz_taps_class_row *row)
{
  cvz_view part = cvz_view_crop(dx, row->y, row->x, 1, row->count);
  part.pixel = (size_t)slide->stride[1] * dx.pixel;
  return part;
}

cvz_view cvz_taps_stored(const cvz_value *value)
{
  return cvz_view_dense(NULL, cvz_region_height(value->region), cvz_region_width(value->region), value->shape.channels);
}
