#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_product_that_does_not_fit_is_refused(void **state)
{
  (void)state;
  size_t product = 0;
  assert_true(cvz_size_mul(&product, 6, 7));
  assert_int_equal(product, 42);
  assert_true(cvz_size_mul(&product, SIZE_MAX, 1));
  assert_true(product == SIZE_MAX);
  assert_false(cvz_size_mul(&product, SIZE_MAX, 2));
  assert_false(cvz_size_mul(&product, (size_t)1 << 32, (size_t)1 << 32));
}

static void sizes_round_up_to_cache_lines(void **state)
{
  (void)state;
  assert_int_equal(cvz_align(0), 0);
  assert_int_equal(cvz_align(1), 64);
  assert_int_equal(cvz_align(64), 64);
  assert_int_equal(cvz_align(65), 128);
}

static void an_array_is_zero_even_of_no_elements(void **state)
{
  (void)state;
  int *array = cvz_array(100, sizeof *array, NULL);
  assert_non_null(array);
  for (int i = 0; i < 100; i++) assert_int_equal(array[i], 0);
  free(array);
  array = cvz_array(0, sizeof *array, NULL);
  assert_non_null(array);
  free(array);
}

static void a_text_is_copied(void **state)
{
  (void)state;
  char text[] = "name";
  char *copy = cvz_copy_text(text, NULL);
  text[0] = 'x';
  assert_string_equal(copy, "name");
  free(copy);
}

static void a_growing_array_keeps_its_elements_and_zeroes_the_rest(void **state)
{
  (void)state;
  int *array = NULL;
  size_t capacity = 0;
  for (size_t count = 0; count < 1000; count++) {
    assert_int_equal(cvz_grow((void **)&array, &capacity, count, sizeof *array, NULL), CVZ_OK);
    assert_true(capacity > count);
    assert_int_equal(array[count], 0);
    array[count] = (int)count + 1;
  }
  for (int i = 0; i < 1000; i++) assert_int_equal(array[i], i + 1);
  free(array);
}

static void growth_beyond_memory_leaves_the_array(void **state)
{
  (void)state;
  int *array = NULL;
  size_t capacity = 0;
  cvz_error error = {0};
  assert_int_equal(cvz_grow((void **)&array, &capacity, 0, SIZE_MAX / 8, &error), CVZ_E_MEMORY);
  assert_int_equal(error.status, CVZ_E_MEMORY);
  assert_null(array);
  assert_int_equal(capacity, 0);
}

static void a_block_is_aligned_zero_and_writable(void **state)
{
  (void)state;
  static const size_t sizes[] = {0, 1, 4096, 4097, (size_t)3 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    cvz_block block = {0};
    assert_int_equal(cvz_block_create(&block, sizes[i], NULL), CVZ_OK);
    assert_int_equal((uintptr_t)block.data % CVZ_ALIGNMENT, 0);
    assert_true(block.bytes >= sizes[i]);
    unsigned char *bytes = block.data;
    for (size_t j = 0; j < sizes[i]; j += 509) assert_int_equal(bytes[j], 0);
    memset(bytes, 1, sizes[i]);
    cvz_block_free(&block);
    assert_null(block.data);
    cvz_block_free(&block);
  }
}

static void a_block_beyond_the_address_space_is_refused(void **state)
{
  (void)state;
  cvz_block block = {0};
  cvz_error error = {0};
  assert_int_equal(cvz_block_create(&block, SIZE_MAX, &error), CVZ_E_MEMORY);
  assert_int_equal(cvz_block_create(&block, SIZE_MAX / 2, &error), CVZ_E_MEMORY);
  assert_null(block.data);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_product_that_does_not_fit_is_refused),
      cmocka_unit_test(sizes_round_up_to_cache_lines),
      cmocka_unit_test(an_array_is_zero_even_of_no_elements),
      cmocka_unit_test(a_text_is_copied),
      cmocka_unit_test(a_growing_array_keeps_its_elements_and_zeroes_the_rest),
      cmocka_unit_test(growth_beyond_memory_leaves_the_array),
      cmocka_unit_test(a_block_is_aligned_zero_and_writable),
      cmocka_unit_test(a_block_beyond_the_address_space_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
