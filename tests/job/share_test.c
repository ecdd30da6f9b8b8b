#include "job/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STEPS = 10 };

/* Two layers: units 0 to 3 of cost 100, units 4 to 7 of cost 10. */
static cvz_work_layer layers[] = {{.filter_count = 4, .flops = 10, .first_unit = 0},
                                  {.filter_count = 4, .flops = 1, .first_unit = 4}};
static const cvz_work work = {.layers = layers, .layer_count = 2, .unit_count = 8};

static cvz_share make_share(int count)
{
  cvz_share share;
  assert_int_equal(cvz_share_create(&share, &work, STEPS, (int[]){0, 1, 2, 3, 4, 5, 6, 7}, count, NULL), CVZ_OK);
  return share;
}

/* Lets a unit make a step at `speed`. */
static void step_at(cvz_share *share, int unit, int left, double speed)
{
  cvz_share_step(share, unit, left, work.layers[unit / 4].flops / speed);
}

static void units_are_begun_in_order_and_given_from_the_end(void **state)
{
  (void)state;
  cvz_share share = make_share(8);
  int given[8];
  assert_int_equal(cvz_share_begin(&share), 0);
  step_at(&share, 0, 9, 5);
  /* 90 of unit 0 and 340 are left. 7 to 4 make 40, 3 makes 140, 2 makes 240, while here it would end at 290; 1 would
   * make 340 instead of 190. */
  assert_int_equal(cvz_share_give(&share, 5, given), 6);
  for (int i = 0; i < 6; i++) assert_int_equal(given[i], 7 - i);
  assert_int_equal(cvz_share_count(&share), 1);
  assert_int_equal(cvz_share_begin(&share), 1);
  assert_int_equal(cvz_share_count(&share), 0);
  cvz_share_free(&share);
}

static void the_faster_gets_more(void **state)
{
  (void)state;
  int few[8], many[8], none[8];
  cvz_share share = make_share(4);
  cvz_share_begin(&share);
  step_at(&share, 0, 9, 10);
  assert_int_equal(cvz_share_give(&share, 1, none), 0); /* 100 / 1 is later than 390 / 10 */
  assert_int_equal(cvz_share_give(&share, 5, few), 1); /* 100 / 5 is earlier than 390 / 10, 200 / 5 not than 290 / 10 */
  assert_int_equal(few[0], 3);
  assert_int_equal(cvz_share_give(&share, 1000, many), 2);
  assert_int_equal(cvz_share_give(&share, 1000, many), 0);
  cvz_share_free(&share);
}

static void what_is_left_is_told_in_seconds(void **state)
{
  (void)state;
  cvz_share share = make_share(2);
  assert_float_equal(cvz_share_speed(&share), 0, 0);
  assert_float_equal(cvz_share_left(&share), 200, 1e-9); /* of unknown speed: one a second */
  cvz_share_begin(&share);
  step_at(&share, 0, 5, 4);
  assert_float_equal(cvz_share_speed(&share), 4, 1e-9);
  assert_float_equal(cvz_share_left(&share), (50 + 100) / 4.0, 1e-9);
  cvz_share_begin(&share);
  assert_float_equal(cvz_share_left(&share), 0, 0); /* a unit that is begun stays */
  cvz_share_free(&share);
}

static void a_rank_that_becomes_slow_is_soon_known_to_be(void **state)
{
  (void)state;
  cvz_share share = make_share(2);
  const int unit = cvz_share_begin(&share);
  for (int i = 0; i < 1000; i++) step_at(&share, unit, 5, 100);
  for (int i = 0; i < 20; i++) step_at(&share, unit, 5, 1);
  assert_true(cvz_share_speed(&share) < 2);
  cvz_share_free(&share);
}

static void unknown_speeds_share_evenly(void **state)
{
  (void)state;
  int given[8];
  cvz_share share = make_share(4);
  assert_int_equal(cvz_share_give(&share, 0, given), 2);
  cvz_share_free(&share);
}

static void what_is_given_comes_behind_and_may_move_on(void **state)
{
  (void)state;
  int given[8];
  cvz_share share = make_share(0);
  assert_int_equal(cvz_share_count(&share), 0);
  assert_int_equal(cvz_share_give(&share, 1, given), 0);
  for (int turn = 0; turn < 100; turn++) { /* far more than there is room for at once */
    cvz_share_add(&share, (int[]){4, 0}, 2);
    cvz_share_add(&share, (int[]){7}, 1);
    assert_int_equal(cvz_share_begin(&share), 4);
    assert_int_equal(cvz_share_begin(&share), 0);
    assert_int_equal(cvz_share_begin(&share), 7);
    assert_int_equal(cvz_share_count(&share), 0);
  }
  cvz_share_free(&share);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units_are_begun_in_order_and_given_from_the_end),
      cmocka_unit_test(the_faster_gets_more),
      cmocka_unit_test(what_is_left_is_told_in_seconds),
      cmocka_unit_test(a_rank_that_becomes_slow_is_soon_known_to_be),
      cmocka_unit_test(unknown_speeds_share_evenly),
      cmocka_unit_test(what_is_given_comes_behind_and_may_move_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
