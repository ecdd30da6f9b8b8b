#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static const char *const names[CVZ_ISA_COUNT] = {"portable", "avx2", "avx512", "amx"};

#if defined(__x86_64__) && defined(__linux__)
/* Linux gives a process the state of tiles when it asks (Documentation/arch/x86/xstate.rst). */
static bool has_amx(void)
{
  const unsigned int amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  const long request_permission = 0x1023, tile_data = 18;
  unsigned int a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & amx_bf16) || !(d & amx_tile)) return false;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
static bool has_amx(void)
{
  return false;
}
#endif

cvz_isa cvz_cpu_isa(void)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi")) return CVZ_ISA_PORTABLE;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return has_amx() ? CVZ_ISA_AMX : CVZ_ISA_AVX512;
  if (__builtin_cpu_supports("avx2")) return CVZ_ISA_AVX2;
#endif
  return CVZ_ISA_PORTABLE;
}

bool cvz_cpu_has_bf16(void)
{
#if defined(__x86_64__)
  return cvz_cpu_isa() >= CVZ_ISA_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

const char *cvz_isa_name(cvz_isa isa)
{
  return names[isa];
}

cvz_status cvz_isa_from_name(cvz_isa *isa, const char *name, cvz_error *error)
{
  for (int i = 0; i < CVZ_ISA_COUNT; i++)
    if (!strcmp(name, names[i])) return *isa = (cvz_isa)i, CVZ_OK;
  return cvz_fail(error, CVZ_E_RANGE, "isa: '%s', expected portable, avx2, avx512 or amx", name);
}

void cvz_cpu_name(char *name, int bytes)
{
  name[0] = 0;
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file) return;
  char line[512];
  while (fgets(line, sizeof line, file)) {
    const char *value = strncmp(line, "model name", 10) ? NULL : strchr(line, ':');
    if (!value) continue;
    snprintf(name, (size_t)bytes, "%s", value + 2);
    name[strcspn(name, "\n")] = 0;
    break;
  }
  fclose(file);
}
