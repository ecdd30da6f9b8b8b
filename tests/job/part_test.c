#include "job/part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Layers with the given numbers of filters, which are 10, 11, 12 and so on. */
static cvz_work make_work(int count, const int *filters)
{
  cvz_work work = {.layers = calloc((size_t)count, sizeof(cvz_work_layer)), .layer_count = count};
  for (int i = 0; i < count; i++) {
    int *numbers = calloc((size_t)filters[i] + 1, sizeof *numbers);
    for (int k = 0; k < filters[i]; k++) numbers[k] = 10 + k;
    work.layers[i] = (cvz_work_layer){
        .filters = numbers, .filter_count = filters[i], .flops = 1 + i, .first_unit = work.unit_count, .layer = i};
    work.unit_count += filters[i];
  }
  return work;
}

static void shards_have_every_filter_once_and_layers_evenly(void **state)
{
  (void)state;
  enum { SHARDS = 4, LAYERS = 3 };
  const int filters[LAYERS] = {10, 1, 7};
  int seen[LAYERS][32] = {0};
  for (int shard = 1; shard <= SHARDS; shard++) {
    cvz_work work = make_work(LAYERS, filters);
    cvz_whole whole;
    int next = 0;
    assert_int_equal(cvz_part_shard(&work, (cvz_shard){shard, SHARDS}, &whole, NULL), CVZ_OK);
    assert_int_equal(whole.layer_count, LAYERS);
    for (int i = 0; i < work.layer_count; i++) {
      const cvz_work_layer *layer = &work.layers[i];
      assert_int_equal(whole.place[i], layer->layer);
      assert_int_equal(whole.filter_count[i], filters[layer->layer]);
      assert_int_equal(layer->first_unit, next);
      assert_in_range(layer->filter_count, 1, filters[layer->layer] / SHARDS + 1);
      for (int k = 0; k < layer->filter_count; k++) seen[layer->layer][layer->filters[k]]++;
      next += layer->filter_count;
    }
    assert_int_equal(work.unit_count, next);
    assert_in_range(next, 4, 5);
    cvz_whole_free(&whole);
    cvz_work_free(&work);
  }
  for (int i = 0; i < LAYERS; i++)
    for (int k = 0; k < 32; k++) assert_int_equal(seen[i][k], k >= 10 && k < 10 + filters[i]);
}

static void more_shards_than_filters_are_refused(void **state)
{
  (void)state;
  cvz_work work = make_work(2, (int[]){2, 1});
  cvz_whole whole;
  cvz_error error;
  assert_int_equal(cvz_part_shard(&work, (cvz_shard){4, 4}, &whole, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "--shard: '4/4' of 3 filters, expected no more parts than filters");
  cvz_whole_free(&whole);
  cvz_work_free(&work);
}

static void what_is_done_is_not_scheduled(void **state)
{
  (void)state;
  cvz_work work = make_work(3, (int[]){3, 2, 4});
  const bool done[9] = {true, false, true, true, true, false, false, true, false};
  int scheduled[9] = {0};
  cvz_schedule schedule;
  assert_int_equal(cvz_part_schedule(&schedule, &work, done, 2, NULL), CVZ_OK);
  for (int rank = 0; rank < 2; rank++) {
    int count;
    const int *units = cvz_schedule_units(&schedule, rank, &count);
    assert_int_equal(count, 2);
    for (int i = 0; i < count; i++) scheduled[units[i]]++;
  }
  for (int i = 0; i < 9; i++) assert_int_equal(scheduled[i], !done[i]);
  for (int i = 0; i < 3; i++) assert_in_range(schedule.owner[i], 0, 1);
  cvz_schedule_free(&schedule);
  cvz_work_free(&work);
}

static void with_all_done_nothing_is_scheduled(void **state)
{
  (void)state;
  cvz_work work = make_work(1, (int[]){2});
  cvz_schedule schedule;
  int count;
  assert_int_equal(cvz_part_schedule(&schedule, &work, (bool[]){true, true}, 3, NULL), CVZ_OK);
  for (int rank = 0; rank < 3; rank++) {
    cvz_schedule_units(&schedule, rank, &count);
    assert_int_equal(count, 0);
  }
  cvz_schedule_free(&schedule);
  cvz_work_free(&work);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shards_have_every_filter_once_and_layers_evenly),
      cmocka_unit_test(more_shards_than_filters_are_refused),
      cmocka_unit_test(what_is_done_is_not_scheduled),
      cmocka_unit_test(with_all_done_nothing_is_scheduled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
