#include "app/compute.h"

#include "app/place.h"
#include "parallel/agreement.h"

/* Ranks may run on different processors: says which one it is about. */
static cvz_status choose_precision(cvz_compute *compute, cvz_comm *comm, const char *precision, cvz_isa isa,
                                   cvz_error *error)
{
  cvz_error found = {0};
  const cvz_status status = cvz_bf16_select(&compute->bf16, precision, isa, &found);
  if (status == CVZ_OK) return CVZ_OK;
  return cvz_fail(error, status, "%s; rank %d on host %s", found.text, cvz_comm_rank(comm), cvz_comm_host(comm));
}

static cvz_status agree_isa(cvz_comm *comm, const cvz_options *options, cvz_isa *isa, cvz_error *error)
{
  char earlier[16];
  CVZ_TRY(cvz_place_earlier_isa(comm, options, earlier, error));
  return cvz_agree_isa(comm, cvz_cpu_isa(), options->isa ? options->isa : earlier, isa, error);
}

/* OpenBLAS picks its kernels by the processor, and they differ in their last bits. */
cvz_status cvz_compute_choose(cvz_compute *compute, cvz_comm *comm, const cvz_options *options, cvz_error *error)
{
  cvz_isa isa;
  CVZ_TRY(agree_isa(comm, options, &isa, error));
  cvz_status status = cvz_kernels_select(&compute->kernels, isa, error);
  if (status == CVZ_OK) status = cvz_gemm_select(&compute->gemm, options->gemm, isa, error);
  if (status == CVZ_OK) status = choose_precision(compute, comm, options->precision, isa, error);
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  if (compute->gemm != cvz_gemm_openblas()) return CVZ_OK;
  return cvz_agree_text(comm, "OpenBLAS: its core", cvz_gemm_openblas_core(),
                        "; set OPENBLAS_CORETYPE to one name for all, or --gemm libxsmm", error);
}

const char *cvz_compute_core(const cvz_compute *compute)
{
  return compute->gemm == cvz_gemm_openblas() ? cvz_gemm_openblas_core() : "";
}
