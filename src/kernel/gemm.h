/* kernel/gemm.h: matrix products with a packed right side; one interface, several backends. */
#ifndef CVZ_KERNEL_GEMM_H
#define CVZ_KERNEL_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/** A backend. The right side B (k x n) is packed once, in the layout that the backend likes, and used many times. */
typedef struct cvz_gemm {
  const char *name;

  /** Floats of a packed B. */
  size_t (*packed_count)(int k, int n);

  /** Packs B, whose element (i, j) is b[i * row + j * column]; so a transpose is only a change of strides. */
  void (*pack)(float *packed, const float *b, int k, int n, size_t row, size_t column);

  /** C (m x n) = or += A (m x k) B. lda and ldc are floats from one row to the next. */
  void (*multiply)(int m, int n, int k, const float *a, size_t lda, const float *packed, float *c, size_t ldc,
                   bool accumulate);
} cvz_gemm;

/** The backend that is there everywhere. Sets the library to one thread: ranks are the parallelism. */
const cvz_gemm *cvz_gemm_openblas(void);

/** What OpenBLAS says of itself: version and options, and the core whose kernels it runs. */
const char *cvz_gemm_openblas_config(void);
const char *cvz_gemm_openblas_core(void);

#endif
