#include "bench/machine.h"

cvz_status cvz_bench_machine_choose(cvz_bench_machine *machine, const cvz_bench_options *options, cvz_error *error)
{
  cvz_isa isa = cvz_cpu_isa();
  if (options->isa) CVZ_TRY(cvz_isa_from_name(&isa, options->isa, error));
  CVZ_TRY(cvz_kernels_select(&machine->kernels, isa, error));
  CVZ_TRY(cvz_gemm_select(&machine->gemm, options->gemm, isa, error));
  CVZ_TRY(cvz_bf16_select(&machine->bf16, options->precision, isa, error));
  cvz_cpu_name(machine->cpu, sizeof machine->cpu);
  return CVZ_OK;
}

void cvz_bench_machine_print(const cvz_bench_machine *machine, FILE *out)
{
  fprintf(out, "processor  %s\n", machine->cpu[0] ? machine->cpu : "unknown");
  const bool openblas = machine->gemm == cvz_gemm_openblas();
  fprintf(out, "kernels    %s, matrix products by %s%s%s, %s\n", cvz_isa_name(machine->kernels->isa),
          machine->gemm->name, openblas ? ", core " : "", openblas ? cvz_gemm_openblas_core() : "",
          cvz_bf16_precision(machine->bf16));
}
