#if defined(__x86_64__)
#include "kernel/loops.inc"

const cvz_kernels cvz_loops_avx512 = CVZ_LOOPS(CVZ_ISA_AVX512), cvz_loops_amx = CVZ_LOOPS(CVZ_ISA_AMX);
#else
typedef int cvz_loops_none; /* an empty file is not C */
#endif
