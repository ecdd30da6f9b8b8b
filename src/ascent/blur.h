/* ascent/blur.h: Gaussian blur. */
#ifndef CVZ_ASCENT_BLUR_H
#define CVZ_ASCENT_BLUR_H

#include "base/status.h"
#include "kernel/view.h"

typedef struct cvz_blur {
  int radius;
  float *weights; /**< (radius + 1): of the middle and of each distance from it; owned */
} cvz_blur;

/** Weights exp(-d^2 / (2 deviation^2)) over their sum, up to a distance of 4 deviations; as
 *  scipy.ndimage.gaussian_filter(mode="reflect"). */
cvz_status cvz_blur_create(cvz_blur *blur, float deviation, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_blur_free(cvz_blur *blur);

/** In place: along columns and rows of a dense image, whose edge is mirrored.
 *  @param scratch  (H, W, C) */
void cvz_blur_apply(const cvz_blur *blur, cvz_view image, float *scratch);

#endif
