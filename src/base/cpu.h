/* base/cpu.h: which instruction sets the processor has. */
#ifndef CVZ_BASE_CPU_H
#define CVZ_BASE_CPU_H

#include <stdbool.h>

#include "base/status.h"

/** Instruction sets for which there are kernels, from narrow to wide. AMX is AVX-512 and matrix tiles of bfloat16
 * (AMX-TILE, AMX-BF16). */
typedef enum cvz_isa { CVZ_ISA_PORTABLE, CVZ_ISA_AVX2, CVZ_ISA_AVX512, CVZ_ISA_AMX, CVZ_ISA_COUNT } cvz_isa;

/** The widest that this processor and its operating system have. Asks Linux for the use of tiles, which a process does
 *  once for all of its threads. */
cvz_isa cvz_cpu_isa(void);

/** Whether they have AVX512-BF16 beside CVZ_ISA_AVX512 or more. */
bool cvz_cpu_has_bf16(void);

/** "portable", "avx2", "avx512", "amx". */
const char *cvz_isa_name(cvz_isa isa);

/** The instruction set of that name; CVZ_E_RANGE with the known names. */
cvz_status cvz_isa_from_name(cvz_isa *isa, const char *name, cvz_error *error);

/** The processor's model name as the kernel gives it, "" where unknown. */
void cvz_cpu_name(char *name, int bytes);

#endif
