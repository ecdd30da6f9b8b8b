#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/stem.h"

static void unsafe_names_become_safe(void **state)
{
  (void)state;
  char longest[1001];
  memset(longest, 'x', 1000);
  longest[1000] = 0;
  const char *const names[] = {"block/conv:1", "../../etc/passwd", ".hidden", "a b\nc\xc3\xa9", "",
                               "-rf",          "BLOCK.conv_1",     longest,   longest,          "block.conv_1-2"};
  const char *const expected[] = {"block.conv_1", "______etc.passwd", "_hidden", "a_b_c__", "_",
                                  "_rf",          "BLOCK.conv_1-2",   NULL,      NULL,      "block.conv_1-2-2"};
  const int count = (int)(sizeof names / sizeof *names);
  cvz_graph graph = {0};
  char **stems;
  for (int i = 0; i < count; i++) cvz_graph_add_layer(&graph, names[i], "Conv2D", -1, NULL, NULL);
  assert_int_equal(cvz_stems_create(&stems, &graph, NULL), CVZ_OK);
  for (int i = 0; i < count; i++) {
    if (expected[i]) assert_string_equal(stems[i], expected[i]);
    assert_true(strlen(stems[i]) < 220);
  }
  assert_string_not_equal(stems[7], stems[8]);
  cvz_stems_free(stems, count);
  cvz_graph_free(&graph);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(unsafe_names_become_safe)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
