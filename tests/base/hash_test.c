#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The numbers are those of the xxhash package of Python, xxh64(text).hexdigest(). */
static void texts_have_the_known_hashes(void **state)
{
  (void)state;
  assert_true(cvz_hash_text("") == 0xef46db3751d8e999);
  assert_true(cvz_hash_text("a") == 0xd24ec4f1a98c6e5b);
  assert_true(cvz_hash_text("abc") == 0x44bc2cf5ad770999);
  assert_true(cvz_hash_text("abcd") == 0xde0327b0d25d92cc);
  assert_true(cvz_hash_text("12345678") == 0xd2d02f08cf7cfd4a);
  assert_true(cvz_hash_text("block1_conv1/kernel:0") == 0xded670035d682cdd);
  assert_true(cvz_hash_text("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") == 0xe2df261fc2ec30eb);
  assert_true(cvz_hash_text("The quick brown fox jumps over the lazy dog, twice.") == 0x0bd828078c4cb965);
}

static void long_bytes_have_the_known_hash_at_any_alignment(void **state)
{
  (void)state;
  unsigned char bytes[101 + 8];
  for (int shift = 0; shift < 8; shift++) {
    for (int i = 0; i < 101; i++) bytes[shift + i] = (unsigned char)i;
    assert_true(cvz_hash(bytes + shift, 101) == 0xe99038495f85381e);
  }
}

static void every_byte_counts(void **state)
{
  (void)state;
  unsigned char bytes[77] = {0};
  const uint64_t before = cvz_hash(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++) {
    bytes[i] ^= 1;
    assert_true(cvz_hash(bytes, sizeof bytes) != before);
    bytes[i] ^= 1;
  }
  assert_true(cvz_hash(bytes, sizeof bytes - 1) != before);
}

static void parts_of_any_length_give_the_hash_of_the_whole(void **state)
{
  (void)state;
  unsigned char bytes[200];
  for (int i = 0; i < 200; i++) bytes[i] = (unsigned char)(i * 7);
  for (size_t whole = 0; whole <= sizeof bytes; whole++)
    for (size_t part = 1; part <= 70; part++) {
      cvz_hash_state parts = cvz_hash_begin();
      for (size_t at = 0; at < whole; at += part)
        cvz_hash_add(&parts, bytes + at, at + part < whole ? part : whole - at);
      assert_true(cvz_hash_end(&parts) == cvz_hash(bytes, whole));
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_have_the_known_hashes),
      cmocka_unit_test(long_bytes_have_the_known_hash_at_any_alignment),
      cmocka_unit_test(every_byte_counts),
      cmocka_unit_test(parts_of_any_length_give_the_hash_of_the_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
