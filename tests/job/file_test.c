#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "job/file.h"

#define FOLDER "job_file_test"
#define JOB    FOLDER "/job.ini"

static void put(const void *data, size_t bytes)
{
  mkdir(FOLDER, 0777);
  FILE *file = fopen(JOB, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

static cvz_options read_text(const char *text)
{
  cvz_error error = {0};
  cvz_options options;
  put(text, strlen(text));
  assert_int_equal(cvz_options_init(&options, &error), CVZ_OK);
  if (cvz_job_file_read(&options, JOB, &error) != CVZ_OK) fail_msg("%s", error.text);
  return options;
}

static void assert_refused(const char *text, const char *expected)
{
  cvz_error error = {0};
  cvz_options options;
  put(text, strlen(text));
  assert_int_equal(cvz_options_init(&options, &error), CVZ_OK);
  assert_int_equal(cvz_job_file_read(&options, JOB, &error), CVZ_E_USAGE);
  if (!strstr(error.text, expected) || strncmp(error.text, JOB, strlen(JOB)))
    fail_msg("'%s', expected '%s'", error.text, expected);
  cvz_options_free(&options);
}

static void keys_are_the_names_of_options(void **state)
{
  (void)state;
  cvz_options o = read_text("; a comment\n# another\n\n[job]\nmodel = ../net.h5 ; behind a value\n  size=96x128\n"
                            "learning-rate = 2.5\r\nsave-raw = yes\nout = /abs\ninit = start.h5");
  assert_string_equal(o.model, FOLDER "/../net.h5");
  assert_int_equal(o.size.height, 96);
  assert_true(o.learning_rate == 2.5);
  assert_true(o.save_raw);
  assert_string_equal(o.out, "/abs");
  assert_string_equal(o.init, FOLDER "/start.h5");
  assert_int_equal(o.origin[CVZ_OPTION_size], CVZ_ORIGIN_FILE);
  cvz_options_free(&o);
}

static void lists_may_repeat(void **state)
{
  (void)state;
  cvz_options o = read_text("layer = a\n   layer = b,c\nlayer = d/e\n");
  assert_string_equal(o.layer, "a,b,c,d/e");
  cvz_options_free(&o);
}

static void empty_file_sets_nothing(void **state)
{
  (void)state;
  cvz_options o = read_text("");
  assert_null(o.model);
  cvz_options_free(&o);
  o = read_text("\xef\xbb\xbfseed = 4\n");
  assert_true(o.seed == 4);
  cvz_options_free(&o);
}

static void errors_name_file_and_line(void **state)
{
  (void)state;
  assert_refused("seed = 1\nsiez = 5\n", ":2: siez: unknown option, closest: sign, size");
  assert_refused("seed = 1\n\nsize = 5y\n", ":3: size: '5y', expected N or HxW with 1 to 16384");
  assert_refused("seed = 1\nseed = 2\n", ":2: seed: '2', given twice");
  assert_refused("seed = 1\nrubbish\nsiez = 2\n", ":2: expected key = value");
  assert_refused("siez = 1\nrubbish\n", ":1: siez: unknown option, closest: sign, size");
  assert_refused("out =\n", ":1: out: no value, expected DIR");
  assert_refused("[other]\nseed = 2\n", ":2: section [other], expected [job] or none");
  assert_refused("[job\nseed = 2\n", ":1: expected key = value");
  assert_refused("help = true\n", ":1: help: an option of the command line only");
  assert_refused("--seed = 3\n", ":1: --seed: unknown option, closest: seed");
}

static void long_lines_are_refused_and_not_cut(void **state)
{
  (void)state;
  char text[600], name[198];
  snprintf(text, sizeof text, "seed = 1\nlayer = %.*d\n", 189, 0);
  cvz_options o = read_text(text);
  snprintf(name, sizeof name, "%.*d", 189, 0);
  assert_string_equal(o.layer, name);
  cvz_options_free(&o);
  snprintf(text, sizeof text, "seed = 1\nlayer = %.*d\nout = x\n", 190, 0);
  assert_refused(text, ":2: a line of 198 bytes, expected at most 197");
  snprintf(text, sizeof text, "; %.*d\nseed = 5\n", 500, 0);
  o = read_text(text);
  assert_true(o.seed == 5);
  cvz_options_free(&o);
}

static cvz_status read_path(const char *path, cvz_error *error)
{
  cvz_options options;
  assert_int_equal(cvz_options_init(&options, error), CVZ_OK);
  const cvz_status status = cvz_job_file_read(&options, path, error);
  cvz_options_free(&options);
  return status;
}

static void what_is_no_job_file_is_told(void **state)
{
  (void)state;
  cvz_error error = {0};
  put("seed = 1\n\0\x89HDF", 14);
  assert_int_equal(read_path(JOB, &error), CVZ_E_FORMAT);
  assert_string_equal(error.text, JOB ": a binary file, expected a job file with lines key = value");
  assert_int_equal(read_path(FOLDER "/none.ini", &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "none.ini"));
  assert_int_equal(read_path(FOLDER, &error), CVZ_E_IO);
}

static void file_in_the_current_directory_has_no_folder(void **state)
{
  (void)state;
  cvz_error error = {0};
  cvz_options options;
  put("model = net.h5\n", 15);
  assert_int_equal(chdir(FOLDER), 0);
  assert_int_equal(cvz_options_init(&options, &error), CVZ_OK);
  assert_int_equal(cvz_job_file_read(&options, "job.ini", &error), CVZ_OK);
  assert_int_equal(chdir(".."), 0);
  assert_string_equal(options.model, "net.h5");
  cvz_options_free(&options);
}

static void bundled_job_files_are_complete(void **state)
{
  (void)state;
  static const char *const names[] = {"quickstart", "keras_example", "atlas"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[4096];
    cvz_error error = {0};
    cvz_options options;
    snprintf(path, sizeof path, "%s/jobs/%s.ini", CVZ_SOURCE_DIR, names[i]);
    assert_int_equal(cvz_options_init(&options, &error), CVZ_OK);
    if (cvz_job_file_read(&options, path, &error) != CVZ_OK || cvz_options_check(&options, &error) != CVZ_OK)
      fail_msg("%s", error.text);
    cvz_options_free(&options);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_the_names_of_options),
      cmocka_unit_test(lists_may_repeat),
      cmocka_unit_test(empty_file_sets_nothing),
      cmocka_unit_test(errors_name_file_and_line),
      cmocka_unit_test(long_lines_are_refused_and_not_cut),
      cmocka_unit_test(what_is_no_job_file_is_told),
      cmocka_unit_test(bundled_job_files_are_complete),
      cmocka_unit_test(file_in_the_current_directory_has_no_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
