#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "kernel/loops.h"

/* A tile of C stays in registers over all of the sum: at most 6 rows x 4 vectors, beside which 4 vectors of B and one
 * of A fit. vdpbf16ps adds two products at a time. */
#define ROWS    6
#define VECTORS 4
#define LANES   16
#define PAIR    2 /* numbers of one element of a vector */

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

ALWAYS_INLINE __m512bh pair_everywhere(const uint16_t *a)
{
  int32_t pair;
  memcpy(&pair, a, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}

ALWAYS_INLINE void add_term(__m512 sums[ROWS][VECTORS], int rows, int vectors, __mmask16 last,
                            const cvz_bf16_call *call, const uint16_t *a, const uint16_t *b)
{
  for (int k = 0; k < call->k; k += PAIR, a += PAIR, b += PAIR * call->n) {
    __m512i w[VECTORS];
    UNROLLED
    for (int j = 0; j < vectors; j++)
      w[j] = _mm512_maskz_loadu_epi32(j == vectors - 1 ? last : 0xffff, b + j * LANES * PAIR);
    UNROLLED
    for (int i = 0; i < rows; i++) {
      const __m512bh x = pair_everywhere(a + (size_t)i * call->lda);
      UNROLLED
      for (int j = 0; j < vectors; j++) sums[i][j] = _mm512_dpbf16_ps(sums[i][j], x, (__m512bh)w[j]);
    }
  }
}

/* `rows` rows of C from `first` on. */
ALWAYS_INLINE void tile(const cvz_bf16_call *call, int first, int rows, int vectors)
{
  const __mmask16 last = (__mmask16)(0xffffu >> (vectors * LANES - call->n));
  float *c = call->c + (size_t)first * call->ldc;
  __m512 sums[ROWS][VECTORS];
  UNROLLED
  for (int i = 0; i < rows; i++) UNROLLED
  for (int j = 0; j < vectors; j++) {
    const __mmask16 where = !call->accumulate ? 0 : j == vectors - 1 ? last : 0xffff;
    sums[i][j] = _mm512_maskz_loadu_ps(where, c + (size_t)i * call->ldc + j * LANES);
  }
  const size_t term_numbers = (size_t)call->k * (size_t)call->n;
  for (int term = 0; term < call->terms; term++)
    add_term(sums, rows, vectors, last, call, call->a[term] + (size_t)first * call->lda,
             call->packed + (size_t)term * term_numbers);
  UNROLLED
  for (int i = 0; i < rows; i++) UNROLLED
  for (int j = 0; j < vectors; j++)
    _mm512_mask_storeu_ps(c + (size_t)i * call->ldc + j * LANES, j == vectors - 1 ? last : 0xffff, sums[i][j]);
}

/* Tiles of nearly equal height: a thin last one would wait for its sums. */
ALWAYS_INLINE void tiles(const cvz_bf16_call *call, int vectors)
{
  const int parts = (call->m + ROWS - 1) / ROWS;
  for (int part = 0, first = 0; part < parts; part++) {
    const int rows = call->m / parts + (part < call->m % parts);
    switch (rows) {
    case 1:
      tile(call, first, 1, vectors);
      break;
    case 2:
      tile(call, first, 2, vectors);
      break;
    case 3:
      tile(call, first, 3, vectors);
      break;
    case 4:
      tile(call, first, 4, vectors);
      break;
    case 5:
      tile(call, first, 5, vectors);
      break;
    default:
      tile(call, first, ROWS, vectors);
      break;
    }
    first += rows;
  }
}

static void multiply(const cvz_bf16_call *call)
{
  switch ((call->n + LANES - 1) / LANES) {
  case 1:
    tiles(call, 1);
    break;
  case 2:
    tiles(call, 2);
    break;
  case 3:
    tiles(call, 3);
    break;
  default:
    tiles(call, VECTORS);
    break;
  }
}

static void round_pixel(uint16_t *to, const float *x, int channels)
{
  int c = 0;
  for (; c + 2 * LANES <= channels; c += 2 * LANES)
    _mm512_storeu_si512(to + c, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + c + LANES), _mm512_loadu_ps(x + c)));
  for (; c < channels; c += LANES) {
    const __mmask16 where = channels - c < LANES ? (__mmask16)((1u << (channels - c)) - 1) : (__mmask16)0xffff;
    _mm256_mask_storeu_epi16(to + c, where, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(where, x + c)));
  }
}

static void round_view(uint16_t *to, size_t row, size_t pixel, cvz_view x)
{
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++)
      round_pixel(to + (size_t)i * row + (size_t)j * pixel, x.data + (size_t)i * x.row + (size_t)j * x.pixel,
                  x.channels);
}

const cvz_bf16 cvz_loops_avx512bf16 = {.columns = VECTORS * LANES, .round = round_view, .multiply = multiply};
#if defined(CVZ_HAVE_AMX)
const cvz_bf16 cvz_loops_amx_bf16 = {
    .columns = VECTORS * LANES, .round = round_view, .multiply = cvz_tiles_multiply_bf16};
#endif
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
