#include "ascent/parametrization.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/basis.h"
#include "ascent/noise.h"
#include "base/memory.h"
#include "kernel/function.h"

/* Source: lucid/optvis/param/color.py, color_correlation_svd_sqrt. */
static const double lucid_colour[3][3] = {{0.26, 0.09, 0.02}, {0.27, 0.00, -0.05}, {0.27, -0.09, 0.03}};

/* Source: there, color_mean. */
static const float lucid_mean[3] = {0.48f, 0.46f, 0.41f};

/* Source: xplique/features_visualizations/preconditioning.py, recorrelate_colors; there it stands transposed. */
static const double maco_colour[3][3] = {
    {0.56282854, 0.19482528, 0.04329450}, {0.58447580, 0.00000000, -0.10823626}, {0.58447580, -0.19482528, 0.06494176}};

/* Lucid divides by the longest column. */
static double longest_column(const double matrix[3][3])
{
  double longest = 0;
  for (int j = 0; j < 3; j++) {
    const double length = sqrt(matrix[0][j] * matrix[0][j] + matrix[1][j] * matrix[1][j] + matrix[2][j] * matrix[2][j]);
    if (length > longest) longest = length;
  }
  return longest;
}

static void choose_colour(cvz_parametrization *p)
{
  static const float gray[3] = {0.5f, 0.5f, 0.5f};
  const cvz_colour colour = p->recipe.parametrization.colour;
  p->mixes = colour != CVZ_COLOUR_RGB && p->image.channels == 3;
  const double divisor = colour == CVZ_COLOUR_LUCID ? longest_column(lucid_colour) : 1;
  memcpy(p->mean, p->mixes ? lucid_mean : gray, sizeof p->mean);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      p->colour[i][j] = (float)((colour == CVZ_COLOUR_LUCID ? lucid_colour : maco_colour)[i][j] / divisor);
}

static cvz_status prepare(cvz_parametrization *p, cvz_error *error)
{
  static const cvz_basis_passes *const bases[] = {[CVZ_BASIS_PIXELS] = &cvz_basis_pixels,
                                                  [CVZ_BASIS_FOURIER] = &cvz_basis_fourier,
                                                  [CVZ_BASIS_PYRAMID] = &cvz_basis_pyramid,
                                                  [CVZ_BASIS_PHASE] = &cvz_basis_phase};
  p->basis = bases[p->recipe.parametrization.basis];
  CVZ_REQUIRE(!p->recipe.start || p->basis->parameters_of, error, CVZ_E_USAGE,
              "init: a start image with magnitudes that are given, expected --init random");
  choose_colour(p);
  if (cvz_parametrization_is_image(p)) return CVZ_OK;
  p->t = cvz_array(cvz_shape_count(p->image), sizeof(float), error);
  p->squashed = cvz_array(cvz_shape_count(p->image), sizeof(float), error);
  return p->t && p->squashed ? p->basis->prepare(p, error) : CVZ_E_MEMORY;
}

cvz_status cvz_parametrization_create(cvz_parametrization **parametrization, const cvz_ascent_recipe *recipe,
                                      cvz_shape image, const cvz_kernels *kernels, cvz_error *error)
{
  cvz_parametrization *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->recipe = *recipe;
  created->image = image;
  created->kernels = kernels;
  const cvz_status status = prepare(created, error);
  if (status == CVZ_OK)
    *parametrization = created;
  else
    cvz_parametrization_free(created);
  return status;
}

void cvz_parametrization_free(cvz_parametrization *parametrization)
{
  if (!parametrization) return;
  cvz_fourier_free(parametrization->fourier);
  free(parametrization->scale);
  free(parametrization->spectrum);
  free(parametrization->standard_phases);
  free(parametrization->standard_pixels);
  free(parametrization->derivative);
  free(parametrization->scratch);
  free(parametrization->t);
  free(parametrization->squashed);
  free(parametrization);
}

bool cvz_parametrization_is_image(const cvz_parametrization *p)
{
  return cvz_parametrization_of_image(&p->recipe.parametrization);
}

bool cvz_parametrization_of_image(const cvz_parametrization_recipe *recipe)
{
  return recipe->basis == CVZ_BASIS_PIXELS && recipe->output != CVZ_OUTPUT_SIGMOID;
}

size_t cvz_parametrization_count(const cvz_parametrization *p)
{
  return cvz_parametrization_is_image(p) ? cvz_shape_count(p->image) : p->basis->count(p);
}

static float logit(float value)
{
  const double least = 1.0 / 512, inside = fmin(fmax((double)value, least), 1 - least);
  return (float)(cvz_log(inside) - cvz_log(1 - inside));
}

static void invert(const float m[3][3], double inverse[3][3])
{
  double determinant = 0;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      const int a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
      inverse[i][j] = (double)m[a][c] * (double)m[b][d] - (double)m[a][d] * (double)m[b][c];
    }
    determinant += (double)m[0][i] * inverse[i][0];
  }
  for (int i = 0; i < 9; i++) inverse[i / 3][i % 3] /= determinant;
}

static size_t pixels_of(const cvz_parametrization *p)
{
  return (size_t)p->image.height * (size_t)p->image.width;
}

/* Number i belongs to this colour; one that stands for itself where there are not three. */
static size_t colour_of(const cvz_parametrization *p, size_t i)
{
  return p->image.channels == 3 ? i % 3 : 0;
}

/* In place: the numbers of which the matrix makes these. */
static void unmix(const cvz_parametrization *p, size_t count, float *t)
{
  double inverse[3][3];
  if (!p->mixes) return;
  invert(p->colour, inverse);
  for (size_t i = 0; i < count; i += 3) {
    const double rgb[3] = {(double)t[i], (double)t[i + 1], (double)t[i + 2]};
    for (int j = 0; j < 3; j++)
      t[i + (size_t)j] = (float)(inverse[j][0] * rgb[0] + inverse[j][1] * rgb[1] + inverse[j][2] * rgb[2]);
  }
}

/* The t of an image, of which the output makes that image as long as it lies inside of the range. */
static void undo_output(const cvz_parametrization *p, const float *image, float *t)
{
  const bool sigmoid = p->recipe.parametrization.output == CVZ_OUTPUT_SIGMOID;
  const size_t count = cvz_shape_count(p->image);
  cvz_input_to_rgb(&p->recipe.range, image, pixels_of(p), t);
  for (size_t i = 0; i < count; i++) t[i] = sigmoid ? logit(t[i]) : t[i] - p->mean[colour_of(p, i)];
  unmix(p, count, t);
}

void cvz_parametrization_of_colours(const cvz_ascent_recipe *recipe, const float *colours, size_t pixels,
                                    float *numbers)
{
  cvz_parametrization p = {.recipe = *recipe, .image = {.rank = 3, .channels = recipe->range.channels}};
  const size_t count = pixels * (size_t)recipe->range.channels;
  if (recipe->parametrization.output == CVZ_OUTPUT_NONE) {
    cvz_input_from_rgb(&recipe->range, colours, pixels, numbers);
    return;
  }
  choose_colour(&p);
  for (size_t i = 0; i < count; i++) numbers[i] = colours[i] - p.mean[colour_of(&p, i)];
  unmix(&p, count, numbers);
}

void cvz_parametrization_start(cvz_parametrization *p, const cvz_random *random, float *parameters)
{
  const size_t count = cvz_parametrization_count(p);
  if (p->recipe.start && cvz_parametrization_is_image(p)) {
    memcpy(parameters, p->recipe.start, count * sizeof *parameters);
  } else if (p->recipe.start) {
    if (p->recipe.parametrization.output == CVZ_OUTPUT_NONE)
      memcpy(p->t, p->recipe.start, cvz_shape_count(p->image) * sizeof *p->t);
    else
      undo_output(p, p->recipe.start, p->t);
    p->basis->parameters_of(p, p->t, parameters);
  } else if (cvz_parametrization_is_image(p)) {
    cvz_random_uniform(random, 0, count, parameters);
    for (size_t i = 0; i < count; i++) parameters[i] = (parameters[i] - 0.5f) * p->recipe.init_spread;
  } else {
    cvz_noise_normal(random, 0, count, parameters);
    for (size_t i = 0; i < count; i++) parameters[i] *= p->recipe.parametrization.deviation;
  }
}

static void mix(const cvz_parametrization *p, const float *t, float *rgb)
{
  const float(*m)[3] = p->colour;
  const size_t count = cvz_shape_count(p->image);
  for (size_t i = 0; i < count; i += 3)
    for (int c = 0; c < 3; c++) rgb[i + (size_t)c] = m[c][0] * t[i] + m[c][1] * t[i + 1] + m[c][2] * t[i + 2];
}

static void mix_backward(const cvz_parametrization *p, const float *drgb, float *dt)
{
  const float(*m)[3] = p->colour;
  const size_t count = cvz_shape_count(p->image);
  for (size_t i = 0; i < count; i += 3)
    for (int j = 0; j < 3; j++) dt[i + (size_t)j] = m[0][j] * drgb[i] + m[1][j] * drgb[i + 1] + m[2][j] * drgb[i + 2];
}

/* In place: from numbers of any size to [0, 1]. */
static void squash(const cvz_parametrization *p, float *values)
{
  const cvz_view all = cvz_view_dense(values, p->image.height, p->image.width, p->image.channels);
  if (p->recipe.parametrization.output == CVZ_OUTPUT_SIGMOID) {
    p->kernels->curve(all, all, CVZ_CURVE_SIGMOID, 0);
    return;
  }
  for (size_t i = 0; i < cvz_shape_count(p->image); i++) {
    const float value = values[i] + p->mean[colour_of(p, i)];
    values[i] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

/* The derivative of the function that gave s. Lucid's clip has none outside of the range. */
static inline float slope(bool sigmoid, float s)
{
  return sigmoid ? s * (1 - s) : s > 0 && s < 1 ? 1.0f : 0.0f;
}

void cvz_parametrization_forward(cvz_parametrization *p, const float *parameters, float *image)
{
  if (p->recipe.parametrization.output == CVZ_OUTPUT_NONE) {
    p->basis->forward(p, parameters, image);
    return;
  }
  float *mixed = p->mixes ? p->t : p->squashed;
  p->basis->forward(p, parameters, mixed);
  if (p->mixes) mix(p, p->t, p->squashed);
  squash(p, p->squashed);
  cvz_input_from_rgb(&p->recipe.range, p->squashed, pixels_of(p), image);
}

void cvz_parametrization_backward(cvz_parametrization *p, const float *image_gradient, float *gradient)
{
  const size_t count = cvz_shape_count(p->image);
  const bool sigmoid = p->recipe.parametrization.output == CVZ_OUTPUT_SIGMOID;
  if (p->recipe.parametrization.output == CVZ_OUTPUT_NONE) {
    memcpy(p->t, image_gradient, count * sizeof *p->t);
    p->basis->backward(p, p->t, gradient);
    return;
  }
  cvz_input_gradient(&p->recipe.range, image_gradient, pixels_of(p), p->t);
  for (size_t i = 0; i < count; i++) p->squashed[i] = slope(sigmoid, p->squashed[i]) * p->t[i];
  if (p->mixes) mix_backward(p, p->squashed, p->t);
  p->basis->backward(p, p->mixes ? p->t : p->squashed, gradient);
}
