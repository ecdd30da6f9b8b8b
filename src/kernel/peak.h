/* kernel/peak.h: how fast this core multiplies and adds at best, to measure other loops against. */
#ifndef CVZ_KERNEL_PEAK_H
#define CVZ_KERNEL_PEAK_H

#include "base/cpu.h"

/** GFLOP/s of independent multiply-adds in registers with the vectors of `isa`, which the processor must have: fused
 *  where the instruction set has it, 2 FLOPs each. The best of several short runs, about 0.1 s in all. */
double cvz_peak_gflops(cvz_isa isa);

#endif
