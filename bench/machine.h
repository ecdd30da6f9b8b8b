/* bench/machine.h: what the benchmarks run on. */
#ifndef CVZ_BENCH_MACHINE_H
#define CVZ_BENCH_MACHINE_H

#include "bench/arguments.h"
#include "kernel/bf16.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"

typedef struct cvz_bench_machine {
  char cpu[128];
  const cvz_kernels *kernels;
  const cvz_gemm *gemm;
  const cvz_bf16 *bf16; /**< NULL: float32 */
} cvz_bench_machine;

/** The instruction set, backend and precision of the options.
 *  @return CVZ_E_RANGE for an unknown name, CVZ_E_UNSUPPORTED for what this processor lacks */
cvz_status cvz_bench_machine_choose(cvz_bench_machine *machine, const cvz_bench_options *options, cvz_error *error);

/** Two lines: the processor, and what of it is used. */
void cvz_bench_machine_print(const cvz_bench_machine *machine, FILE *out);

#endif
