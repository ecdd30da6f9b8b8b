#include "kernel/gemm.h"

#if defined(CVZ_HAVE_LIBXSMM)

#include <libxsmm.h>

/* libxsmm generates a kernel for every shape, in column-major terms: its A is our B. The sum over k is in ascending
 * order for each output, and the same for every m. Kernels are looked up at each call (14 ns on Zen 5). */

#define ROWS     48 /* of A in one call, so that the block of C stays in the first-level cache */
#define TERM_MAX 64

/* Shapes that the code generator refuses. */
static void multiply_plain(const cvz_gemm_call *call, int first, int rows, int term, bool accumulate)
{
  const float *b = call->packed + (size_t)term * (size_t)call->k * (size_t)call->n;
  for (int i = first; i < first + rows; i++)
    for (int j = 0; j < call->n; j++) {
      float sum = accumulate ? call->c[(size_t)i * call->ldc + (size_t)j] : 0.0f;
      for (int p = 0; p < call->k; p++)
        sum = __builtin_fmaf(call->a[term][(size_t)i * call->lda + (size_t)p],
                             b[(size_t)p * (size_t)call->n + (size_t)j], sum);
      call->c[(size_t)i * call->ldc + (size_t)j] = sum;
    }
}

static void multiply_one(const cvz_gemm_call *call, int first, int rows, int term, bool accumulate)
{
  const int n = call->n, lda = (int)call->lda, ldc = (int)call->ldc, flags = LIBXSMM_GEMM_FLAG_NONE;
  const float alpha = 1, beta = accumulate ? 1 : 0;
  const bool fetches = call->next && first == 0 && call->terms == 1;
  const int prefetch = fetches ? LIBXSMM_GEMM_PREFETCH_AL2 : LIBXSMM_GEMM_PREFETCH_NONE;
  const libxsmm_smmfunction kernel =
      libxsmm_smmdispatch(n, rows, call->k, &n, &lda, &ldc, &alpha, &beta, &flags, &prefetch);
  const float *a = call->a[term] + (size_t)first * call->lda;
  float *c = call->c + (size_t)first * call->ldc;
  if (kernel && fetches)
    kernel(call->packed, a, c, call->next, a, c);
  else if (kernel)
    kernel(call->packed + (size_t)term * (size_t)call->k * (size_t)n, a, c);
  else
    multiply_plain(call, first, rows, term, accumulate);
}

/* terms first_term .. first_term + count - 1 in one pass over C; false if the code generator refuses the shape */
static bool multiply_many(const cvz_gemm_call *call, int first, int rows, int first_term, int count, bool accumulate)
{
  const int n = call->n, lda = (int)call->lda, ldc = (int)call->ldc, flags = LIBXSMM_GEMM_FLAG_NONE;
  const float alpha = 1, beta = accumulate ? 1 : 0;
  const libxsmm_smmfunction_reducebatch_addr kernel =
      libxsmm_smmdispatch_reducebatch_addr(n, rows, call->k, &n, &lda, &ldc, &alpha, &beta, &flags, NULL);
  if (!kernel) return false;
  const float *a[TERM_MAX], *b[TERM_MAX];
  for (int i = 0; i < count; i++) {
    a[i] = call->a[first_term + i] + (size_t)first * call->lda;
    b[i] = call->packed + (size_t)(first_term + i) * (size_t)call->k * (size_t)n;
  }
  const unsigned long long terms = (unsigned long long)count;
  kernel(b, a, call->c + (size_t)first * call->ldc, &terms);
  return true;
}

static void multiply_rows(const cvz_gemm_call *call, int first, int rows)
{
  for (int term = 0; term < call->terms;) {
    const int left = call->terms - term, count = left < TERM_MAX ? left : TERM_MAX;
    const bool accumulate = call->accumulate || term;
    if (count > 1 && multiply_many(call, first, rows, term, count, accumulate)) {
      term += count;
      continue;
    }
    multiply_one(call, first, rows, term++, accumulate);
  }
}

static void multiply(const cvz_gemm_call *call)
{
  const int parts = (call->m + ROWS - 1) / ROWS, size = parts ? (call->m + parts - 1) / parts : 0;
  for (int first = 0; first < call->m; first += size)
    multiply_rows(call, first, call->m - first < size ? call->m - first : size);
}

const cvz_gemm *cvz_gemm_libxsmm(cvz_isa isa)
{
  static const cvz_gemm avx2 = {"libxsmm", 32, true, multiply}, avx512 = {"libxsmm", 64, true, multiply};
  if (isa == CVZ_ISA_PORTABLE) return NULL;
  libxsmm_init();
  libxsmm_set_target_archid(isa == CVZ_ISA_AVX2 ? LIBXSMM_X86_AVX2 : LIBXSMM_X86_AVX512_CORE);
  return isa == CVZ_ISA_AVX2 ? &avx2 : &avx512;
}

const char *cvz_gemm_libxsmm_version(void)
{
  return LIBXSMM_VERSION;
}

#else

const cvz_gemm *cvz_gemm_libxsmm(cvz_isa isa)
{
  (void)isa;
  return NULL;
}

const char *cvz_gemm_libxsmm_version(void)
{
  return "";
}

#endif
