#include "kernel/gemm.h"

#include <cblas.h>

static size_t packed_count(int k, int n)
{
  return (size_t)k * (size_t)n;
}

static void pack(float *packed, const float *b, int k, int n, size_t row, size_t column)
{
  for (int i = 0; i < k; i++)
    for (int j = 0; j < n; j++) packed[(size_t)i * (size_t)n + (size_t)j] = b[(size_t)i * row + (size_t)j * column];
}

static void multiply(int m, int n, int k, const float *a, size_t lda, const float *packed, float *c, size_t ldc,
                     bool accumulate)
{
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, (int)lda, packed, n, accumulate ? 1.0f : 0.0f,
              c, (int)ldc);
}

const cvz_gemm *cvz_gemm_openblas(void)
{
  static const cvz_gemm backend = {"openblas", packed_count, pack, multiply};
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
