#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/list_layers.h"

static void table_shows_maps_costs_and_problems(void **state)
{
  (void)state;
  cvz_graph graph = {0};
  char *text = NULL;
  size_t bytes = 0;
  int from = cvz_graph_add_node(&graph, &(cvz_node){.op = CVZ_OP_INPUT, .input = {3, 0, 0, 3}}, NULL);
  cvz_graph_add_layer(&graph, "input", "InputLayer", from, NULL, NULL);
  const int kernel = cvz_graph_add_weight(&graph, "conv/kernel", 4, (int[]){3, 3, 3, 8}, NULL);
  const cvz_node conv = {.op = CVZ_OP_CONV,
                         .inputs = &from,
                         .input_count = 1,
                         .layer = 1,
                         .conv = {{{3, 3}, {1, 1}, {1, 1}, CVZ_VALID}, 8, 1, kernel, CVZ_NO_WEIGHT}};
  const int node = cvz_graph_add_node(&graph, &conv, NULL);
  cvz_graph_add_layer(&graph, "conv", "Conv2D", node, NULL, NULL);
  cvz_graph_add_layer(&graph, "odd\033[2J", "Lambda", -1, "Lambda is not supported", NULL);
  FILE *stream = open_memstream(&text, &bytes);
  assert_int_equal(cvz_list_layers(stream, &graph, (cvz_size){20, 24}, 2, NULL), CVZ_OK);
  fclose(stream);
  assert_non_null(strstr(text, "input    InputLayer  (20, 24, 3)"));
  assert_non_null(strstr(text, "conv     Conv2D      (18, 22, 8)        8"));
  assert_non_null(strstr(text, "odd?[2J  Lambda      -                  -           -  Lambda is not supported"));
  free(text);
  stream = open_memstream(&text, &bytes);
  assert_int_equal(cvz_list_layers(stream, &graph, (cvz_size){2, 2}, 2, NULL), CVZ_OK);
  fclose(stream);
  assert_non_null(strstr(text, "too small"));
  free(text);
  cvz_graph_free(&graph);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(table_shows_maps_costs_and_problems)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
