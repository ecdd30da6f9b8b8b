/* app/compute.h: with what the ranks compute: the instruction set, the matrix products and the precision, on which all
 * agree, because the bits of the pictures depend on them. */
#ifndef CVZ_APP_COMPUTE_H
#define CVZ_APP_COMPUTE_H

#include "job/options.h"
#include "kernel/bf16.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"
#include "parallel/comm.h"

/** All borrowed from tables of the program. */
typedef struct cvz_compute {
  const cvz_kernels *kernels;
  const cvz_gemm *gemm;
  const cvz_bf16 *bf16; /**< NULL: float32 */
} cvz_compute;

/** The instruction set that is asked for, or that of the run that --resume goes on with, or the widest that all ranks
 *  have. Collective.
 *  @return CVZ_E_UNSUPPORTED, naming rank and host, where a rank lacks what is asked for or has another OpenBLAS core
 */
cvz_status cvz_compute_choose(cvz_compute *compute, cvz_comm *comm, const cvz_options *options, cvz_error *error);

/** The core for which OpenBLAS computes; "" with libxsmm, which goes by the instruction set alone. */
const char *cvz_compute_core(const cvz_compute *compute);

#endif
