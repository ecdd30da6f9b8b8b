/* kernel/kernels.h: the inner loops, one table per instruction set.
 *
 * Every table computes the same sums in an order of its own, so the bits depend on the table that is chosen and on
 * nothing else. Unless said otherwise, views of one call have the same shape, results share no memory with operands,
 * and `accumulate` adds to the result, which is overwritten otherwise. (H, W, C) are the shape of x, (OH, OW, ..) that
 * of y; dx and dy, their gradients, have their shapes. */
#ifndef CVZ_KERNEL_KERNELS_H
#define CVZ_KERNEL_KERNELS_H

#include <stdint.h>

#include "base/cpu.h"
#include "kernel/epilogue.h"
#include "kernel/fourier.h"
#include "kernel/resample.h"
#include "kernel/view.h"
#include "kernel/winograd.h"

/** A window over a view: output (oy, ox) sees input (oy * stride - before + k * dilation), vertical and horizontal.
 *  `before` is the zeros before the view's first element; negative if the view starts before the first window. What
 *  lies outside of the view is padding. */
typedef struct cvz_slide {
  int kernel[2], stride[2], dilation[2], before[2];
} cvz_slide;

/** Functions of one number that are not a clamp: base/curves.def. */
typedef enum cvz_curve {
#define C(NAME) CVZ_CURVE_##NAME,
#include "base/curves.def"
#undef C
  CVZ_CURVES
} cvz_curve;

/** What a pixel's channels are normalised by: y = (x - mean) * factor, with no mean unless `centered`, and
 *  factor = 1 / sqrt(variance + epsilon), or 1 / sqrt(max(sum of squares, epsilon)) where `length`. */
typedef struct cvz_normalization {
  bool centered, length;
  float epsilon;
} cvz_normalization;

/** Y = or += X W of a rectangle of pixels, where only those channels of X are read whose bit is set. Every output is
 *  one sum in ascending order of channels: of finite weights the bits of the dense sum in that order. In the AVX-512
 *  table the pixels are paired, from the first one on through all rows; of every 64 channels those that both pixels of
 *  a pair have come before the others. */
typedef struct cvz_sparse_product {
  int rows, width;       /**< pixels */
  int channels, columns; /**< of X, and of Y: at most sparse_columns */
  const float *x;
  size_t x_row, x_pixel; /**< floats from one row, one pixel to the next */
  const uint64_t *bits;  /**< of x: cvz_bits_words(channels) each pixel */
  size_t bits_row, bits_pixel;
  const float *weights; /**< (channels, columns) dense */
  float *y;
  size_t y_row, y_pixel;
  bool accumulate;
} cvz_sparse_product;

/** Longest row of a window that is scattered. */
#define CVZ_SCATTER_FLOATS 24

/** Floats of a row of weights of `scatter`: those of the window and zeros up to whole vectors. */
static inline size_t cvz_scatter_row(int floats, int width)
{
  return (size_t)((floats + width - 1) / width) * (size_t)width;
}

/** One table. */
typedef struct cvz_kernels {
  cvz_isa isa;
  int width;          /**< floats of a vector */
  int sparse_columns; /**< output channels of a block of weights of sparse_multiply */

  /* Element by element. */

  /** y = value */
  void (*fill)(cvz_view y, float value);
  /** y (+)= x */
  void (*copy)(cvz_view y, cvz_view x, bool accumulate);
  /** y = a + b; y may be a or b. */
  void (*add)(cvz_view y, cvz_view a, cvz_view b);
  /** y (+)= a * b */
  void (*multiply)(cvz_view y, cvz_view a, cvz_view b, bool accumulate);
  /** y[c] += factor * the sum over all pixels of x; y: (channels). */
  void (*pixel_sum)(float *y, cvz_view x, float factor);
  /** y[c] += the sum over all pixels of a * b; y: (channels). */
  void (*pixel_dot)(float *y, cvz_view a, cvz_view b);

  /* Epilogues, and affine steps with a clamp. */

  /** The epilogue in place, of products that lie in y; `accumulate` is not used. The residual may be y. */
  void (*finish)(cvz_view y, const cvz_epilogue *epilogue);
  /** y = clamp(x * scale + offset) and its passed bits; scale and offset: (channels), NULL for 1 and 0; y may be x. */
  void (*affine)(cvz_view y, cvz_view x, const float *scale, const float *offset, cvz_clamp clamp, cvz_bits passed);
  /** dx (+)= kept bit ? dy * scale : 0; scale: (channels), NULL for 1; dx may be dy. */
  void (*affine_backward)(cvz_view dx, cvz_view dy, const float *scale, cvz_bits kept, bool accumulate);
  /** In place: dy = kept bit ? dy : 0. */
  void (*keep)(cvz_view dy, cvz_bits kept);
  /** In place: dy *= the derivative of clamp where it gave y (0 at 0 of a ReLU, as TensorFlow has it). */
  void (*clamp_backward)(cvz_view dy, cvz_view y, cvz_clamp clamp);

  /* Activations. */

  /** y = x <= threshold ? slope * (x - threshold) : min(x, max) */
  void (*relu)(cvz_view y, cvz_view x, cvz_clamp clamp, float threshold);
  /** dx (+)= dy * the derivative at x: the slope at the threshold, 0 at max. */
  void (*relu_backward)(cvz_view dx, cvz_view dy, cvz_view x, cvz_clamp clamp, float threshold, bool accumulate);
  /** y = curve(x), with the parameter that some curves have; y may be x. */
  void (*curve)(cvz_view y, cvz_view x, cvz_curve curve, float parameter);
  /** dx (+)= dy * the derivative at x; dx may be dy or x. */
  void (*curve_backward)(cvz_view dx, cvz_view dy, cvz_view x, cvz_curve curve, float parameter, bool accumulate);
  /** Over the channels of each pixel; y may be x. */
  void (*softmax)(cvz_view y, cvz_view x);
  /** dx (+)= y * (dy - the sum of dy * y over the pixel's channels); dx may be dy or y. */
  void (*softmax_backward)(cvz_view dx, cvz_view dy, cvz_view y, bool accumulate);

  /* Normalization. */

  /** Over the channels of each pixel, then times scale, plus offset: (channels), NULL for 1 and 0. y may be x. state:
   *  mean and factor of each pixel, (H, W, 2) dense. */
  void (*normalize)(cvz_view y, cvz_view x, const cvz_normalization *normalization, const float *scale,
                    const float *offset, float *state);
  /** dx (+)= the gradient, from x and that state; dx may be dy or x. */
  void (*normalize_backward)(cvz_view dx, cvz_view dy, cvz_view x, const cvz_normalization *normalization,
                             const float *scale, const float *state, bool accumulate);

  /* Pooling: y is (OH, OW, C). */

  /** arg: (OH, OW, C) dense, the place in the window (row by row) of the first maximum. What lies outside
   *  does not count, or is 0 where `zeros`; a place that no window has stands for such a maximum. A window of
   *  one element may leave arg alone. A NaN wins only as a window's first element (with TensorFlow on CPUs never). */
  void (*maxpool)(const cvz_slide *slide, cvz_view y, cvz_view x, uint16_t *arg, bool zeros);
  /** Every dy goes to the place that arg names. */
  void (*maxpool_backward)(const cvz_slide *slide, cvz_view dx, cvz_view dy, const uint16_t *arg, bool accumulate);
  /** Mean over the elements of the window that lie in the view; there is at least one in each. */
  void (*avgpool)(const cvz_slide *slide, cvz_view y, cvz_view x);
  /** Every element gets its share of the means that it is in. */
  void (*avgpool_backward)(const cvz_slide *slide, cvz_view dx, cvz_view dy, bool accumulate);

  /* Depthwise convolution: y is (OH, OW, C * multiplier), weights (kh, kw, C * multiplier). */

  /** Channel c * multiplier + m of y comes from channel c of x. */
  void (*depthwise)(const cvz_slide *slide, cvz_view y, cvz_view x, const float *weights, int multiplier,
                    const cvz_epilogue *epilogue);
  /** Its adjoint. Of the epilogue, which is that of dx, only `accumulate` and `kept` are used. */
  void (*depthwise_backward)(const cvz_slide *slide, cvz_view dx, cvz_view dy, const float *weights, int multiplier,
                             const cvz_epilogue *epilogue);

  /* Convolution as products of matrices. */

  /** The windows of output rows first .. first + rows - 1 as rows of a matrix (rows * out_width, kh * kw * C). */
  void (*im2row)(const cvz_slide *slide, float *matrix, cvz_view x, int first, int rows, int out_width);
  /** Adds each element of that matrix to where it came from in dx. */
  void (*row2im)(const cvz_slide *slide, cvz_view dx, const float *matrix, int first, int rows, int out_width);

  /* Winograd: kernel/winograd.h. For x, y of any size; tile i of a batch is tile first + i of the map. */

  /** The inputs of 4 x 4 or 6 x 6 tiles, B' x B: element e of tile i is v[e * plane + i * C + c]. */
  void (*winograd_input)(const cvz_winograd_batch *batch, float *v, cvz_view x);
  /** The outputs of tiles of any form, A' m A, from m[e * plane + i * y.channels + c]; cut to y. The residual may be y.
   */
  void (*winograd_output)(const cvz_winograd_batch *batch, cvz_view y, const float *m, const cvz_epilogue *epilogue);
  /** For stride 2, over blocks of 2 x 2 pixels: v[e * plane + i * 4 * C + (y * 2 + x) * C + c], C at most
   *  CVZ_WINOGRAD_STRIDE2_CHANNELS. */
  void (*winograd_stride2_input)(const cvz_winograd_batch *batch, float *v, cvz_view x);

  /* What skips zeros. */

  /** bits[p * words + c / 64]: which channels of x (pixels rows of ldx floats) are not 0, NaN among them;
   *  words = cvz_bits_words(channels). The rest of a pixel's last word is zero. */
  void (*nonzero)(uint64_t *bits, int pixels, int channels, const float *x, size_t ldx);
  /** y (+)= x W where bits are set: cvz_sparse_product. */
  void (*sparse_multiply)(const cvz_sparse_product *product);
  /** y[p][j] = the dot product of x[p] and rows[j] for the set bits j of pixel p, 0 for the others; rows: (columns,
   *  channels) dense, of any size. Made for many pixels: it copies all of the rows. */
  void (*masked_multiply)(int pixels, int columns, int channels, const float *x, size_t ldx, const uint64_t *bits,
                          size_t bit_stride, const float *rows, float *y, size_t ldy);
  /** dx += the windows of all numbers of dy that are not 0: row r of the window of (i, j) and channel k,
   *  weights[(k * kernel[0] + r) * cvz_scatter_row()], is added from dx (i * stride[0] + r, j * stride[1]) on. `before`
   *  and `dilation` are not read: dx begins at the first window, holds all of them, dense, and has width - 1 floats
   *  behind it. A NaN also spoils what lies in dx under the zeros behind its rows of weights. */
  void (*scatter)(const cvz_slide *slide, cvz_view dx, cvz_view dy, const float *weights);

  /* Images: all channels alike. */

  /** Every pixel of the view is what the image shows at its place. */
  void (*resample)(cvz_view view, cvz_view image, const cvz_sampling *sampling);
  /** Its adjoint, added to the image: each pixel of the view goes to where it came from; the fill colour gets none. */
  void (*resample_backward)(cvz_view image, cvz_view view, const cvz_sampling *sampling);

  /** X[k] = the sum of x[l] exp(-2 pi i k l / length), (length, 2, CVZ_FOURIER_LANES) dense: real and imaginary parts
   *  of each lane's numbers. Both arrays are overwritten. Gives that of them which has the result. */
  float *(*fourier)(const cvz_fourier_tables *tables, float *x, float *scratch);

  /* Long rows. */

  /** The sum of a[i] * b[i], in 32 partial sums. */
  float (*dot)(const float *a, const float *b, size_t count);
  /** y[i] = factor * x[i] */
  void (*scale)(float *y, const float *x, float factor, size_t count);
} cvz_kernels;

/** The table of an instruction set.
 *  @return CVZ_E_UNSUPPORTED if this processor (or this build) lacks it */
cvz_status cvz_kernels_select(const cvz_kernels **kernels, cvz_isa isa, cvz_error *error);

#endif
