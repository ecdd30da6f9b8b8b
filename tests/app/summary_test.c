#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/summary.h"

static const cvz_rank_times times[] = {
    {.units = 3, .total = 10, .computing = 8, .waiting = 1, .writing = 1},
    {.units = 1, .total = 9.5, .computing = 4, .waiting = 5, .writing = 0.5},
};

static void balance_is_mean_work_over_the_most(void **state)
{
  (void)state;
  const cvz_summary_of_ranks s = cvz_summary_make(times, 2, 4, 2e10);
  assert_float_equal(s.balance, (9 + 4.5) / 2 / 9, 1e-12);
  assert_float_equal(s.seconds, 10, 1e-12);
  assert_float_equal(s.computing.least, 4, 1e-12);
  assert_float_equal(s.computing.mean, 6, 1e-12);
  assert_float_equal(s.waiting.most, 5, 1e-12);
}

static char *told(const cvz_summary_of_ranks *summary, cvz_level level)
{
  char *text = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&text, &bytes);
  const cvz_log log = {stream, level};
  cvz_summary_tell(&log, summary);
  fclose(stream);
  return text;
}

static void two_lines_tell_rates_and_times(void **state)
{
  (void)state;
  const cvz_summary_of_ranks many = cvz_summary_make(times, 2, 4, 2e10), one = cvz_summary_make(times, 1, 1, 1e10);
  char *text = told(&many, CVZ_NORMAL);
  assert_string_equal(text, "4 filters in 10.0 s: 0.40/s, 2.0 GFLOP/s by direct counting, balance of 2 ranks 75.0 %\n"
                            "seconds of a rank: computing 6.0 (4.0 to 8.0), waiting 3.0 (1.0 to 5.0), "
                            "writing 0.8 (0.5 to 1.0)\n");
  free(text);
  text = told(&one, CVZ_NORMAL);
  assert_string_equal(text, "1 filter in 10.0 s: 0.10/s, 1.0 GFLOP/s by direct counting, balance of 1 rank 100.0 %\n"
                            "seconds of a rank: computing 8.0 (8.0 to 8.0), waiting 1.0 (1.0 to 1.0), "
                            "writing 1.0 (1.0 to 1.0)\n");
  free(text);
  text = told(&many, CVZ_QUIET);
  assert_string_equal(text, "");
  free(text);
}

static void ranks_without_work_are_in_balance(void **state)
{
  (void)state;
  const cvz_rank_times idle[2] = {{0}, {0}};
  const cvz_summary_of_ranks s = cvz_summary_make(idle, 2, 0, 0);
  assert_float_equal(s.balance, 1, 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(balance_is_mean_work_over_the_most),
      cmocka_unit_test(two_lines_tell_rates_and_times),
      cmocka_unit_test(ranks_without_work_are_in_balance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
