#include "image/shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_same_size_is_a_copy(void **state)
{
  (void)state;
  uint8_t from[5 * 3 * 4], to[sizeof from];
  for (size_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)(i * 37);
  cvz_shrink(from, 5, 3, 4, to, 5, 3);
  assert_memory_equal(from, to, sizeof from);
}

static void halves_are_means_of_four(void **state)
{
  (void)state;
  const uint8_t from[] = {1, 2, 10, 20, 3, 4, 30, 41}; /* 4 x 2, one channel */
  uint8_t to[2];
  cvz_shrink(from, 4, 2, 1, to, 2, 1);
  assert_int_equal(to[0], 3);  /* 2.5, rounded up */
  assert_int_equal(to[1], 25); /* 25.25 */
}

/* Three pixels to two: each new one covers one and a half. */
static void pixels_that_lie_between_are_shared(void **state)
{
  (void)state;
  const uint8_t from[] = {0, 90, 240};
  uint8_t to[2];
  cvz_shrink(from, 3, 1, 1, to, 2, 1);
  assert_int_equal(to[0], 30);
  assert_int_equal(to[1], 190);
}

/* Against the definition in floating point, for every size. */
static void every_size_has_the_mean_of_its_area(void **state)
{
  (void)state;
  enum { FROM = 23 };
  uint8_t from[FROM], to[FROM];
  for (int i = 0; i < FROM; i++) from[i] = (uint8_t)(i * i * 7);
  for (int n = 1; n <= FROM; n++) {
    cvz_shrink(from, FROM, 1, 1, to, n, 1);
    for (int o = 0; o < n; o++) {
      const double left = (double)o * FROM / n, right = (double)(o + 1) * FROM / n;
      double sum = 0;
      for (int i = 0; i < FROM; i++) {
        const double a = left > i ? left : i, b = right < i + 1 ? right : i + 1;
        if (b > a) sum += (b - a) * from[i];
      }
      assert_true(abs((int)to[o] - (int)(sum / (right - left) + 0.5)) <= 1);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_size_is_a_copy),
      cmocka_unit_test(halves_are_means_of_four),
      cmocka_unit_test(pixels_that_lie_between_are_shared),
      cmocka_unit_test(every_size_has_the_mean_of_its_area),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
