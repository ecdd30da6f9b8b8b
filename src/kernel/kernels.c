#include "kernel/kernels.h"

#include "kernel/loops.h"

cvz_status cvz_kernels_select(const cvz_kernels **kernels, cvz_isa isa, cvz_error *error)
{
  static const cvz_kernels *const tables[CVZ_ISA_COUNT] = {
    [CVZ_ISA_PORTABLE] = &cvz_loops_portable,
#if defined(__x86_64__)
    [CVZ_ISA_AVX2] = &cvz_loops_avx2,
    [CVZ_ISA_AVX512] = &cvz_loops_avx512,
    [CVZ_ISA_AMX] = &cvz_loops_amx,
#endif
  };
  CVZ_REQUIRE(isa <= cvz_cpu_isa() && tables[isa], error, CVZ_E_UNSUPPORTED,
              "isa: %s is not available on this processor, expected %s or less", cvz_isa_name(isa),
              cvz_isa_name(cvz_cpu_isa()));
  *kernels = tables[isa];
  return CVZ_OK;
}
