#include "kernel/peak.h"

#include <assert.h>

#include "base/clock.h"
#include "kernel/peak_loops.h"

#define RUNS         25
#define FIRST_ROUNDS 10000
#define RUN_SECONDS  0.004

/* GFLOP/s of one run; its seconds in *took. */
static double rate(cvz_peak_loop *loop, long rounds, double *took)
{
  double flops;
  const double start = cvz_clock();
  volatile float kept = loop(rounds, &flops);
  (void)kept;
  *took = cvz_clock() - start;
  return 1e-9 * flops / *took;
}

double cvz_peak_gflops(cvz_isa isa)
{
  static cvz_peak_loop *const loops[CVZ_ISA_COUNT] = {
    [CVZ_ISA_PORTABLE] = cvz_peak_loop_portable,
#if defined(__x86_64__)
    [CVZ_ISA_AVX2] = cvz_peak_loop_avx2,
    [CVZ_ISA_AVX512] = cvz_peak_loop_avx512,
    [CVZ_ISA_AMX] = cvz_peak_loop_avx512, /* the multiply-adds that tiles are compared with */
#endif
  };
  assert(isa <= cvz_cpu_isa() && loops[isa]);
  double best = 0, took = 0;
  long rounds = FIRST_ROUNDS;
  for (; took < RUN_SECONDS; rounds *= 2) best = rate(loops[isa], rounds, &took);
  for (int run = 0; run < RUNS; run++) {
    const double found = rate(loops[isa], rounds / 2, &took);
    if (found > best) best = found;
  }
  return best;
}
