#define CVZ_LOOPS_TABLE cvz_loops_portable
#define CVZ_LOOPS_ISA   CVZ_ISA_PORTABLE
#include "kernel/loops.inc"
