#include "bench/machine.h"

#include <string.h>

const cvz_bench_backend cvz_bench_backends[] = {
    {"openblas", cvz_gemm_openblas, cvz_gemm_openblas_core},
    {NULL, NULL, NULL},
};

static cvz_status find_backend(const cvz_bench_backend **backend, const char *name, cvz_error *error)
{
  cvz_text known = {0};
  for (*backend = cvz_bench_backends; (*backend)->name; (*backend)++) {
    if (!name || !strcmp(name, (*backend)->name)) break;
    cvz_text_add(&known, "%s%s", known.length ? ", " : "", (*backend)->name);
  }
  const cvz_status status = (*backend)->name ? CVZ_OK
                                             : cvz_fail(error, CVZ_E_USAGE, "--gemm: '%.200s', expected one of: %s",
                                                        name, known.data ? known.data : "");
  cvz_text_free(&known);
  return status;
}

cvz_status cvz_bench_machine_choose(cvz_bench_machine *machine, const cvz_bench_options *options, cvz_error *error)
{
  cvz_isa isa = cvz_cpu_isa();
  if (options->isa) CVZ_TRY(cvz_isa_from_name(&isa, options->isa, error));
  CVZ_TRY(find_backend(&machine->backend, options->gemm, error));
  CVZ_TRY(cvz_kernels_select(&machine->kernels, isa, error));
  machine->gemm = machine->backend->get();
  cvz_cpu_name(machine->cpu, sizeof machine->cpu);
  return CVZ_OK;
}

void cvz_bench_machine_print(const cvz_bench_machine *machine, FILE *out)
{
  fprintf(out, "processor  %s\n", machine->cpu[0] ? machine->cpu : "unknown");
  fprintf(out, "kernels    %s, matrix products by %s (core %s)\n", cvz_isa_name(machine->kernels->isa),
          machine->backend->name, machine->backend->core());
}
