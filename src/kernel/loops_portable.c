#include "kernel/loops.inc"

const cvz_kernels cvz_loops_portable = CVZ_LOOPS(CVZ_ISA_PORTABLE);
