#include "job/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static cvz_labels labels;

static int parse(void **state)
{
  (void)state;
  const char *const text = "tench\r\n  great white shark \ncrane\nEgyptian cat\ntiger cat\ntiger\ncrane\nzebra\n\n\n";
  return cvz_labels_parse(&labels, text, "classes.txt", NULL) != CVZ_OK;
}

static int forget(void **state)
{
  (void)state;
  cvz_labels_free(&labels);
  return 0;
}

static void lines_are_names_without_blanks_around_them(void **state)
{
  (void)state;
  assert_int_equal(labels.count, 8);
  assert_string_equal(labels.names[0], "tench");
  assert_string_equal(labels.names[1], "great white shark");
  assert_string_equal(labels.names[7], "zebra");
}

static void a_name_is_found_by_all_its_beginning_or_a_part(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    int number;
  } cases[] = {{"zebra", 7}, {"ZEBRA", 7}, {"Egyptian_cat", 3}, {"tiger", 5}, {"egyp", 3}, {"shark", 1}, {"r c", 4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int number = -1;
    assert_int_equal(cvz_labels_find(&labels, cases[i].name, &number, NULL), CVZ_OK);
    assert_int_equal(number, cases[i].number);
  }
}

static void assert_refused(const char *name, const char *text)
{
  int number;
  cvz_error error;
  assert_int_equal(cvz_labels_find(&labels, name, &number, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, text);
}

static void what_is_not_one_name_is_refused_with_candidates(void **state)
{
  (void)state;
  assert_refused("crane", "filters: 'crane' may be crane (2), crane (6); expected one of them, or its number");
  assert_refused("tige", "filters: 'tige' may be tiger cat (4), tiger (5); expected one of them, or its number");
  assert_refused("CAT", "filters: 'CAT' may be Egyptian cat (3), tiger cat (4); expected one of them, or its number");
}

static void lists_keep_their_numbers(void **state)
{
  (void)state;
  cvz_text numbers = {0};
  cvz_error error;
  assert_int_equal(cvz_labels_replace(&labels, "zebra,0-2, tiger_cat ,5", &numbers, NULL), CVZ_OK);
  assert_string_equal(numbers.data, "7,0-2,4,5");
  assert_int_equal(cvz_labels_replace(&labels, "0,zebro", &numbers, &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "filters: 'zebro' is none of the 8 names of --labels, closest: zebra");
  cvz_text_free(&numbers);
}

static void lines_without_a_name_are_refused(void **state)
{
  (void)state;
  cvz_labels bad = {0};
  cvz_error error;
  assert_int_equal(cvz_labels_parse(&bad, "a\n\nb\n", "c.txt", &error), CVZ_E_FORMAT);
  assert_string_equal(error.text, "labels c.txt:2: '', expected a name");
  assert_int_equal(cvz_labels_parse(&bad, "a\nb\001\n", "c.txt", &error), CVZ_E_FORMAT);
  assert_string_equal(error.text, "labels c.txt:2: 'b?', expected a name");
  assert_int_equal(cvz_labels_parse(&bad, " \n", "c.txt", &error), CVZ_E_FORMAT);
  assert_string_equal(error.text, "labels c.txt: is empty, expected a name in each line");
  assert_null(bad.text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_names_without_blanks_around_them),
      cmocka_unit_test(a_name_is_found_by_all_its_beginning_or_a_part),
      cmocka_unit_test(what_is_not_one_name_is_refused_with_candidates),
      cmocka_unit_test(lists_keep_their_numbers),
      cmocka_unit_test(lines_without_a_name_are_refused),
  };
  return cmocka_run_group_tests(tests, parse, forget);
}
