/* Spectra: all of them (Lucid), or their phases (MaCo). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/basis.h"
#include "ascent/spectrum.h"
#include "base/memory.h"
#include "kernel/function.h"

/* Complex numbers of all channels. */
static size_t numbers_of(const cvz_parametrization *p)
{
  return cvz_fourier_count(p->fourier) * (size_t)p->image.channels;
}

/* 1 / max(frequency, 1 / max(height, width))^decay * sqrt(height * width) for each frequency.
 * Source: fft_image in lucid/optvis/param/spatial.py. */
static cvz_status falling_scale(const cvz_parametrization *p, double decay, float *scale, cvz_error *error)
{
  const int height = p->image.height, width = p->image.width;
  const double least = 1.0 / (height > width ? height : width), all = sqrt((double)height * width);
  double *frequencies = cvz_array(cvz_fourier_count(p->fourier), sizeof *frequencies, error);
  if (!frequencies) return CVZ_E_MEMORY;
  cvz_fourier_frequencies(p->fourier, frequencies);
  for (size_t i = 0; i < cvz_fourier_count(p->fourier); i++) {
    const double frequency = frequencies[i] > least ? frequencies[i] : least;
    scale[i] = (float)(1 / (decay == 1 ? frequency : cvz_power(frequency, decay)) * all);
  }
  free(frequencies);
  return CVZ_OK;
}

static cvz_status fourier_prepare(cvz_parametrization *p, cvz_error *error)
{
  CVZ_TRY(cvz_fourier_create(&p->fourier, p->image, p->kernels, error));
  p->scale = cvz_array(cvz_fourier_count(p->fourier), sizeof(float), error);
  p->spectrum = cvz_array(numbers_of(p), 2 * sizeof(float), error);
  if (!p->scale || !p->spectrum) return CVZ_E_MEMORY;
  return falling_scale(p, (double)p->recipe.parametrization.decay, p->scale, error);
}

static size_t fourier_count(const cvz_parametrization *p)
{
  return 2 * numbers_of(p);
}

/* to = from * scale * factor, complex numbers of all channels */
static void scaled(const cvz_parametrization *p, const float *from, float factor, float *to)
{
  const size_t count = cvz_fourier_count(p->fourier);
  for (int c = 0; c < p->image.channels; c++, from += 2 * count, to += 2 * count)
    for (size_t i = 0; i < count; i++) {
      const float by = p->scale[i] * factor;
      to[2 * i] = from[2 * i] * by;
      to[2 * i + 1] = from[2 * i + 1] * by;
    }
}

/* Parameters: the spectrum over the scale. Lucid divides the image by 4. */
static void fourier_forward(cvz_parametrization *p, const float *parameters, float *t)
{
  scaled(p, parameters, 0.25f, p->spectrum);
  cvz_fourier_inverse(p->fourier, p->spectrum, t);
}

static void fourier_backward(cvz_parametrization *p, float *dt, float *gradient)
{
  cvz_fourier_adjoint(p->fourier, dt, gradient);
  scaled(p, gradient, 0.25f, gradient);
}

static void fourier_of(cvz_parametrization *p, float *t, float *parameters)
{
  const size_t count = cvz_fourier_count(p->fourier);
  cvz_fourier_forward(p->fourier, t, parameters);
  for (size_t i = 0; i < fourier_count(p); i++) parameters[i] *= 4 / p->scale[i / 2 % count];
}

const cvz_basis_passes cvz_basis_fourier = {fourier_prepare, fourier_count, fourier_of, fourier_forward,
                                            fourier_backward};

cvz_standard cvz_standard_forward(float *values, size_t count)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++) sum += (double)values[i];
  const double mean = sum / (double)count;
  for (size_t i = 0; i < count; i++) squares += ((double)values[i] - mean) * ((double)values[i] - mean);
  const double deviation = sqrt(squares / (double)count), factor = 1 / (deviation + 1e-5);
  for (size_t i = 0; i < count; i++) values[i] = (float)(((double)values[i] - mean) * factor);
  return (cvz_standard){mean, deviation, factor};
}

/* With y = (x - m) f: dx = f (dy - mean(dy)) - y mean(dy y) / deviation. */
void cvz_standard_backward(const cvz_standard *standard, const float *values, float *gradient, size_t count)
{
  double sum = 0, product = 0;
  for (size_t i = 0; i < count; i++) {
    sum += (double)gradient[i];
    product += (double)gradient[i] * (double)values[i];
  }
  const double mean = sum / (double)count;
  const double along = standard->deviation > 0 ? product / (double)count / standard->deviation : 0;
  for (size_t i = 0; i < count; i++)
    gradient[i] = (float)(standard->factor * ((double)gradient[i] - mean) - (double)values[i] * along);
}

/* The spectra of all channels, in one array. */
static cvz_status phase_prepare(cvz_parametrization *p, cvz_error *error)
{
  CVZ_TRY(cvz_fourier_create(&p->fourier, p->image, p->kernels, error));
  const size_t count = cvz_fourier_count(p->fourier), all = numbers_of(p);
  p->scale = cvz_array(all, sizeof(float), error);
  p->spectrum = cvz_array(all, 2 * sizeof(float), error);
  p->standard_phases = cvz_array(all, sizeof(float), error);
  p->standard_pixels = cvz_array(cvz_shape_count(p->image), sizeof(float), error);
  p->derivative = cvz_array(all, 2 * sizeof(float), error);
  if (!p->scale || !p->spectrum || !p->standard_phases || !p->standard_pixels || !p->derivative) return CVZ_E_MEMORY;
  if (p->recipe.magnitudes) {
    memcpy(p->scale, p->recipe.magnitudes, all * sizeof(float));
    return CVZ_OK;
  }
  if (p->recipe.parametrization.natural) {
    cvz_spectrum_natural(p->image, p->scale);
    return CVZ_OK;
  }
  CVZ_TRY(falling_scale(p, 1, p->scale, error));
  for (size_t i = count; i < all; i++) p->scale[i] = p->scale[i - count];
  return CVZ_OK;
}

/* Source: maco_image_parametrization in xplique/features_visualizations/preconditioning.py. Parameters: the phases,
 * (C, H, columns); they and t are brought to mean 0 and deviation 1. */
static void phase_forward(cvz_parametrization *p, const float *parameters, float *t)
{
  const size_t count = numbers_of(p);
  float *phases = p->standard_phases;
  memcpy(phases, parameters, count * sizeof *phases);
  p->phases = cvz_standard_forward(phases, count);
  for (size_t i = 0; i < count; i++) {
    double sine, cosine;
    cvz_sincos((double)phases[i], &sine, &cosine);
    p->spectrum[2 * i] = p->scale[i] * (float)cosine;
    p->spectrum[2 * i + 1] = p->scale[i] * (float)sine;
  }
  cvz_fourier_inverse(p->fourier, p->spectrum, t);
  p->pixels = cvz_standard_forward(t, cvz_shape_count(p->image));
  memcpy(p->standard_pixels, t, cvz_shape_count(p->image) * sizeof *t);
}

static void phase_backward(cvz_parametrization *p, float *dt, float *gradient)
{
  const size_t count = numbers_of(p);
  const float *spectrum = p->spectrum, *derivative = p->derivative;
  cvz_standard_backward(&p->pixels, p->standard_pixels, dt, cvz_shape_count(p->image));
  cvz_fourier_adjoint(p->fourier, dt, p->derivative);
  for (size_t i = 0; i < count; i++)
    gradient[i] = spectrum[2 * i] * derivative[2 * i + 1] - spectrum[2 * i + 1] * derivative[2 * i];
  cvz_standard_backward(&p->phases, p->standard_phases, gradient, count);
}

const cvz_basis_passes cvz_basis_phase = {phase_prepare, numbers_of, NULL, phase_forward, phase_backward};
