#include "graph/shape.h"

/* Places are float32, as in TensorFlow (core/kernels/image/image_resizer_state.h and scale_and_translate_op.cc). */

int cvz_resize_size(const cvz_resize *resize, int axis, int length)
{
  return resize->size[axis] ? resize->size[axis] : length * resize->factor[axis];
}

static float scale_of(const cvz_resize *resize, int axis, int length)
{
  return (float)length / (float)cvz_resize_size(resize, axis, length);
}

float cvz_resize_place(const cvz_resize *resize, int axis, int length, int index)
{
  return ((float)index + 0.5f) * scale_of(resize, axis, length);
}

float cvz_resize_stretch(const cvz_resize *resize, int axis, int length)
{
  const float scale = scale_of(resize, axis, length);
  return resize->antialias && scale > 1 ? scale : 1;
}

int cvz_resize_radius(cvz_interpolation interpolation)
{
  static const int radii[] = {
      [CVZ_NEAREST] = 0, [CVZ_BILINEAR] = 1, [CVZ_BICUBIC] = 2, [CVZ_LANCZOS3] = 3, [CVZ_LANCZOS5] = 5};
  return radii[interpolation];
}

static int floor_of(float x)
{
  return (int)x - (x < (float)(int)x);
}

static int bounded(int i, int length)
{
  return i < 0 ? 0 : i < length ? i : length - 1;
}

void cvz_resize_span(const cvz_resize *resize, int axis, int length, int index, int *first, int *end)
{
  const float place = cvz_resize_place(resize, axis, length, index);
  const float reach = (float)cvz_resize_radius(resize->interpolation) * cvz_resize_stretch(resize, axis, length);
  const bool nearest = resize->interpolation == CVZ_NEAREST;
  *first = bounded(nearest ? floor_of(place) : -floor_of(reach + 0.5f - place), length);
  *end = nearest ? *first + 1 : bounded(floor_of(place + reach - 0.5f), length) + 1;
}
