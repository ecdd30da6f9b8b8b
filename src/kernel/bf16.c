#include "kernel/bf16.h"

#include <string.h>

#include "kernel/loops.h"

static const cvz_bf16 *table(cvz_isa isa)
{
#if defined(__x86_64__)
#if defined(CVZ_HAVE_AMX)
  if (isa == CVZ_ISA_AMX && cvz_cpu_has_bf16()) return &cvz_loops_amx_bf16;
#endif
  if (isa >= CVZ_ISA_AVX512 && cvz_cpu_has_bf16()) return &cvz_loops_avx512bf16;
#endif
  (void)isa;
  return NULL;
}

cvz_status cvz_bf16_select(const cvz_bf16 **bf16, const char *precision, cvz_isa isa, cvz_error *error)
{
  const bool wanted = !strcmp(precision, "bf16");
  CVZ_REQUIRE(wanted || !strcmp(precision, "float32"), error, CVZ_E_RANGE, "precision: %s, expected float32 or bf16",
              precision);
  *bf16 = wanted ? table(isa) : NULL;
  CVZ_REQUIRE(!wanted || *bf16 || isa >= CVZ_ISA_AVX512, error, CVZ_E_UNSUPPORTED,
              "precision: bf16 with the instruction set %s, expected avx512 or amx on a processor with AVX512-BF16",
              cvz_isa_name(isa));
  CVZ_REQUIRE(!wanted || *bf16, error, CVZ_E_UNSUPPORTED,
              "precision: bf16 is not available on this processor, expected float32, or one with AVX512-BF16 or AMX");
  return CVZ_OK;
}

const char *cvz_bf16_precision(const cvz_bf16 *bf16)
{
  return bf16 ? "bf16" : "float32";
}

uint16_t cvz_bf16_round(float value)
{
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t exponent = bits & 0x7f800000u, fraction = bits & 0x007fffffu, quiet = 0x0040u;
  if (!exponent) return (uint16_t)(bits >> 16 & 0x8000u);
  if (exponent == 0x7f800000u && fraction) return (uint16_t)(bits >> 16 | quiet);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

void cvz_bf16_pack(uint16_t *to, const float *b, size_t k, size_t n)
{
  for (size_t i = 0; i < k; i += 2)
    for (size_t j = 0; j < n; j++) {
      *to++ = cvz_bf16_round(b[i * n + j]);
      *to++ = cvz_bf16_round(b[(i + 1) * n + j]);
    }
}
