#include "engine/lifetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

enum { MOST = 60 };

static size_t rounded(size_t count)
{
  return (count + 15) / 16 * 16;
}

static int meet(const cvz_lifetime *a, const cvz_lifetime *b)
{
  return a->count && b->count && a->first <= b->last && b->first <= a->last;
}

static void check_places(const cvz_lifetime *buffers, int count)
{
  size_t total = 0, sum = 0;
  assert_int_equal(cvz_lifetime_place(buffers, count, &total, NULL), CVZ_OK);
  for (int i = 0; i < count; i++) {
    const cvz_lifetime *a = &buffers[i];
    sum += rounded(a->count);
    assert_int_equal(*a->offset % 16, 0);
    assert_true(*a->offset + a->count <= total);
    for (int j = 0; j < i; j++) {
      const cvz_lifetime *b = &buffers[j];
      if (meet(a, b)) assert_true(*a->offset + a->count <= *b->offset || *b->offset + b->count <= *a->offset);
    }
  }
  assert_true(total <= sum);
}

static void no_two_buffers_alive_at_once_overlap(void **state)
{
  (void)state;
  cvz_lifetime buffers[MOST];
  size_t offsets[MOST];
  float numbers[3 * MOST];
  for (uint32_t round = 0; round < 300; round++) {
    const cvz_random random = cvz_random_stream(1, 1, round, 0, CVZ_PURPOSE_INIT, 0);
    const int count = 1 + (int)(round % MOST);
    cvz_random_uniform(&random, 0, 3 * MOST, numbers);
    for (int i = 0; i < count; i++) {
      const int first = (int)(numbers[3 * i] * 40), length = (int)(numbers[3 * i + 1] * 20);
      buffers[i] = (cvz_lifetime){(size_t)(numbers[3 * i + 2] * 1000), first, first + length, &offsets[i]};
    }
    check_places(buffers, count);
  }
}

static void buffers_that_never_meet_share_their_place(void **state)
{
  (void)state;
  size_t offsets[3], total;
  const cvz_lifetime buffers[] = {{100, 0, 1, &offsets[0]}, {160, 2, 3, &offsets[1]}, {50, 4, 4, &offsets[2]}};
  assert_int_equal(cvz_lifetime_place(buffers, 3, &total, NULL), CVZ_OK);
  assert_int_equal(total, 160);
  for (int i = 0; i < 3; i++) assert_int_equal(offsets[i], 0);
}

static void both_ends_of_a_life_are_included(void **state)
{
  (void)state;
  size_t offsets[2], total;
  const cvz_lifetime buffers[] = {{32, 0, 2, &offsets[0]}, {16, 2, 3, &offsets[1]}};
  assert_int_equal(cvz_lifetime_place(buffers, 2, &total, NULL), CVZ_OK);
  assert_int_equal(total, 48);
}

static void the_lowest_gap_that_is_large_enough_is_taken(void **state)
{
  (void)state;
  size_t offsets[5], total;
  const cvz_lifetime buffers[] = {{160, 0, 9, &offsets[0]},
                                  {96, 0, 1, &offsets[1]},
                                  {80, 0, 9, &offsets[2]},
                                  {64, 2, 9, &offsets[3]},
                                  {32, 2, 9, &offsets[4]}};
  assert_int_equal(cvz_lifetime_place(buffers, 5, &total, NULL), CVZ_OK);
  assert_int_equal(offsets[0], 0);
  assert_int_equal(offsets[1], 160);
  assert_int_equal(offsets[2], 256);
  assert_int_equal(offsets[3], 160);
  assert_int_equal(offsets[4], 224);
  assert_int_equal(total, 336);
}

static void no_buffers_need_no_memory(void **state)
{
  (void)state;
  size_t total = 1;
  assert_int_equal(cvz_lifetime_place(NULL, 0, &total, NULL), CVZ_OK);
  assert_int_equal(total, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_two_buffers_alive_at_once_overlap),
      cmocka_unit_test(buffers_that_never_meet_share_their_place),
      cmocka_unit_test(both_ends_of_a_life_are_included),
      cmocka_unit_test(the_lowest_gap_that_is_large_enough_is_taken),
      cmocka_unit_test(no_buffers_need_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
