/* kernel/bf16.h: products of matrices of bfloat16 numbers with sums in float32.
 *
 * A bfloat16 is the upper half of a float: 8 bits of precision, the exponent of float32. Numbers are rounded to the
 * nearest, ties to even; denormal ones count as 0. A product of two of them is exact in float32. */
#ifndef CVZ_KERNEL_BF16_H
#define CVZ_KERNEL_BF16_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"
#include "kernel/view.h"

/** One call: C (m x n) = or += the sum over i < terms of A_i (m x k) B_i (k x n). */
typedef struct cvz_bf16_call {
  int m, n, k, terms;       /**< n at most cvz_bf16.columns, k even */
  const uint16_t *const *a; /**< terms of them */
  size_t lda;               /**< numbers from one row of an A_i to the next, >= k, even */
  const uint16_t *packed;   /**< the B_i one after another, see cvz_bf16_pack */
  float *c;
  size_t ldc;
  bool accumulate;
} cvz_bf16_call;

/** What an instruction set brings. */
typedef struct cvz_bf16 {
  int columns; /**< widest block of output columns */
  /** Rounds a view: element (y, x, c) goes to to[y * row + x * pixel + c]. */
  void (*round)(uint16_t *to, size_t row, size_t pixel, cvz_view x);
  /** In ascending order of terms and pairs of k for each output, the same for every m and n. */
  void (*multiply)(const cvz_bf16_call *call);
} cvz_bf16;

/** The table for a precision: NULL for "float32".
 *  @return CVZ_E_RANGE for an unknown name, CVZ_E_UNSUPPORTED if the processor or `isa` lacks it */
cvz_status cvz_bf16_select(const cvz_bf16 **bf16, const char *precision, cvz_isa isa, cvz_error *error);

/** "bf16", or "float32" for NULL. */
const char *cvz_bf16_precision(const cvz_bf16 *bf16);

/** Rounds one number; a NaN stays one. */
uint16_t cvz_bf16_round(float value);

/** Rounds B, k rows of n floats, into k / 2 rows of n pairs: (B[2 i][j], B[2 i + 1][j]). */
void cvz_bf16_pack(uint16_t *to, const float *b, size_t k, size_t n);

#endif
