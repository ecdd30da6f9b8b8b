#if defined(__x86_64__)
#define CVZ_LOOPS_TABLE cvz_loops_avx2
#define CVZ_LOOPS_ISA   CVZ_ISA_AVX2
#include "kernel/loops.inc"
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
