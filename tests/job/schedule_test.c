#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "job/schedule.h"

/* Work of `count` layers with the given units and costs; the layers are the caller's. */
static cvz_work make_work(cvz_work_layer *layers, int count, const int *units, const double *costs)
{
  cvz_work work = {.layers = layers, .layer_count = count};
  for (int i = 0; i < count; i++) {
    layers[i] = (cvz_work_layer){.filter_count = units[i], .flops = costs[i], .first_unit = work.unit_count};
    work.unit_count += units[i];
  }
  return work;
}

static void longest_go_first_to_the_least_loaded(void **state)
{
  (void)state;
  cvz_work_layer layers[3];
  const cvz_work work = make_work(layers, 3, (int[]){2, 3, 2}, (double[]){10, 30, 20});
  cvz_schedule schedule;
  int count;
  assert_int_equal(cvz_schedule_create(&schedule, &work, 2, NULL), CVZ_OK);
  const int *units = cvz_schedule_units(&schedule, 0, &count);
  assert_int_equal(count, 4);
  assert_memory_equal(units, ((int[]){2, 4, 0, 1}), 4 * sizeof(int));
  units = cvz_schedule_units(&schedule, 1, &count);
  assert_int_equal(count, 3);
  assert_memory_equal(units, ((int[]){3, 5, 6}), 3 * sizeof(int));
  assert_float_equal(schedule.balance, 150.0 / 2 / 80, 1e-12);
  assert_int_equal(schedule.owner[1], 0);
  assert_int_equal(schedule.owner[2], 1);
  assert_int_equal(schedule.owner[0], 0);
  cvz_schedule_free(&schedule);
}

static void units_without_cost_are_spread_too(void **state)
{
  (void)state;
  cvz_work_layer layers[1];
  const cvz_work work = make_work(layers, 1, (int[]){8}, (double[]){0});
  cvz_schedule schedule;
  int count;
  assert_int_equal(cvz_schedule_create(&schedule, &work, 4, NULL), CVZ_OK);
  for (int rank = 0; rank < 4; rank++) {
    cvz_schedule_units(&schedule, rank, &count);
    assert_int_equal(count, 2);
  }
  assert_float_equal(schedule.balance, 1, 1e-12);
  cvz_schedule_free(&schedule);
}

static void ranks_without_work_have_empty_lists(void **state)
{
  (void)state;
  cvz_work_layer layers[1];
  const cvz_work work = make_work(layers, 1, (int[]){2}, (double[]){5});
  cvz_schedule schedule;
  int count;
  assert_int_equal(cvz_schedule_create(&schedule, &work, 5, NULL), CVZ_OK);
  cvz_schedule_units(&schedule, 1, &count);
  assert_int_equal(count, 1);
  cvz_schedule_units(&schedule, 4, &count);
  assert_int_equal(count, 0);
  assert_float_equal(schedule.balance, 0.4, 1e-12);
  cvz_schedule_free(&schedule);
}

static double seconds(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void large_jobs_are_complete_fair_and_quick(void **state)
{
  (void)state;
  enum { LAYERS = 500, UNITS = 200, RANKS = 16384 };
  static cvz_work_layer layers[LAYERS];
  static int units[LAYERS];
  static double costs[LAYERS];
  for (int i = 0; i < LAYERS; i++) units[i] = UNITS, costs[i] = 1e9 + 1e7 * (i * 37 % 101);
  const cvz_work work = make_work(layers, LAYERS, units, costs);
  cvz_schedule schedule;
  const double start = seconds();
  assert_int_equal(cvz_schedule_create(&schedule, &work, RANKS, NULL), CVZ_OK);
  assert_true(seconds() - start < 1);
  bool *seen = calloc(LAYERS * UNITS, sizeof *seen);
  for (int rank = 0; rank < RANKS; rank++) {
    int count;
    const int *list = cvz_schedule_units(&schedule, rank, &count);
    assert_in_range(count, 5, 8);
    for (int i = 0; i < count; i++) {
      assert_false(seen[list[i]]);
      seen[list[i]] = true;
    }
  }
  assert_int_equal(schedule.first[RANKS], LAYERS * UNITS);
  assert_true(schedule.balance > 0.85);
  free(seen);
  cvz_schedule_free(&schedule);
}

static void layers_are_owned_in_turn(void **state)
{
  (void)state;
  cvz_work_layer layers[5];
  const cvz_work work = make_work(layers, 5, (int[]){1, 1, 1, 1, 1}, (double[]){1, 2, 3, 4, 5});
  cvz_schedule schedule;
  int owned[2] = {0};
  assert_int_equal(cvz_schedule_create(&schedule, &work, 2, NULL), CVZ_OK);
  for (int i = 0; i < 5; i++) owned[schedule.owner[i]]++;
  assert_int_equal(owned[0], 3);
  assert_int_equal(owned[1], 2);
  cvz_schedule_free(&schedule);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(longest_go_first_to_the_least_loaded),
      cmocka_unit_test(units_without_cost_are_spread_too),
      cmocka_unit_test(ranks_without_work_have_empty_lists),
      cmocka_unit_test(large_jobs_are_complete_fair_and_quick),
      cmocka_unit_test(layers_are_owned_in_turn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
