#if defined(__x86_64__)
#include "kernel/loops.inc"

const cvz_kernels cvz_loops_avx2 = CVZ_LOOPS(CVZ_ISA_AVX2);
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
