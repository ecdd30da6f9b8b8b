/* kernel/winograd.h: small convolutions as 36 or 64 matrix products, Winograd's F(4x4, 3x3), F(6x6, 3x3) and
 * F(3x3, 4x4).
 *
 *  The outputs of a tile come from its 6 x 6 or 8 x 8 inputs: y = A' [(G k G') * (B' x B)] A, where * is by element, so
 *  over channels a product of matrices for each element. That takes 36 multiplications for what are 144, or 64 for what
 *  are 324. The 6 x 6 matrices interpolate at the points 0, +-5/8, +-3/2 and infinity, which makes a root mean square
 *  error of 0.6e-6 in float32; the usual points 0, +-1, +-2 double it. Those of 8 x 8 interpolate at 0, +-1/2, +-1, +-2
 *  and infinity: 2.7e-6, and no points with denominators of 16 are better than 2.6e-6. */
#ifndef CVZ_KERNEL_WINOGRAD_H
#define CVZ_KERNEL_WINOGRAD_H

#include <stddef.h>

/** The forms of tiles, named by their outputs a side. */
#define CVZ_WINOGRAD_TILE         4 /**< of 3x3 kernels */
#define CVZ_WINOGRAD_LARGE_TILE   6 /**< of 3x3 kernels, for large maps */
#define CVZ_WINOGRAD_STRIDE2_TILE 3 /**< of kernels with stride 2 */

#define CVZ_WINOGRAD_MOST_POINTS 64

/** Inputs a side of a tile. */
static inline int cvz_winograd_side(int tile)
{
  return tile == CVZ_WINOGRAD_LARGE_TILE ? 8 : 6;
}

/** Products of a tile. */
static inline int cvz_winograd_points(int tile)
{
  return cvz_winograd_side(tile) * cvz_winograd_side(tile);
}

/** The points of interpolation of 6 x 6 inputs: 0, +-NEAR, +-FAR, infinity. Their powers up to the fourth are exact. */
#define CVZ_WINOGRAD_NEAR 0.625f
#define CVZ_WINOGRAD_FAR  1.5f

/** Some of a map's tiles. Tile t covers the outputs from (T * (t / columns), T * (t % columns)) on, T = `tile`; output
 *  (y, x) sees the inputs from (stride * y - before[0], stride * x - before[1]) on. What lies outside of the
 *  input's view is zero. */
typedef struct cvz_winograd_batch {
  int tile;         /**< outputs a side */
  int columns;      /**< tiles in a row of tiles */
  int first, count; /**< tiles first .. first + count - 1 */
  int before[2];
  size_t
      plane; /**< floats from one transformed plane to the next; not a multiple of 1024, which would share cache sets */
} cvz_winograd_batch;

/** Transforms one 3 x 3 kernel for tiles of that form, G k G': u[points]. Element (r, s) is kernel[r * row + s *
 * column]: with the last element's address and negative strides the kernel is turned, as the backward pass needs it. */
void cvz_winograd_weights(int tile, double *u, const float *kernel, ptrdiff_t row, ptrdiff_t column);

/** Most input channels of a convolution with stride 2. */
#define CVZ_WINOGRAD_STRIDE2_CHANNELS 4

/** A convolution of 5 to 8 taps a side with stride 2 is one of 4 x 4 taps with stride 1 over blocks of 2 x 2 pixels,
 *  whose 4 * C channels are (y, x, c). This transforms the kernel of block element (y, x): the taps (2 r + y, 2 s + x)
 * of a kernel of height x width, whose element (r, s) is kernel[r * row + s * column]. */
void cvz_winograd_stride2_weights(double *u, const float *kernel, int height, int width, ptrdiff_t row,
                                  ptrdiff_t column, int y, int x);

#endif
