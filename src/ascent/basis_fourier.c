/* Spectra: all of them (Lucid), or their phases (MaCo). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/basis.h"
#include "ascent/spectrum.h"
#include "base/memory.h"
#include "kernel/function.h"

static size_t complex_count(const cvz_parametrization *p)
{
  return cvz_fourier_count(p->fourier) / 2;
}

/* 1 / max(frequency, 1 / max(height, width))^decay * sqrt(height * width) for each frequency.
 * Source: fft_image in lucid/optvis/param/spatial.py. */
static cvz_status falling_scale(const cvz_parametrization *p, double decay, float *scale, cvz_error *error)
{
  const int height = p->image.height, width = p->image.width;
  const double least = 1.0 / (height > width ? height : width), all = sqrt((double)height * width);
  double *frequencies = cvz_array(complex_count(p), sizeof *frequencies, error);
  if (!frequencies) return CVZ_E_MEMORY;
  cvz_fourier_frequencies(p->fourier, frequencies);
  for (size_t i = 0; i < complex_count(p); i++) {
    const double frequency = frequencies[i] > least ? frequencies[i] : least;
    scale[i] = (float)(1 / (decay == 1 ? frequency : cvz_power(frequency, decay)) * all);
  }
  free(frequencies);
  return CVZ_OK;
}

static cvz_status fourier_prepare(cvz_parametrization *p, cvz_error *error)
{
  CVZ_TRY(cvz_fourier_create(&p->fourier, p->image.height, p->image.width, error));
  p->scale = cvz_array(complex_count(p), sizeof(float), error);
  p->spectrum = cvz_array(cvz_fourier_count(p->fourier), sizeof(float), error);
  if (!p->scale || !p->spectrum) return CVZ_E_MEMORY;
  return falling_scale(p, (double)p->recipe.parametrization.decay, p->scale, error);
}

static size_t fourier_count(const cvz_parametrization *p)
{
  return cvz_fourier_count(p->fourier) * (size_t)p->image.channels;
}

/* to = from * scale * factor, complex numbers */
static void scaled(const cvz_parametrization *p, const float *from, float factor, float *to)
{
  const size_t count = complex_count(p);
  const float *scale = p->scale;
  for (size_t i = 0; i < count; i++) {
    const float by = scale[i] * factor;
    to[2 * i] = from[2 * i] * by;
    to[2 * i + 1] = from[2 * i + 1] * by;
  }
}

/* Parameters: (C, spectrum). Lucid divides the image by 4. */
static void fourier_forward(cvz_parametrization *p, const float *parameters, float *t)
{
  const size_t channels = (size_t)p->image.channels, count = cvz_fourier_count(p->fourier);
  for (size_t c = 0; c < channels; c++) {
    scaled(p, parameters + c * count, 0.25f, p->spectrum);
    cvz_fourier_inverse(p->fourier, p->spectrum, t + c, channels);
  }
}

static void fourier_backward(cvz_parametrization *p, float *dt, float *gradient)
{
  const size_t channels = (size_t)p->image.channels, count = cvz_fourier_count(p->fourier);
  for (size_t c = 0; c < channels; c++) {
    cvz_fourier_adjoint(p->fourier, dt + c, channels, gradient + c * count);
    scaled(p, gradient + c * count, 0.25f, gradient + c * count);
  }
}

static void fourier_of(cvz_parametrization *p, float *t, float *parameters)
{
  const size_t channels = (size_t)p->image.channels, count = cvz_fourier_count(p->fourier);
  for (size_t c = 0; c < channels; c++) {
    float *to = parameters + c * count;
    cvz_fourier_forward(p->fourier, t + c, channels, to);
    for (size_t i = 0; i < count; i++) to[i] *= 4 / p->scale[i / 2];
  }
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
  const size_t channels = (size_t)p->image.channels;
  CVZ_TRY(cvz_fourier_create(&p->fourier, p->image.height, p->image.width, error));
  const size_t count = complex_count(p);
  p->scale = cvz_array(channels * count, sizeof(float), error);
  p->spectrum = cvz_array(channels * count, 2 * sizeof(float), error);
  p->standard_phases = cvz_array(channels * count, sizeof(float), error);
  p->standard_pixels = cvz_array(cvz_shape_count(p->image), sizeof(float), error);
  p->derivative = cvz_array(count, 2 * sizeof(float), error);
  if (!p->scale || !p->spectrum || !p->standard_phases || !p->standard_pixels || !p->derivative) return CVZ_E_MEMORY;
  if (p->recipe.magnitudes) {
    memcpy(p->scale, p->recipe.magnitudes, channels * count * sizeof(float));
    return CVZ_OK;
  }
  if (p->recipe.parametrization.natural) {
    cvz_spectrum_natural(p->image, p->scale);
    return CVZ_OK;
  }
  for (size_t c = 0; c < channels; c++) CVZ_TRY(falling_scale(p, 1, p->scale + c * count, error));
  return CVZ_OK;
}

static size_t phase_count(const cvz_parametrization *p)
{
  return complex_count(p) * (size_t)p->image.channels;
}

/* Source: maco_image_parametrization in xplique/features_visualizations/preconditioning.py. Parameters: the phases,
 * (C, H, columns); they and t are brought to mean 0 and deviation 1. */
static void phase_forward(cvz_parametrization *p, const float *parameters, float *t)
{
  const size_t channels = (size_t)p->image.channels, count = phase_count(p);
  float *phases = p->standard_phases;
  memcpy(phases, parameters, count * sizeof *phases);
  p->phases = cvz_standard_forward(phases, count);
  for (size_t i = 0; i < count; i++) {
    double sine, cosine;
    cvz_sincos((double)phases[i], &sine, &cosine);
    p->spectrum[2 * i] = p->scale[i] * (float)cosine;
    p->spectrum[2 * i + 1] = p->scale[i] * (float)sine;
  }
  for (size_t c = 0; c < channels; c++)
    cvz_fourier_inverse(p->fourier, p->spectrum + c * cvz_fourier_count(p->fourier), t + c, channels);
  p->pixels = cvz_standard_forward(t, cvz_shape_count(p->image));
  memcpy(p->standard_pixels, t, cvz_shape_count(p->image) * sizeof *t);
}

static void phase_backward(cvz_parametrization *p, float *dt, float *gradient)
{
  const size_t channels = (size_t)p->image.channels, count = complex_count(p), all = phase_count(p);
  cvz_standard_backward(&p->pixels, p->standard_pixels, dt, cvz_shape_count(p->image));
  for (size_t c = 0; c < channels; c++) {
    const float *spectrum = p->spectrum + 2 * c * count;
    cvz_fourier_adjoint(p->fourier, dt + c, channels, p->derivative);
    for (size_t i = 0; i < count; i++)
      gradient[c * count + i] = spectrum[2 * i] * p->derivative[2 * i + 1] - spectrum[2 * i + 1] * p->derivative[2 * i];
  }
  cvz_standard_backward(&p->phases, p->standard_phases, gradient, all);
}

const cvz_basis_passes cvz_basis_phase = {phase_prepare, phase_count, NULL, phase_forward, phase_backward};
