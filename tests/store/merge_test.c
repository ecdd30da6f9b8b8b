#include "store/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../base/scratch.h"

/* Parts of a job that lack the number of its layers, or have none, or more than there can be. */
static void parts_without_layers_are_refused(void **state)
{
  static const char *const shards[] = {"{\"index\": 1, \"count\": 1}", "{\"index\": 1, \"count\": 1, \"layers\": 0}",
                                       "{\"index\": 1, \"count\": 1, \"layers\": -7}",
                                       "{\"index\": 1, \"count\": 1, \"layers\": \"many\"}"};
  const char *const directory = ((scratch *)*state)->path;
  for (size_t i = 0; i < sizeof shards / sizeof *shards; i++) {
    char text[256];
    cvz_merge *merge = NULL;
    cvz_error error;
    const int length = snprintf(text, sizeof text, "{\"shard\": %s, \"layers\": [], \"network\": []}", shards[i]);
    scratch_write(scratch_path(state, "manifest.json"), text, (size_t)length);
    assert_int_equal(cvz_merge_open(&merge, &directory, 1, &error), CVZ_E_FORMAT);
    assert_non_null(strstr(error.text, directory));
    assert_null(merge);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup_results, scratch_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(parts_without_layers_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
