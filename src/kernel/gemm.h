/* kernel/gemm.h: matrix products with packed weights; one interface, several backends. */
#ifndef CVZ_KERNEL_GEMM_H
#define CVZ_KERNEL_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cpu.h"

/** One call: C (m x n) = or += the sum over i < terms of A_i (m x k) B_i (k x n).
 *
 *  The B_i lie one after another in `packed`, as dense rows of n floats: a block of output columns of one or more
 * weight matrices, see cvz_gemm.columns. */
typedef struct cvz_gemm_call {
  int m, n, k, terms;
  const float *const *a; /**< terms of them */
  size_t lda;            /**< floats from one row of an A_i to the next, >= k */
  const float *packed;
  float *c;
  size_t ldc;
  bool accumulate;
  const float *next; /**< what will be `packed` in the call after this one, to be fetched meanwhile; NULL: unknown */
} cvz_gemm_call;

/** A backend. */
typedef struct cvz_gemm {
  const char *name;
  int columns;     /**< widest block of output columns that it wants; every block but the last has that width */
  bool sums_terms; /**< keeps the sums in registers from one term to the next: many short terms are as good as one */
  void (*multiply)(const cvz_gemm_call *call);
} cvz_gemm;

/** The backend of that name ("openblas", "libxsmm"), or the best one for NULL.
 *  @return CVZ_E_RANGE for an unknown name, CVZ_E_UNSUPPORTED if this build or the instruction set lacks it */
cvz_status cvz_gemm_select(const cvz_gemm **gemm, const char *name, cvz_isa isa, cvz_error *error);

/** OpenBLAS: there everywhere. Sets the library to one thread: ranks are the parallelism. */
const cvz_gemm *cvz_gemm_openblas(void);

/** libxsmm with its code generator set to the instruction set; NULL if the build or `isa` lacks it. A process has one
 *  code generator: all calls must name the same instruction set. */
const cvz_gemm *cvz_gemm_libxsmm(cvz_isa isa);

/** What OpenBLAS says of itself: version and options, and the core whose kernels it runs. */
const char *cvz_gemm_openblas_config(void);
const char *cvz_gemm_openblas_core(void);

/** Version of libxsmm, "" where the build lacks it. */
const char *cvz_gemm_libxsmm_version(void);

#endif
