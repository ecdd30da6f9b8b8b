#if defined(__x86_64__)
#include <immintrin.h>

#define PEAK_LOOP                  cvz_peak_loop_avx2
#define PEAK_FLOATS                8
#define PEAK_MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#include "kernel/peak.inc"
#else
typedef int cvz_peak_none; /* an empty file is not C */
#endif
