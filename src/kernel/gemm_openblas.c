#include <cblas.h>

#include "kernel/gemm.h"

#define ALL_COLUMNS (1 << 30) /* OpenBLAS packs both sides itself: it wants products as wide as they are */

static void multiply(const cvz_gemm_call *call)
{
  for (int i = 0; i < call->terms; i++)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, call->m, call->n, call->k, 1.0f, call->a[i], (int)call->lda,
                call->packed + (size_t)i * (size_t)call->k * (size_t)call->n, call->n,
                call->accumulate || i ? 1.0f : 0.0f, call->c, (int)call->ldc);
}

const cvz_gemm *cvz_gemm_openblas(void)
{
  static const cvz_gemm backend = {"openblas", ALL_COLUMNS, false, multiply};
  openblas_set_num_threads(1);
  return &backend;
}

const char *cvz_gemm_openblas_config(void)
{
  return openblas_get_config();
}

const char *cvz_gemm_openblas_core(void)
{
  return openblas_get_corename();
}
