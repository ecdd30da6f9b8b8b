#include "kernel/fourier.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "kernel/function.h"

/* The next factor of a length above 1. */
static int next_radix(int length)
{
  if (length % 4 == 0) return 4;
  for (int p = 2; p * p <= length; p++)
    if (length % p == 0) return p;
  return length;
}

/* Cosine and sine of `part` of `whole` turns around. */
static float *put_turn(float *to, int64_t part, int whole)
{
  double sine, cosine;
  cvz_sincos(2 * CVZ_PI * (double)(part % whole) / whole, &sine, &cosine);
  *to++ = (float)cosine;
  *to++ = (float)sine;
  return to;
}

static size_t values_of(const cvz_fourier_stage *stage)
{
  return 2 * ((size_t)stage->radix + (size_t)stage->m * (size_t)(stage->radix - 1));
}

static float *fill_stage(cvz_fourier_stage *stage, float *to)
{
  stage->roots = to;
  for (int i = 0; i < stage->radix; i++) to = put_turn(to, i, stage->radix);
  stage->twiddles = to;
  for (int j = 0; j < stage->m; j++)
    for (int k = 1; k < stage->radix; k++) to = put_turn(to, (int64_t)j * k, stage->radix * stage->m);
  return to;
}

cvz_status cvz_fourier_tables_create(cvz_fourier_tables *tables, int length, cvz_error *error)
{
  size_t count = 1;
  assert(length >= 1 && length < 1 << 20);
  *tables = (cvz_fourier_tables){.length = length};
  for (int rest = length, stride = 1; rest > 1;) {
    cvz_fourier_stage *stage = &tables->stages[tables->stage_count++];
    stage->radix = next_radix(rest);
    stage->stride = stride;
    stage->m = rest /= stage->radix;
    stride *= stage->radix;
    count += values_of(stage);
  }
  tables->values = cvz_array(count, sizeof *tables->values, error);
  if (!tables->values) return CVZ_E_MEMORY;
  float *to = tables->values;
  for (int i = 0; i < tables->stage_count; i++) to = fill_stage(&tables->stages[i], to);
  return CVZ_OK;
}

void cvz_fourier_tables_free(cvz_fourier_tables *tables)
{
  free(tables->values);
  *tables = (cvz_fourier_tables){0};
}
