/* kernel/loops.h: the tables that loops_*.c fill from the same loops. */
#ifndef CVZ_KERNEL_LOOPS_H
#define CVZ_KERNEL_LOOPS_H

#include "kernel/bf16.h"
#include "kernel/kernels.h"
#include "kernel/tiles.h"

extern const cvz_kernels cvz_loops_portable;
#if defined(__x86_64__)
extern const cvz_kernels cvz_loops_avx2;
extern const cvz_kernels cvz_loops_avx512, cvz_loops_amx;
extern const cvz_bf16 cvz_loops_avx512bf16, cvz_loops_amx_bf16;
void cvz_tiles_multiply_bf16(const cvz_bf16_call *call);
extern const cvz_tiles cvz_loops_tiles;
#endif

#endif
