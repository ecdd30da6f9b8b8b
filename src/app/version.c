#include "app/version.h"

#include <hdf5.h>
#include <jansson.h>
#include <png.h>
#include <zlib.h>

#include "app/help.h"
#include "kernel/gemm.h"
#include "parallel/comm.h"

void cvz_version_print(FILE *stream)
{
  unsigned major, minor, release;
  char hdf5[32], blas[256];
  H5get_libversion(&major, &minor, &release);
  snprintf(hdf5, sizeof hdf5, "%u.%u.%u", major, minor, release);
  snprintf(blas, sizeof blas, "%s, core %s", cvz_gemm_openblas_config(), cvz_gemm_openblas_core());
  const char *xsmm = *cvz_gemm_libxsmm_version() ? cvz_gemm_libxsmm_version() : "not in this build";
  const cvz_version_part parts[] = {
      {"MPI", cvz_comm_library()},
      {"OpenBLAS", blas},
      {"libxsmm", xsmm},
      {"HDF5", hdf5},
      {"libpng", png_get_libpng_ver(NULL)},
      {"zlib", zlibVersion()},
      {"jansson", JANSSON_VERSION},
  };
  cvz_help_version(stream, parts, (int)(sizeof parts / sizeof *parts));
}
