/* kernel/epilogue.h: what becomes of a product before it is stored. */
#ifndef CVZ_KERNEL_EPILOGUE_H
#define CVZ_KERNEL_EPILOGUE_H

#include <stdint.h>

#include "kernel/view.h"

/** y = x < 0 ? slope * x : min(x, max): linear with slope 1, ReLU with slope 0; max is INFINITY where unbounded. */
typedef struct cvz_clamp {
  float slope, max;
} cvz_clamp;

#define CVZ_BITS_WORD 64

/** One bit for each pixel and channel of a view: bit c % 64 of data[y * row + x * pixel + c / 64]. data NULL: none. */
typedef struct cvz_bits {
  uint64_t *data;
  size_t row, pixel; /**< words from one row, one pixel to the next */
} cvz_bits;

/** Words of one pixel. */
static inline size_t cvz_bits_words(int channels)
{
  return ((size_t)channels + CVZ_BITS_WORD - 1) / CVZ_BITS_WORD;
}

/** From (y, x) on. */
static inline cvz_bits cvz_bits_crop(cvz_bits bits, int y, int x)
{
  if (bits.data) bits.data += (size_t)y * bits.row + (size_t)x * bits.pixel;
  return bits;
}

/** From channel `first` on, a multiple of 64. */
static inline cvz_bits cvz_bits_channels(cvz_bits bits, int first)
{
  if (bits.data) bits.data += first / CVZ_BITS_WORD;
  return bits;
}

/** What a product of a forward or backward pass goes through, in this order:
 *
 *    v = product + offset[c] + residual + (accumulate ? y : 0)
 *    passed bit = derivative of the clamp at v is not 0 (ReLU: v > 0; ReLU6: 0 < v < 6)
 *    y = kept bit ? clamp(v) : 0
 *
 *  Views and bits have the pixels and channels of y. The last word of a pixel's passed bits gets zeros beyond the
 *  channels. */
typedef struct cvz_epilogue {
  const float *offset; /**< (channels), NULL for 0 */
  cvz_view residual;   /**< data NULL for none */
  bool accumulate;
  cvz_clamp clamp;
  cvz_bits passed; /**< written */
  cvz_bits kept;   /**< read */
} cvz_epilogue;

#endif
