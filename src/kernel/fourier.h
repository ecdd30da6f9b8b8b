/* kernel/fourier.h: Fourier transforms of any length, of many sequences at once. */
#ifndef CVZ_KERNEL_FOURIER_H
#define CVZ_KERNEL_FOURIER_H

#include "base/status.h"

#define CVZ_FOURIER_LANES  16 /**< sequences that are transformed together, whatever the instruction set */
#define CVZ_FOURIER_STAGES 16 /**< at most; lengths are below 2^20 */

/** One pass over `radix * m * stride` numbers. The factors of m come in later stages, those of the stride came before.
 */
typedef struct cvz_fourier_stage {
  int radix, m, stride;
  const float *roots;    /**< (radix, 2): cosine and sine of 2 pi i / radix */
  const float *twiddles; /**< (m, radix - 1, 2): those of 2 pi j k / (radix * m), k from 1 on */
} cvz_fourier_stage;

/** How a sequence of one length is transformed. Immutable. */
typedef struct cvz_fourier_tables {
  int length, stage_count;
  cvz_fourier_stage stages[CVZ_FOURIER_STAGES];
  float *values; /**< owned: those of all stages */
} cvz_fourier_tables;

/** Factors the length into 4, 2 and odd primes. A prime p costs p multiply-adds a number.
 *  @param length  1 .. 2^20 - 1
 *  @return CVZ_E_MEMORY */
cvz_status cvz_fourier_tables_create(cvz_fourier_tables *tables, int length, cvz_error *error);

/** Harmless on zeroed tables. */
void cvz_fourier_tables_free(cvz_fourier_tables *tables);

#endif
