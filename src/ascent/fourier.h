/* ascent/fourier.h: two-dimensional Fourier transforms of real images, by kissfft. */
#ifndef CVZ_ASCENT_FOURIER_H
#define CVZ_ASCENT_FOURIER_H

#include <stddef.h>

#include "base/status.h"

/** The transforms of images of one size, with their scratch memory: one at a time.
 *
 *  A spectrum is (height, columns, 2): real and imaginary parts of the frequencies of an image whose width is rounded
 *  up to an even one, as Lucid has it (and kissfft's real transform needs); columns = even width / 2 + 1. */
typedef struct cvz_fourier cvz_fourier;

cvz_status cvz_fourier_create(cvz_fourier **fourier, int height, int width, cvz_error *error);

/** Harmless on NULL. */
void cvz_fourier_free(cvz_fourier *fourier);

/** Floats of a spectrum. */
size_t cvz_fourier_count(const cvz_fourier *fourier);

/** The frequency of each complex number of a spectrum in cycles per pixel, sqrt(fx^2 + fy^2): (height, columns).
 *  Source: rfft2d_freqs in lucid/optvis/param/spatial.py. */
void cvz_fourier_frequencies(const cvz_fourier *fourier, double *frequencies);

/** image = the inverse transform, numpy.fft.irfft2(spectrum)[:, :width]; pixel (y, x) goes to
 *  image[(y * width + x) * stride]. */
void cvz_fourier_inverse(cvz_fourier *fourier, const float *spectrum, float *image, size_t stride);

/** The adjoint of cvz_fourier_inverse: the derivative by the spectrum from that by the image. */
void cvz_fourier_adjoint(cvz_fourier *fourier, const float *image, size_t stride, float *spectrum);

/** The spectrum of an image: cvz_fourier_inverse gives it back. */
void cvz_fourier_forward(cvz_fourier *fourier, const float *image, size_t stride, float *spectrum);

#endif
