/* bench/machine.h: what the benchmarks run on. */
#ifndef CVZ_BENCH_MACHINE_H
#define CVZ_BENCH_MACHINE_H

#include "bench/arguments.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"

/** A backend of the matrix products. */
typedef struct cvz_bench_backend {
  const char *name;
  const cvz_gemm *(*get)(void);
  const char *(*core)(void); /**< whose kernels it runs */
} cvz_bench_backend;

/** The backends, ended by one without a name. */
extern const cvz_bench_backend cvz_bench_backends[];

typedef struct cvz_bench_machine {
  char cpu[128];
  const cvz_kernels *kernels;
  const cvz_bench_backend *backend;
  const cvz_gemm *gemm;
} cvz_bench_machine;

/** The instruction set and backend of the options.
 *  @return CVZ_E_USAGE for an unknown backend, CVZ_E_UNSUPPORTED for what this processor lacks */
cvz_status cvz_bench_machine_choose(cvz_bench_machine *machine, const cvz_bench_options *options, cvz_error *error);

/** Two lines: the processor, and what of it is used. */
void cvz_bench_machine_print(const cvz_bench_machine *machine, FILE *out);

#endif
