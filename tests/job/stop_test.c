#include "job/stop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

/* Runs `body` in a process of its own, since signals and the clock are the process's: its exit code, or 128 + the
 * signal that killed it. */
static int apart(int (*body)(int), int argument)
{
  const pid_t child = fork();
  if (!child) {
    cvz_stop_listen();
    _exit(body(argument));
  }
  int how;
  assert_int_equal(waitpid(child, &how, 0), child);
  return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

static int after_one(int number)
{
  if (cvz_stop_wanted() || *cvz_stop_reason()) return 1;
  raise(number);
  return cvz_stop_wanted() && strstr(cvz_stop_reason(), strsignal(number)) ? 0 : 2;
}

static int after_two(int number)
{
  raise(number);
  raise(number);
  return cvz_stop_wanted() ? 0 : 2;
}

static int after_a_moment(int limited)
{
  cvz_stop_after(limited ? 0.05 : 0);
  if (cvz_stop_wanted()) return 1;
  const double began = cvz_clock();
  while (cvz_clock() - began < 0.1) cvz_clock_sleep(0.01);
  return cvz_stop_wanted() == (limited != 0) && !strcmp(cvz_stop_reason(), limited ? "time limit" : "") ? 0 : 2;
}

static void each_signal_is_remembered(void **state)
{
  static const int numbers[] = {SIGUSR1, SIGUSR2, SIGINT, SIGTERM};
  (void)state;
  for (int i = 0; i < 4; i++) assert_int_equal(apart(after_one, numbers[i]), 0);
}

static void a_second_interrupt_kills(void **state)
{
  (void)state;
  assert_int_equal(apart(after_two, SIGINT), 128 + SIGINT);
  assert_int_equal(apart(after_two, SIGTERM), 128 + SIGTERM);
  assert_int_equal(apart(after_two, SIGUSR1), 0);
}

static void the_time_limit_counts_from_the_start(void **state)
{
  (void)state;
  assert_int_equal(apart(after_a_moment, 1), 0);
  assert_int_equal(apart(after_a_moment, 0), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_signal_is_remembered),
      cmocka_unit_test(a_second_interrupt_kills),
      cmocka_unit_test(the_time_limit_counts_from_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
