/* ascent/spectrum.h: how strong each wave of an image is whose phases are what is climbed (CVZ_BASIS_PHASE).
 *
 * Magnitudes are (C, H, columns), as many as half of the floats of a spectrum of ascent/fourier.h. */
#ifndef CVZ_ASCENT_SPECTRUM_H
#define CVZ_ASCENT_SPECTRUM_H

#include "ascent/recipe.h"
#include "graph/shape.h"
#include "kernel/kernels.h"

/** Numbers of an image's magnitudes. */
size_t cvz_spectrum_count(cvz_shape image);

/** Those of photographs: a smooth fit over frequency and direction, see weights/natural_spectrum.txt. Channels that are
 *  not three colours get the first one's, which is brightness.
 *  @param[out] magnitudes  (cvz_spectrum_count) */
void cvz_spectrum_natural(cvz_shape image, float *magnitudes);

/** The mean magnitudes of pictures that are added one by one. */
typedef struct cvz_spectrum cvz_spectrum;

/** @param recipe   its parametrization says which numbers stand for a colour; copied
 *  @param image    (H, W, C) whose magnitudes are wanted
 *  @param kernels  borrowed */
cvz_status cvz_spectrum_create(cvz_spectrum **spectrum, const cvz_ascent_recipe *recipe, cvz_shape image,
                               const cvz_kernels *kernels, cvz_error *error);

/** Harmless on NULL. */
void cvz_spectrum_free(cvz_spectrum *spectrum);

/** Adds the absolute values of a picture's Fourier transform, brought to the size of the image's bilinearly, by
 *  tf.image.resize's rule. Pictures of other sizes count as much: a value is divided by the root of its picture's
 *  pixels, and in the end multiplied by that of the image's. Source: init_maco_buffer in
 *  xplique/features_visualizations/preconditioning.py, there for pictures of one size.
 *  @param colours  (height, width, C) in [0, 1], with alpha if C is 4. Of an odd width of 3 or more the last column is
 *                  left out
 *  @return CVZ_E_RANGE if a side is below 2; CVZ_E_MEMORY */
cvz_status cvz_spectrum_add(cvz_spectrum *spectrum, const float *colours, int height, int width, cvz_error *error);

/** The mean of those that were added, at least one.
 *  @param[out] magnitudes  (cvz_spectrum_count)
 *  @return false if each of the pictures is of one colour */
bool cvz_spectrum_mean(const cvz_spectrum *spectrum, float *magnitudes);

#endif
