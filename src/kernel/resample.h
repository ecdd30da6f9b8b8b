/* kernel/resample.h: where the pixels of a view lie in an image. */
#ifndef CVZ_KERNEL_RESAMPLE_H
#define CVZ_KERNEL_RESAMPLE_H

#include <stdint.h>

#include "kernel/view.h"

/** What lies beyond the edge of an image. */
typedef enum cvz_beyond {
  CVZ_BEYOND_FILL,  /**< one colour */
  CVZ_BEYOND_WRAP,  /**< the image again */
  CVZ_BEYOND_MIRROR /**< its mirror image, the pixels at the edge twice */
} cvz_beyond;

#define CVZ_FIXED(x) ((int64_t)((x)*4294967296.0 + ((x) < 0 ? -0.5 : 0.5))) /**< with 32 bits behind the point */

/** Pixel (i, j) of the view shows the image at row y + i * y_down + j * y_right and column x + i * x_down + j *
 * x_right, counted from the centre of pixel (0, 0), by bilinear interpolation. The numbers have 32 bits behind the
 * point (CVZ_FIXED): places are exact, and the same for every instruction set. Rows and columns must stay below 2^30.
 */
typedef struct cvz_sampling {
  int64_t y, y_down, y_right;
  int64_t x, x_down, x_right;
  cvz_beyond beyond;
  const float *fill; /**< (channels), for CVZ_BEYOND_FILL */
} cvz_sampling;

#endif
