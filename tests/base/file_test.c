#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/hash.h"
#include "scratch.h"

static void a_written_file_has_its_bytes_and_no_temporary(void **state)
{
  const char *path = scratch_path(state, "a.json");
  cvz_error error;
  cvz_text text = {0};
  assert_int_equal(cvz_file_write(path, "first", 5, &error), CVZ_OK);
  assert_int_equal(cvz_file_write(path, "a\0b", 3, &error), CVZ_OK);
  assert_int_equal(cvz_file_read(path, 3, &text, &error), CVZ_OK);
  assert_int_equal(text.length, 3);
  assert_memory_equal(text.data, "a\0b", 3);
  assert_int_equal(scratch_count(((scratch *)*state)->path), 1);
  cvz_text_free(&text);
}

static void an_empty_file_can_be_written_and_read(void **state)
{
  const char *path = scratch_path(state, "empty");
  cvz_error error;
  cvz_text text = {0};
  assert_int_equal(cvz_file_write(path, "", 0, &error), CVZ_OK);
  assert_int_equal(cvz_file_read(path, 0, &text, &error), CVZ_OK);
  assert_int_equal(text.length, 0);
}

static void a_file_past_the_limit_is_out_of_range(void **state)
{
  const char *path = scratch_path(state, "long");
  cvz_error error;
  cvz_text text = {0};
  assert_int_equal(cvz_file_write(path, "12345", 5, &error), CVZ_OK);
  assert_int_equal(cvz_file_read(path, 4, &text, &error), CVZ_E_RANGE);
  cvz_text_free(&text);
  assert_int_equal(cvz_file_read("/dev/zero", 1000000, &text, &error), CVZ_E_RANGE);
  cvz_text_free(&text);
}

static void errors_name_the_path_and_the_systems_words(void **state)
{
  cvz_error error;
  cvz_text text = {0};
  char expected[600];
  const char *path = scratch_path(state, "no/where");
  assert_int_equal(cvz_file_read(path, 10, &text, &error), CVZ_E_IO);
  snprintf(expected, sizeof expected, "read '%s': No such file or directory", path);
  assert_string_equal(error.text, expected);
  assert_int_equal(cvz_file_write(path, "x", 1, &error), CVZ_E_IO);
  snprintf(expected, sizeof expected, "write '%s': No such file or directory", path);
  assert_string_equal(error.text, expected);
  assert_int_equal(cvz_file_read(((scratch *)*state)->path, 10, &text, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "Is a directory"));
}

static void a_file_size_limit_leaves_nothing(void **state)
{
  static char data[100000];
  const char *path = scratch_path(state, "large");
  struct rlimit before;
  cvz_error error;
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, before.rlim_max});
  const cvz_status status = cvz_file_write(path, data, sizeof data, &error);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(status, CVZ_E_IO);
  assert_non_null(strstr(error.text, "File too large"));
  assert_int_equal(scratch_count(((scratch *)*state)->path), 0);
}

static void directories_are_made_with_their_parents(void **state)
{
  cvz_error error;
  const char *path = scratch_path(state, "a/b//c/");
  assert_int_equal(cvz_file_make_directory(path, &error), CVZ_OK);
  assert_int_equal(cvz_file_make_directory(path, &error), CVZ_OK);
  assert_true(scratch_has(scratch_path(state, "a/b/c")));
  assert_int_equal(cvz_file_make_directory("/", &error), CVZ_OK);
  assert_int_equal(cvz_file_make_directory("", &error), CVZ_E_IO);
}

static void a_file_in_the_way_of_a_directory_is_an_error(void **state)
{
  cvz_error error;
  scratch_write(scratch_path(state, "file"), "x", 1);
  assert_int_equal(cvz_file_make_directory(scratch_path(state, "file"), &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "Not a directory"));
  assert_int_equal(cvz_file_make_directory(scratch_path(state, "file/below"), &error), CVZ_E_IO);
}

static void temporary_names_are_hidden_and_beside_the_file(void **state)
{
  (void)state;
  char name[PATH_MAX], small[8];
  cvz_error error;
  assert_int_equal(cvz_file_temporary_name("d/e/f.png", name, sizeof name, &error), CVZ_OK);
  assert_string_equal(name, "d/e/.f.png.tmp");
  assert_int_equal(cvz_file_temporary_name("f", name, sizeof name, &error), CVZ_OK);
  assert_string_equal(name, ".f.tmp");
  assert_int_equal(cvz_file_temporary_name("d/e/f.png", small, sizeof small, &error), CVZ_E_IO);
}

static void a_file_that_cannot_be_published_is_removed(void **state)
{
  cvz_error error;
  const char *temporary = scratch_path(state, ".a.tmp"), *path = scratch_path(state, "a");
  scratch_write(temporary, "x", 1);
  mkdir(path, 0777);
  assert_int_equal(cvz_file_publish(temporary, path, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "Is a directory"));
  assert_false(scratch_has(temporary));
}

static void the_hash_is_that_of_the_bytes(void **state)
{
  static char data[3000000];
  const char *path = scratch_path(state, "data");
  uint64_t hash = 0;
  cvz_error error;
  memset(data, 7, sizeof data);
  scratch_write(path, data, sizeof data);
  assert_int_equal(cvz_file_hash(path, &hash, &error), CVZ_OK);
  assert_true(hash == cvz_hash(data, sizeof data));
  scratch_write(path, data, 0);
  assert_int_equal(cvz_file_hash(path, &hash, &error), CVZ_OK);
  assert_true(hash == cvz_hash(data, 0));
  assert_int_equal(cvz_file_hash(scratch_path(state, "none"), &hash, &error), CVZ_E_IO);
  assert_int_equal(cvz_file_hash(((scratch *)*state)->path, &hash, &error), CVZ_E_IO);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      WITH_SCRATCH(a_written_file_has_its_bytes_and_no_temporary),
      WITH_SCRATCH(an_empty_file_can_be_written_and_read),
      WITH_SCRATCH(a_file_past_the_limit_is_out_of_range),
      WITH_SCRATCH(errors_name_the_path_and_the_systems_words),
      WITH_SCRATCH(a_file_size_limit_leaves_nothing),
      WITH_SCRATCH(directories_are_made_with_their_parents),
      WITH_SCRATCH(a_file_in_the_way_of_a_directory_is_an_error),
      cmocka_unit_test(temporary_names_are_hidden_and_beside_the_file),
      WITH_SCRATCH(a_file_that_cannot_be_published_is_removed),
      WITH_SCRATCH(the_hash_is_that_of_the_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
