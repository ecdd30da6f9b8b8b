/* kernel/peak_loops.h: what peak_*.c bring, one for each instruction set. */
#ifndef CVZ_KERNEL_PEAK_LOOPS_H
#define CVZ_KERNEL_PEAK_LOOPS_H

/** `rounds` times as many independent multiply-adds as registers hold.
 *  @param[out] flops  how many in all
 *  @return a number made of all results, so that none is left out */
typedef float cvz_peak_loop(long rounds, double *flops);

cvz_peak_loop cvz_peak_loop_portable;
#if defined(__x86_64__)
cvz_peak_loop cvz_peak_loop_avx2, cvz_peak_loop_avx512;
#endif

#endif
