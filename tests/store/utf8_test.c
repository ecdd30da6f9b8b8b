#include "store/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static void assert_clean(const char *raw, const char *expected)
{
  cvz_text clean = {0};
  cvz_utf8_add(&clean, raw);
  assert_string_equal(clean.data ? clean.data : "", expected);
  cvz_text_free(&clean);
}

static void valid_text_stays(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "", "plain\n\t", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\x88", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_clean(texts[i], texts[i]);
}

static void each_bad_byte_is_replaced(void **state)
{
  (void)state;
  assert_clean("a\xff"
               "b",
               "a" BAD "b");
  assert_clean("\x80", BAD);
  assert_clean("\xc3", BAD);
  assert_clean("\xe2\x82", BAD BAD);
  assert_clean("\xf0\x9f\x90", BAD BAD BAD);
}

static void overlong_forms_surrogates_and_numbers_past_unicode_are_bad(void **state)
{
  (void)state;
  assert_clean("\xc0\xaf", BAD BAD);
  assert_clean("\xe0\x80\xaf", BAD BAD BAD);
  assert_clean("\xf0\x80\x80\xaf", BAD BAD BAD BAD);
  assert_clean("\xed\xa0\x80", BAD BAD BAD);
  assert_clean("\xf4\x90\x80\x80", BAD BAD BAD BAD);
  assert_clean("\xf5\x80\x80\x80", BAD BAD BAD BAD);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(valid_text_stays),
      cmocka_unit_test(each_bad_byte_is_replaced),
      cmocka_unit_test(overlong_forms_surrogates_and_numbers_past_unicode_are_bad),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
