/* kernel/tiles.h: float32 products on matrix tiles that multiply bfloat16 and add in float32 (AMX-BF16).
 *
 * A float is the sum of three bfloat16 numbers, its pieces, with 8 bits of its fraction in each, and a product of two
 * of those is exact in float32. Of the nine products of two such sums the six largest are added; the others come to
 * less than 2^-22 of the whole and have either sign, so that sums err less than float32's (Henry, Tang, Heinecke:
 * Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision Computations, 2019). That takes 6 of
 * the 16 times that tiles are faster than multiply-adds.
 *
 * Numbers below 2^-110 lose pieces, since tiles take denormal numbers for 0; an infinity gives NaN. */
#ifndef CVZ_KERNEL_TILES_H
#define CVZ_KERNEL_TILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cpu.h"
#include "kernel/view.h"

/** One call: C (m x n) = or += A (m x k) B (k x n). */
typedef struct cvz_tiles_call {
  int m, n, k;
  const float *a;
  size_t lda;          /**< floats from one row of A to the next */
  const float *packed; /**< B, see cvz_tiles.pack */
  float *c;
  size_t ldc;
  bool accumulate;
} cvz_tiles_call;

/** What an instruction set brings. */
typedef struct cvz_tiles {
  /** The pieces of B from k dense rows of n floats, 64-byte aligned, and how many floats of memory they take. */
  void (*pack)(float *to, const float *b, int k, int n);
  size_t (*packed_floats)(int k, int n);
  /** Each sum is of the same products in the same order, whatever m and n are. */
  void (*multiply)(const cvz_tiles_call *call);
} cvz_tiles;

/** The table of an instruction set; NULL if it has no tiles, or the build does not. */
const cvz_tiles *cvz_tiles_of(cvz_isa isa);

#endif
