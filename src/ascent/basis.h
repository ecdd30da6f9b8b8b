/* ascent/basis.h: inside of a parametrization: the bases, and what they share. */
#ifndef CVZ_ASCENT_BASIS_H
#define CVZ_ASCENT_BASIS_H

#include "ascent/fourier.h"
#include "ascent/parametrization.h"

/** One basis: parameters -> t. */
typedef struct cvz_basis_passes {
  cvz_status (*prepare)(cvz_parametrization *p, cvz_error *error);
  size_t (*count)(const cvz_parametrization *p);
  /** The parameters of which t is made; NULL if the basis has none for every t. May change t. */
  void (*parameters_of)(cvz_parametrization *p, float *t, float *parameters);
  void (*forward)(cvz_parametrization *p, const float *parameters, float *t);
  /** Of dt, which it may change, at the parameters of the last forward pass. */
  void (*backward)(cvz_parametrization *p, float *dt, float *gradient);
} cvz_basis_passes;

extern const cvz_basis_passes cvz_basis_pixels, cvz_basis_fourier, cvz_basis_pyramid, cvz_basis_phase;

/** Mean and 1 / (deviation + a small number) of an array that was brought to mean 0 and deviation 1. */
typedef struct cvz_standard {
  double mean, deviation, factor;
} cvz_standard;

struct cvz_parametrization {
  cvz_ascent_recipe recipe;
  cvz_shape image;
  const cvz_kernels *kernels;
  const cvz_basis_passes *basis;
  float colour[3][3]; /* rgb[i] = the sum of colour[i][j] * t[j] */
  bool mixes;         /* by the matrix */
  float mean[3];      /* added to rgb before it is cut to [0, 1] */
  float *t;           /* (H, W, C): what the basis gave; overwritten by its derivative */
  float *squashed;    /* (H, W, C): colours in [0, 1] */
  float *scratch;     /* (H, W, C), of the pyramid */
  /* Fourier and phase. */
  cvz_fourier *fourier;
  float *scale;    /* Fourier: the factor of each complex number; phase: magnitudes, (C, H, columns) */
  float *spectrum; /* (C, H, columns, 2), of the phase kept for the backward pass */
  /* Phase: phases (C, H, columns) and t, brought to mean 0 and deviation 1, kept; the derivative by the spectrum. */
  float *standard_phases, *standard_pixels, *derivative;
  cvz_standard phases, pixels;
};

/** In place: x = (x - mean) / (deviation + 1e-5), population deviation. */
cvz_standard cvz_standard_forward(float *values, size_t count);

/** In place: dy becomes dx; `values` are those that cvz_standard_forward gave. */
void cvz_standard_backward(const cvz_standard *standard, const float *values, float *gradient, size_t count);

#endif
