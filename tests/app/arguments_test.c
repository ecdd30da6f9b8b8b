#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/arguments.h"

#define JOB "arguments_test.ini"

static cvz_status read_arguments(cvz_options *options, const char *const *words, cvz_error *error)
{
  char *argv[16] = {"convviz-mpi"};
  int argc = 1;
  while (*words) argv[argc++] = (char *)(uintptr_t)*words++;
  return cvz_arguments_read(options, argc, argv, error);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static cvz_options must_read(const char *const *words)
{
  cvz_options options;
  cvz_error error = {0};
  if (read_arguments(&options, words, &error) != CVZ_OK) fail_msg("%s", error.text);
  return options;
}

static void assert_refused(const char *const *words, const char *text)
{
  cvz_options options;
  cvz_error error = {0};
  assert_int_equal(read_arguments(&options, words, &error), CVZ_E_USAGE);
  if (!strstr(error.text, text)) fail_msg("'%s', expected '%s'", error.text, text);
  cvz_options_free(&options);
}

static int write_job(void **state)
{
  (void)state;
  FILE *file = fopen(JOB, "w");
  if (!file) return -1;
  fputs("model = net.h5\nlayer = a\nlayer = b\niterations = 5\nsize = 64\n", file);
  return fclose(file);
}

static void values_follow_or_stand_behind_an_equals_sign(void **state)
{
  (void)state;
  cvz_options o = must_read(WORDS("--model", "m.h5", "--layer=a,b", "--layer", "c", "--size=32x48", "--save-raw",
                                  "--learning-rate", "0.5", "--out=x=y"));
  assert_string_equal(o.model, "m.h5");
  assert_string_equal(o.layer, "a,b,c");
  assert_int_equal(o.size.width, 48);
  assert_true(o.save_raw);
  assert_true(o.learning_rate == 0.5);
  assert_string_equal(o.out, "x=y");
  assert_int_equal(o.iterations, 30);
  cvz_options_free(&o);
}

static void command_line_wins_over_the_job_file(void **state)
{
  (void)state;
  cvz_options o = must_read(WORDS("--iterations", "9", JOB, "--layer", "c"));
  assert_string_equal(o.job, JOB);
  assert_string_equal(o.model, "net.h5");
  assert_string_equal(o.layer, "c");
  assert_int_equal(o.iterations, 9);
  assert_int_equal(o.size.height, 64);
  assert_true(o.learning_rate == 10);
  cvz_options_free(&o);
}

static void directories_to_merge_follow_one_another(void **state)
{
  (void)state;
  cvz_options o = must_read(WORDS("--merge", "a", "b", "c", "--out", "d"));
  assert_string_equal(o.merge, "a,b,c");
  assert_string_equal(o.out, "d");
  assert_null(o.job);
  cvz_options_free(&o);
  o = must_read(WORDS("--quiet", "--merge=a,b", "c", "--merge", "d"));
  assert_string_equal(o.merge, "a,b,c,d");
  cvz_options_free(&o);
  assert_refused(WORDS("--merge", "--out", "d"), "--merge: no value");
  assert_refused(WORDS("--merge", "a", "--resume"), "--resume and --merge: expected only one of them");
}

static void results_to_read_need_no_model(void **state)
{
  (void)state;
  cvz_options o = must_read(WORDS("--diff", "a", "b", "--out", "d"));
  assert_string_equal(o.diff, "a,b");
  cvz_options_free(&o);
  o = must_read(WORDS("--export", "a", "--tiles"));
  assert_string_equal(o.export, "a");
  assert_true(o.tiles);
  cvz_options_free(&o);
  assert_refused(WORDS("--similar"), "no model");
}

static void help_and_version_need_nothing_else(void **state)
{
  (void)state;
  cvz_options o = must_read(WORDS("--help"));
  assert_true(o.help);
  cvz_options_free(&o);
  o = must_read(WORDS("no_such_job.ini", "--version"));
  assert_true(o.version);
  cvz_options_free(&o);
}

static void wrong_calls_are_refused(void **state)
{
  (void)state;
  assert_refused(WORDS("--modle", "m"), "--modle: unknown option, closest: model");
  assert_refused(WORDS("-h"), "-h: unknown option");
  assert_refused(WORDS("a.ini", "b.ini"), "'b.ini' beside 'a.ini', expected at most one job file");
  assert_refused(WORDS("--model"), "--model: no value, expected FILE");
  assert_refused(WORDS("--out", "--quiet"), "--out: no value, expected DIR");
  assert_refused(WORDS("--out="), "--out: no value, expected DIR");
  assert_refused(WORDS("--size", "5", "--size", "5"), "--size: '5', given twice");
  assert_refused(WORDS("--init-scale", "5"), "--init-scale: unknown option");
  assert_refused(WORDS("--quiet=perhaps"), "--quiet: 'perhaps', expected true or false");
  assert_refused(WORDS("--", "x"), "--: unknown option");
  assert_refused((const char *const[]){NULL}, "no model");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_follow_or_stand_behind_an_equals_sign),
      cmocka_unit_test(command_line_wins_over_the_job_file),
      cmocka_unit_test(directories_to_merge_follow_one_another),
      cmocka_unit_test(results_to_read_need_no_model),
      cmocka_unit_test(help_and_version_need_nothing_else),
      cmocka_unit_test(wrong_calls_are_refused),
  };
  return cmocka_run_group_tests(tests, write_job, NULL);
}
