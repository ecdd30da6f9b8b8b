#include "base/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void set_five(void *context)
{
  *(int *)context = 5;
}

static void die_of(void *context)
{
  raise(*(int *)context);
}

static void never_end(void *context)
{
  for (volatile int *turns = context;; *turns = *turns ^ 1) continue;
}

static void exit_well(void *context)
{
  (void)context;
  _exit(0);
}

static void print(void *context)
{
  fputs(context, stdout);
  fputs(context, stderr);
  fflush(NULL);
}

static void what_returns_leaves_no_trace(void **state)
{
  (void)state;
  int number = 4;
  assert_true(cvz_trial(set_five, &number, 10));
  assert_int_equal(number, 4);
}

static void what_dies_or_does_not_return_fails(void **state)
{
  (void)state;
  int deaths[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGKILL};
  for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) assert_false(cvz_trial(die_of, &deaths[i], 10));
  assert_false(cvz_trial(exit_well, NULL, 10));
  int turns = 0;
  assert_false(cvz_trial(never_end, &turns, 1));
}

static void handler(int signal)
{
  (void)signal;
  _exit(0);
}

static void handlers_of_the_caller_do_not_hide_a_crash(void **state)
{
  (void)state;
  int death = SIGSEGV;
  void (*before)(int) = signal(SIGSEGV, handler);
  assert_false(cvz_trial(die_of, &death, 10));
  signal(SIGSEGV, before);
}

static void ignored_children_are_still_told_apart(void **state)
{
  (void)state;
  int death = SIGSEGV, number = 4;
  void (*before)(int) = signal(SIGCHLD, SIG_IGN);
  assert_true(cvz_trial(set_five, &number, 10));
  assert_false(cvz_trial(die_of, &death, 10));
  signal(SIGCHLD, before);
}

static void nothing_is_printed(void **state)
{
  (void)state;
  int ends[2];
  char byte;
  assert_int_equal(pipe(ends), 0);
  fflush(NULL);
  const int output = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);
  dup2(ends[1], STDOUT_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  const bool survived = cvz_trial(print, "a word", 10);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  close(output);
  close(errors);
  assert_true(survived);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_returns_leaves_no_trace),
      cmocka_unit_test(what_dies_or_does_not_return_fails),
      cmocka_unit_test(handlers_of_the_caller_do_not_hide_a_crash),
      cmocka_unit_test(ignored_children_are_still_told_apart),
      cmocka_unit_test(nothing_is_printed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
