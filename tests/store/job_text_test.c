#include "store/job_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_differs(const char *found, const char *wanted, const char *text)
{
  cvz_error error = {0};
  assert_int_equal(cvz_job_text_same(found, wanted, "out", &error), CVZ_E_USAGE);
  assert_string_equal(error.text, text);
}

static void numbers_keep_all_their_bits(void **state)
{
  (void)state;
  const cvz_attribute attributes[] = {{.key = "a", .kind = CVZ_ATTRIBUTE_INTEGER, .integer = INT64_MIN},
                                      {.key = "b", .kind = CVZ_ATTRIBUTE_REAL, .real = 0.1},
                                      {.key = "c", .kind = CVZ_ATTRIBUTE_TEXT, .text = ""}};
  cvz_text text = {0};
  cvz_job_text_add(&text, attributes, 3);
  assert_string_equal(text.data, "a = -9223372036854775808\nb = 0.10000000000000001\nc = \n");
  cvz_text_free(&text);
}

static void the_same_lines_are_the_same_job(void **state)
{
  (void)state;
  assert_int_equal(cvz_job_text_same("a = 1\nb = 2\n", "a = 1\nb = 2\n", "out", NULL), CVZ_OK);
  assert_int_equal(cvz_job_text_same("", "", "out", NULL), CVZ_OK);
}

static void the_first_key_that_differs_is_named(void **state)
{
  (void)state;
  assert_differs("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 4\nc = 5\n", "'out' is of a job with b = 2, expected 4");
  assert_differs("a = 1\n", "a = \n", "'out' is of a job with a = 1, expected ");
  assert_differs("a = x = y\n", "a = x = z\n", "'out' is of a job with a = x = y, expected x = z");
  assert_differs("a = 1\nb = 2\n", "a = 1\nc = 2\n",
                 "'out' is of a job with other parameters, of which the first is 'b', expected 'c'");
  assert_differs("a = 1\n", "a = 1\nb = 2\n",
                 "'out' is of a job with other parameters, of which the first is '', expected 'b'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_keep_all_their_bits),
      cmocka_unit_test(the_same_lines_are_the_same_job),
      cmocka_unit_test(the_first_key_that_differs_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
