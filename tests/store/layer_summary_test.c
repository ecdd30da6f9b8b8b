#include "store/layer_summary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { UNITS = 12 };

static const float losses[UNITS] = {3, 9, 1, 9, NAN, 0, 5, 7, 2, 50, 6, 4};
static const cvz_unit_status statuses[UNITS] = {CVZ_UNIT_OK,  CVZ_UNIT_OK,   CVZ_UNIT_OK, CVZ_UNIT_OK,
                                                CVZ_UNIT_NAN, CVZ_UNIT_DEAD, CVZ_UNIT_OK, CVZ_UNIT_OK,
                                                CVZ_UNIT_OK,  CVZ_UNIT_NAN,  CVZ_UNIT_OK, CVZ_UNIT_OK};

static void the_best_have_pictures_and_stand_by_loss_then_number(void **state)
{
  (void)state;
  cvz_layer_summary summary = cvz_layer_summary_empty();
  for (int i = 0; i < UNITS; i++) cvz_layer_summary_add(&summary, i, statuses[i], losses[i]);
  assert_memory_equal(summary.by_status, ((int[CVZ_UNIT_STATUSES]){0, 9, 1, 2}), sizeof summary.by_status);
  assert_true(summary.best_loss == 50);
  assert_int_equal(summary.best_count, CVZ_SUMMARY_BEST);
  assert_memory_equal(summary.best, ((int[]){1, 3, 7, 10, 6, 11, 0, 8}), sizeof summary.best);
}

static void the_order_makes_no_difference(void **state)
{
  (void)state;
  cvz_layer_summary forth = cvz_layer_summary_empty(), other = cvz_layer_summary_empty();
  for (int i = 0; i < UNITS; i++) {
    const int k = (i * 5 + 3) % UNITS;
    cvz_layer_summary_add(&forth, i, statuses[i], losses[i]);
    cvz_layer_summary_add(&other, k, statuses[k], losses[k]);
  }
  assert_memory_equal(&forth, &other, sizeof forth);
}

static void without_units_nothing_is_best(void **state)
{
  (void)state;
  const cvz_layer_summary summary = cvz_layer_summary_empty();
  assert_true(isnan(summary.best_loss));
  assert_int_equal(summary.best_count, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_have_pictures_and_stand_by_loss_then_number),
      cmocka_unit_test(the_order_makes_no_difference),
      cmocka_unit_test(without_units_nothing_is_best),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
