#include "kernel/gemm.h"

#include <string.h>

cvz_status cvz_gemm_select(const cvz_gemm **gemm, const char *name, cvz_isa isa, cvz_error *error)
{
  const cvz_gemm *libxsmm = name && strcmp(name, "libxsmm") ? NULL : cvz_gemm_libxsmm(isa);
  CVZ_REQUIRE(!name || !strcmp(name, "libxsmm") || !strcmp(name, "openblas"), error, CVZ_E_RANGE,
              "gemm: %s, expected openblas or libxsmm", name);
  CVZ_REQUIRE(libxsmm || !name || !strcmp(name, "openblas"), error, CVZ_E_UNSUPPORTED,
              "gemm: libxsmm is not available with the instruction set %s of this build, expected openblas",
              cvz_isa_name(isa));
  *gemm = libxsmm ? libxsmm : cvz_gemm_openblas();
  return CVZ_OK;
}
