#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_text_has_no_data(void **state)
{
  (void)state;
  cvz_text text = {0};
  assert_int_equal(cvz_text_check(&text, NULL), CVZ_OK);
  assert_null(text.data);
  cvz_text_free(&text);
}

static void appends_follow_each_other_and_grow(void **state)
{
  (void)state;
  cvz_text text = {0};
  char expected[4096];
  size_t used = 0;
  for (int i = 0; i < 500; i++) {
    cvz_text_add(&text, "%d,", i);
    used += (size_t)snprintf(expected + used, sizeof expected - used, "%d,", i);
  }
  assert_int_equal(text.length, used);
  assert_string_equal(text.data, expected);
  cvz_text_free(&text);
  assert_null(text.data);
  assert_int_equal(text.length, 0);
}

static void bytes_may_hold_zeros(void **state)
{
  (void)state;
  cvz_text text = {0};
  cvz_text_add_bytes(&text, "a\0b", 3);
  cvz_text_add(&text, "%s", "c");
  assert_int_equal(text.length, 4);
  assert_memory_equal(text.data, "a\0bc", 5);
  cvz_text_free(&text);
}

static void a_failed_text_stays_as_it_was(void **state)
{
  (void)state;
  cvz_text text = {0};
  cvz_error error = {0};
  cvz_text_add(&text, "kept");
  text.failed = 1;
  cvz_text_add(&text, "lost");
  cvz_text_add_bytes(&text, "lost", 4);
  assert_string_equal(text.data, "kept");
  assert_int_equal(cvz_text_check(&text, &error), CVZ_E_MEMORY);
  assert_true(strlen(error.text) > 0);
  cvz_text_free(&text);
}

static void distance_counts_single_edits_without_letter_case(void **state)
{
  (void)state;
  assert_int_equal(cvz_text_distance("", ""), 0);
  assert_int_equal(cvz_text_distance("", "abc"), 3);
  assert_int_equal(cvz_text_distance("abc", ""), 3);
  assert_int_equal(cvz_text_distance("kitten", "sitting"), 3);
  assert_int_equal(cvz_text_distance("VGG16", "vgg16"), 0);
  assert_int_equal(cvz_text_distance("vgg16", "vgg19"), 1);
  assert_int_equal(cvz_text_distance("flaw", "lawn"), 2);
}

static void the_three_closest_names_come_nearest_first(void **state)
{
  (void)state;
  static const char *const names[] = {"block3_conv1", "block1_conv1", "block1_conv2", "block1_conv12", "dense"};
  char closest[64];
  cvz_text_closest("block1_conv1", names, 5, closest, sizeof closest);
  assert_string_equal(closest, "block1_conv1, block3_conv1, block1_conv2");
}

static void nothing_similar_gives_an_empty_text(void **state)
{
  (void)state;
  static const char *const names[] = {"block3_conv1", "dense"};
  char closest[64] = "before";
  cvz_text_closest("xyz", names, 2, closest, sizeof closest);
  assert_string_equal(closest, "");
  cvz_text_closest("xyz", names, 0, closest, sizeof closest);
  assert_string_equal(closest, "");
}

static void closest_names_stay_within_their_room(void **state)
{
  (void)state;
  static const char *const names[] = {"aaaa", "aaab"};
  for (size_t room = 1; room < 16; room++) {
    char closest[16];
    memset(closest, 'x', sizeof closest);
    cvz_text_closest("aaaa", names, 2, closest, room);
    assert_non_null(memchr(closest, 0, room));
    for (size_t i = room; i < sizeof closest; i++) assert_int_equal(closest[i], 'x');
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_text_has_no_data),
      cmocka_unit_test(appends_follow_each_other_and_grow),
      cmocka_unit_test(bytes_may_hold_zeros),
      cmocka_unit_test(a_failed_text_stays_as_it_was),
      cmocka_unit_test(distance_counts_single_edits_without_letter_case),
      cmocka_unit_test(the_three_closest_names_come_nearest_first),
      cmocka_unit_test(nothing_similar_gives_an_empty_text),
      cmocka_unit_test(closest_names_stay_within_their_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
