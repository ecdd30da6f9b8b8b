/* Fourier transforms of every instruction set against the sum that defines them, in double precision. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tables.h"

#define LANES CVZ_FOURIER_LANES

/* Of lane i: the largest error of a number, over the root mean square of all. */
static double error_of(int length, const float *x, const float *transformed, int lane)
{
  const double turn = 2 * acos(-1.0) / length;
  double worst = 0, squares = 0;
  for (int k = 0; k < length; k++) {
    double re = 0, im = 0;
    for (int l = 0; l < length; l++) {
      const double angle = turn * (double)((int64_t)k * l % length), a = (double)x[2 * LANES * l + lane],
                   b = (double)x[2 * LANES * l + LANES + lane];
      re += a * cos(angle) + b * sin(angle);
      im += b * cos(angle) - a * sin(angle);
    }
    const float *found = transformed + 2 * LANES * k + lane;
    worst = fmax(worst, hypot((double)found[0] - re, (double)found[LANES] - im));
    squares += re * re + im * im;
  }
  return worst / sqrt(squares / length);
}

static void check_length(const cvz_kernels *k, int length)
{
  const size_t count = 2 * LANES * (size_t)length;
  float *x = random_floats(count, (uint32_t)length), *changed = malloc(count * sizeof *x),
        *scratch = malloc(count * sizeof *x);
  cvz_fourier_tables tables;
  assert_int_equal(cvz_fourier_tables_create(&tables, length, NULL), CVZ_OK);
  assert_non_null(changed);
  assert_non_null(scratch);
  memcpy(changed, x, count * sizeof *x);
  const float *found = k->fourier(&tables, changed, scratch);
  for (int lane = 0; lane < LANES; lane += length < 200 ? 1 : 5) {
    const double error = error_of(length, x, found, lane);
    if (!(error < 3e-6)) fail_msg("%s, length %d, lane %d: error %g", cvz_isa_name(k->isa), length, lane, error);
  }
  cvz_fourier_tables_free(&tables);
  free(x);
  free(changed);
  free(scratch);
}

static void every_small_length_is_the_sum(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (int length = 1; length <= 130; length++) check_length(k, length);
}

/* Powers of each radix, products, large primes and twice a prime. */
static void large_lengths_are_the_sum(void **state)
{
  (void)state;
  static const int lengths[] = {224, 243, 256, 343, 360, 509, 512, 600, 625, 1018, 1021, 1024};
  EACH_TABLE(k)
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) check_length(k, lengths[i]);
}

static void lanes_do_not_touch_each_other(void **state)
{
  (void)state;
  enum { LENGTH = 60, COUNT = 2 * LANES * LENGTH };
  cvz_fourier_tables tables;
  assert_int_equal(cvz_fourier_tables_create(&tables, LENGTH, NULL), CVZ_OK);
  EACH_TABLE(k)
  {
    float *x = random_floats(COUNT, 1), *other = random_floats(COUNT, 1), scratch[2][COUNT];
    for (int i = 0; i < COUNT; i++)
      if (i % LANES != 3) other[i] = i % LANES == 4 ? NAN : 1e30f;
    const float *found = k->fourier(&tables, x, scratch[0]), *beside = k->fourier(&tables, other, scratch[1]);
    for (int i = 3; i < COUNT; i += LANES) assert_memory_equal(found + i, beside + i, sizeof *found);
    free(x);
    free(other);
  }
  cvz_fourier_tables_free(&tables);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_small_length_is_the_sum),
      cmocka_unit_test(large_lengths_are_the_sum),
      cmocka_unit_test(lanes_do_not_touch_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
