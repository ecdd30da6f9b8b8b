/* ascent/fourier.h: two-dimensional Fourier transforms of real images. */
#ifndef CVZ_ASCENT_FOURIER_H
#define CVZ_ASCENT_FOURIER_H

#include <stddef.h>

#include "graph/shape.h"
#include "kernel/kernels.h"

/** The transforms of images of one shape, with their scratch memory: one at a time.
 *
 *  A spectrum is (channels, height, columns, 2): real and imaginary parts of the frequencies of an image whose width is
 *  rounded up to an even one, as Lucid has it; columns = even width / 2 + 1. An image is (height, width, channels). */
typedef struct cvz_fourier cvz_fourier;

/** @param kernels  borrowed */
cvz_status cvz_fourier_create(cvz_fourier **fourier, cvz_shape image, const cvz_kernels *kernels, cvz_error *error);

/** Harmless on NULL. */
void cvz_fourier_free(cvz_fourier *fourier);

/** Complex numbers of one channel's spectrum, height * columns. */
size_t cvz_fourier_count(const cvz_fourier *fourier);

/** The frequency of each complex number of a channel in cycles per pixel, sqrt(fx^2 + fy^2): (height, columns).
 *  Source: rfft2d_freqs in lucid/optvis/param/spatial.py. */
void cvz_fourier_frequencies(const cvz_fourier *fourier, double *frequencies);

/** image = the inverse transform, numpy.fft.irfft2(spectrum)[:, :, :width] with its channels last. */
void cvz_fourier_inverse(cvz_fourier *fourier, const float *spectrum, float *image);

/** The adjoint of cvz_fourier_inverse: the derivative by the spectrum from that by the image. */
void cvz_fourier_adjoint(cvz_fourier *fourier, const float *image, float *spectrum);

/** The spectrum of an image: cvz_fourier_inverse gives it back. */
void cvz_fourier_forward(cvz_fourier *fourier, const float *image, float *spectrum);

#endif
