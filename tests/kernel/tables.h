/* tests/kernel/tables.h: every table of this processor, and numbers and places to try it with. */
#ifndef CVZ_TESTS_KERNEL_TABLES_H
#define CVZ_TESTS_KERNEL_TABLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernel/kernels.h"

/* Runs the statement behind it with `k` each table there is. */
#define EACH_TABLE(k)                                                                                                  \
  for (int isa_ = 0; isa_ <= (int)cvz_cpu_isa(); isa_++)                                                               \
    for (const cvz_kernels *k = table(isa_); k; k = NULL)

static inline const cvz_kernels *table(int isa)
{
  const cvz_kernels *kernels = NULL;
  assert_int_equal(cvz_kernels_select(&kernels, (cvz_isa)isa, NULL), CVZ_OK);
  assert_int_equal(kernels->isa, isa);
  return kernels;
}

/* Uniform in [-1, 1). */
static inline void fill_random(float *values, size_t count, uint32_t stream)
{
  const cvz_random random = cvz_random_stream(1, 2, stream, 0, CVZ_PURPOSE_NOISE, 0);
  cvz_random_uniform(&random, 0, count, values);
  for (size_t i = 0; i < count; i++) values[i] = 2 * values[i] - 1;
}

/* The same, to be freed. */
static inline float *random_floats(size_t count, uint32_t stream)
{
  float *values = malloc(count * sizeof *values);
  assert_non_null(values);
  fill_random(values, count, stream);
  return values;
}

static inline float *at(cvz_view view, int y, int x)
{
  return view.data + (size_t)y * view.row + (size_t)x * view.pixel;
}

static inline bool bit(cvz_bits bits, int y, int x, int c)
{
  return bits.data[(size_t)y * bits.row + (size_t)x * bits.pixel + (size_t)c / 64] >> c % 64 & 1;
}

#endif
