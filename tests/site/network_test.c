#include "site/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int add_node(cvz_graph *graph, cvz_op op, int layer, int input_count, const int *inputs)
{
  int copy[2] = {input_count > 0 ? inputs[0] : 0, input_count > 1 ? inputs[1] : 0};
  const cvz_node node = {.op = op, .inputs = copy, .input_count = input_count, .layer = layer};
  return cvz_graph_add_node(graph, &node, NULL);
}

/* A layer of two nodes, a dropout without any, one that is not supported, and a sum. */
static void each_layer_names_those_that_it_reads(void **state)
{
  (void)state;
  cvz_graph graph = {0};
  cvz_text text = {0};
  const int input = add_node(&graph, CVZ_OP_INPUT, 0, 0, NULL);
  const int conv = add_node(&graph, CVZ_OP_CONV, 1, 1, &input);
  const int relu = add_node(&graph, CVZ_OP_ACTIVATION, 1, 1, &conv);
  const int sum = add_node(&graph, CVZ_OP_ADD, 4, 2, (int[]){relu, input});
  cvz_graph_add_layer(&graph, "in", "InputLayer", input, NULL, NULL);
  cvz_graph_add_layer(&graph, "conv\"<", "Conv2D", relu, NULL, NULL);
  cvz_graph_add_layer(&graph, "drop", "Dropout", relu, NULL, NULL);
  cvz_graph_add_layer(&graph, "odd", "Odd", -1, "not supported", NULL);
  cvz_graph_add_layer(&graph, "sum", "Add", sum, NULL, NULL);
  assert_int_equal(cvz_network_json(&graph, &text, NULL), CVZ_OK);
  assert_string_equal(text.data, "[{\"name\":\"in\",\"class\":\"InputLayer\",\"inputs\":[]},"
                                 "{\"name\":\"conv\\\"<\",\"class\":\"Conv2D\",\"inputs\":[0]},"
                                 "{\"name\":\"drop\",\"class\":\"Dropout\",\"inputs\":[1]},"
                                 "{\"name\":\"odd\",\"class\":\"Odd\",\"inputs\":[]},"
                                 "{\"name\":\"sum\",\"class\":\"Add\",\"inputs\":[1,0]}]");
  cvz_text_free(&text);
  cvz_graph_free(&graph);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_layer_names_those_that_it_reads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
