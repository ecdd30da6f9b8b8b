/* Pixels and pyramids: bases in space. */
#include <stdlib.h>
#include <string.h>

#include "ascent/basis.h"
#include "base/memory.h"

static cvz_status pixels_prepare(cvz_parametrization *p, cvz_error *error)
{
  (void)p, (void)error;
  return CVZ_OK;
}

static size_t pixels_count(const cvz_parametrization *p)
{
  return cvz_shape_count(p->image);
}

static void copy(cvz_parametrization *p, const float *from, float *to)
{
  memcpy(to, from, cvz_shape_count(p->image) * sizeof *to);
}

static void pixels_of(cvz_parametrization *p, float *t, float *parameters)
{
  copy(p, t, parameters);
}

const cvz_basis_passes cvz_basis_pixels = {pixels_prepare, pixels_count, pixels_of, copy, pixels_of};

/* Level n of a pyramid has 1 / 2^n of the rows and columns.
 * Source: laplacian_pyramid_image in lucid/optvis/param/spatial.py. */
static cvz_shape level_shape(const cvz_parametrization *p, int level)
{
  const int height = p->image.height >> level, width = p->image.width >> level;
  return (cvz_shape){3, height > 1 ? height : 1, width > 1 ? width : 1, p->image.channels};
}

/* Pixel (y, x) of the image shows (y, x) times the ratio of the sizes: tf.image.resize_bilinear of TensorFlow 1, whose
 * last rows and columns go on beyond the edge as they are. */
static cvz_sampling enlargement(const cvz_parametrization *p, cvz_shape level)
{
  return (cvz_sampling){.y_down = CVZ_FIXED((double)level.height / p->image.height),
                        .x_right = CVZ_FIXED((double)level.width / p->image.width),
                        .beyond = CVZ_BEYOND_MIRROR};
}

static cvz_view view_of(float *values, cvz_shape shape)
{
  return cvz_view_dense(values, shape.height, shape.width, shape.channels);
}

static cvz_status pyramid_prepare(cvz_parametrization *p, cvz_error *error)
{
  p->scratch = cvz_array(cvz_shape_count(p->image), sizeof(float), error);
  return p->scratch ? CVZ_OK : CVZ_E_MEMORY;
}

static size_t pyramid_count(const cvz_parametrization *p)
{
  size_t count = 0;
  for (int n = 0; n < p->recipe.parametrization.levels; n++) count += cvz_shape_count(level_shape(p, n));
  return count;
}

/* The finest level alone can be any image. */
static void pyramid_of(cvz_parametrization *p, float *t, float *parameters)
{
  memset(parameters, 0, pyramid_count(p) * sizeof *parameters);
  copy(p, t, parameters);
}

static void pyramid_forward(cvz_parametrization *p, const float *parameters, float *t)
{
  copy(p, parameters, t);
  const float *level = parameters + cvz_shape_count(p->image);
  for (int n = 1; n < p->recipe.parametrization.levels; n++) {
    const cvz_shape shape = level_shape(p, n);
    const cvz_sampling sampling = enlargement(p, shape);
    p->kernels->resample(view_of(p->scratch, p->image), view_of((float *)level, shape), &sampling);
    p->kernels->add(view_of(t, p->image), view_of(t, p->image), view_of(p->scratch, p->image));
    level += cvz_shape_count(shape);
  }
}

static void pyramid_backward(cvz_parametrization *p, float *dt, float *gradient)
{
  memset(gradient, 0, pyramid_count(p) * sizeof *gradient);
  copy(p, dt, gradient);
  float *level = gradient + cvz_shape_count(p->image);
  for (int n = 1; n < p->recipe.parametrization.levels; n++) {
    const cvz_shape shape = level_shape(p, n);
    const cvz_sampling sampling = enlargement(p, shape);
    p->kernels->resample_backward(view_of(level, shape), view_of(dt, p->image), &sampling);
    level += cvz_shape_count(shape);
  }
}

const cvz_basis_passes cvz_basis_pyramid = {pyramid_prepare, pyramid_count, pyramid_of, pyramid_forward,
                                            pyramid_backward};
