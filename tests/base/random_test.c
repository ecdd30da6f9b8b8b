#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void philox_gives_the_known_answers(void **state)
{
  (void)state;
  static const uint32_t vectors[][10] = {{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                         {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
                                          0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                         {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
                                          0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
    uint32_t output[4];
    cvz_philox(vectors[i], vectors[i] + 4, output);
    assert_memory_equal(output, vectors[i] + 6, sizeof output);
  }
}

static cvz_random stream(void)
{
  return cvz_random_stream(1, 2, 3, 4, CVZ_PURPOSE_INIT, 5);
}

static void any_slice_equals_that_part_of_the_whole(void **state)
{
  (void)state;
  enum { COUNT = 23 };
  const cvz_random random = stream();
  float whole[COUNT];
  cvz_random_uniform(&random, 0, COUNT, whole);
  for (size_t first = 0; first < COUNT; first++)
    for (size_t count = 0; count <= COUNT - first; count++) {
      float slice[COUNT];
      cvz_random_uniform(&random, first, count, slice);
      assert_memory_equal(slice, whole + first, count * sizeof *slice);
    }
}

static void elements_beyond_four_thousand_million_blocks_differ_from_the_first(void **state)
{
  (void)state;
  const cvz_random random = stream();
  float low[8], high[8], across[8];
  cvz_random_uniform(&random, 0, 8, low);
  cvz_random_uniform(&random, (uint64_t)1 << 34, 8, high);
  cvz_random_uniform(&random, ((uint64_t)1 << 34) - 4, 8, across);
  assert_memory_not_equal(low, high, sizeof low);
  assert_memory_equal(across + 4, high, 4 * sizeof *high);
}

static void numbers_are_multiples_of_2_to_the_minus_24_below_one(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  static float values[COUNT];
  const cvz_random random = stream();
  cvz_random_uniform(&random, 0, COUNT, values);
  double sum = 0, squares = 0;
  for (int i = 0; i < COUNT; i++) {
    assert_true(values[i] >= 0 && values[i] < 1);
    const float scaled = values[i] * 0x1p24f;
    assert_true(scaled == (float)(uint32_t)scaled);
    sum += (double)values[i], squares += (double)values[i] * (double)values[i];
  }
  const double mean = sum / COUNT, variance = squares / COUNT - mean * mean;
  assert_true(mean > 0.49 && mean < 0.51); /* five standard errors are 0.0102 */
  assert_true(variance > 0.081 && variance < 0.0857);
}

static void every_part_of_the_key_changes_the_numbers(void **state)
{
  (void)state;
  const cvz_random streams[] = {stream(),
                                cvz_random_stream(9, 2, 3, 4, CVZ_PURPOSE_INIT, 5),
                                cvz_random_stream(1, 9, 3, 4, CVZ_PURPOSE_INIT, 5),
                                cvz_random_stream(1, 2, 9, 4, CVZ_PURPOSE_INIT, 5),
                                cvz_random_stream(1, 2, 3, 9, CVZ_PURPOSE_INIT, 5),
                                cvz_random_stream(1, 2, 3, 4, CVZ_PURPOSE_NOISE, 5),
                                cvz_random_stream(1, 2, 3, 4, CVZ_PURPOSE_INIT, 9)};
  enum { STREAMS = sizeof streams / sizeof *streams };
  float values[STREAMS][8];
  for (int i = 0; i < STREAMS; i++) {
    cvz_random_uniform(&streams[i], 0, 8, values[i]);
    for (int j = 0; j < i; j++) assert_memory_not_equal(values[i], values[j], sizeof values[i]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),
      cmocka_unit_test(any_slice_equals_that_part_of_the_whole),
      cmocka_unit_test(elements_beyond_four_thousand_million_blocks_differ_from_the_first),
      cmocka_unit_test(numbers_are_multiples_of_2_to_the_minus_24_below_one),
      cmocka_unit_test(every_part_of_the_key_changes_the_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
