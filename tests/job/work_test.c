#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/filters.h"
#include "job/recipe.h"
#include "job/work.h"

static int add_input(cvz_graph *graph)
{
  const int node = cvz_graph_add_node(
      graph, &(cvz_node){.op = CVZ_OP_INPUT, .layer = graph->layer_count, .input = {3, 0, 0, 3}}, NULL);
  cvz_graph_add_layer(graph, "input_1", "InputLayer", node, NULL, NULL);
  return node;
}

/* A 3 x 3 convolution without padding. */
static int add_conv(cvz_graph *graph, const char *name, int from, int channels, int filters, int stride)
{
  const int dims[4] = {3, 3, channels, filters};
  const int kernel = cvz_graph_add_weight(graph, name, 4, dims, NULL);
  const cvz_node node = {.op = CVZ_OP_CONV,
                         .inputs = &from,
                         .input_count = 1,
                         .layer = graph->layer_count,
                         .conv = {{{3, 3}, {stride, stride}, {1, 1}, CVZ_VALID}, filters, 1, kernel, CVZ_NO_WEIGHT}};
  const int index = cvz_graph_add_node(graph, &node, NULL);
  cvz_graph_add_layer(graph, name, "Conv2D", index, NULL, NULL);
  return index;
}

static int add_plain(cvz_graph *graph, const char *name, const char *class_name, cvz_op op, int from)
{
  const cvz_node node = {.op = op, .inputs = &from, .input_count = 1, .layer = graph->layer_count};
  const int index = cvz_graph_add_node(graph, &node, NULL);
  cvz_graph_add_layer(graph, name, class_name, index, NULL, NULL);
  return index;
}

/* input -> a/conv (8) -> relu -> A.conv (16) -> conv (4, stride 2) -> pool; two layers that cannot be rendered, and one
 * that passes the input on. */
static cvz_graph make_graph(void)
{
  cvz_graph graph = {0};
  int node = add_input(&graph);
  node = add_conv(&graph, "a/conv", node, 3, 8, 1);
  node = add_plain(&graph, "relu", "Activation", CVZ_OP_ACTIVATION, node);
  node = add_conv(&graph, "A.conv", node, 8, 16, 1);
  node = add_conv(&graph, "conv", node, 16, 4, 2);
  add_plain(&graph, "pool", "GlobalAveragePooling2D", CVZ_OP_GLOBALAVG, node);
  cvz_graph_add_layer(&graph, "lambda", "Lambda", -1, "Lambda is not supported", NULL);
  cvz_graph_add_layer(&graph, "lost_conv", "Conv2D", -1, "behind lambda, which is not supported", NULL);
  cvz_graph_add_layer(&graph, "flip", "RandomFlip", graph.input, NULL, NULL);
  return graph;
}

static cvz_status create(cvz_work *work, const char *layer, const char *filters, const char *size, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
  cvz_options options;
  cvz_graph graph = make_graph();
  assert_int_equal(cvz_options_init(&options, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&options, CVZ_OPTION_layer, layer, &source, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&options, CVZ_OPTION_filters, filters, &source, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&options, CVZ_OPTION_size, size, &source, NULL), CVZ_OK);
  assert_int_equal(cvz_recipe_apply(&options, NULL), CVZ_OK);
  const cvz_status status = cvz_work_create(work, &graph, &options, NULL, error);
  cvz_options_free(&options);
  cvz_graph_free(&graph);
  return status;
}

static cvz_work must_create(const char *layer, const char *filters)
{
  cvz_work work;
  cvz_error error = {0};
  if (create(&work, layer, filters, "20x24", &error) != CVZ_OK) fail_msg("%s", error.text);
  return work;
}

static void assert_layers(const char *layer, const char *filters, int count, const int *expected)
{
  cvz_work work = must_create(layer, filters);
  assert_int_equal(work.layer_count, count);
  for (int i = 0; i < count; i++) assert_int_equal(work.layers[i].layer, expected[i]);
  cvz_work_free(&work);
}

static void assert_refused(const char *layer, const char *filters, const char *size, cvz_status status,
                           const char *text)
{
  cvz_work work;
  cvz_error error = {0};
  assert_int_equal(create(&work, layer, filters, size, &error), status);
  if (!strstr(error.text, text)) fail_msg("'%s', expected '%s'", error.text, text);
  assert_null(work.layers);
}

static void names_keep_their_order_and_patterns_that_of_the_graph(void **state)
{
  (void)state;
  assert_layers("relu,a/conv", "all", 2, (int[]){2, 1});
  assert_layers("*conv", "all", 3, (int[]){1, 3, 4});
  assert_layers("relu , *conv,relu,a/*", "all", 4, (int[]){2, 1, 3, 4});
  assert_layers("[aA]?conv", "all", 2, (int[]){1, 3});
  assert_layers("*", "all", 4, (int[]){1, 2, 3, 4});
}

static void keywords_mean_convolutions_and_maps(void **state)
{
  (void)state;
  assert_layers("conv", "all", 3, (int[]){1, 3, 4});
  assert_layers("all", "all", 4, (int[]){1, 2, 3, 4});
  assert_layers("[c]onv", "all", 1, (int[]){4});
}

static void layers_that_patterns_skip_are_counted_with_a_reason(void **state)
{
  (void)state;
  cvz_work work = must_create("all", "all");
  assert_int_equal(work.skipped, 2);
  assert_string_equal(work.skip_name, "lambda");
  assert_non_null(strstr(work.skip_reason, "Lambda is not supported"));
  cvz_work_free(&work);
}

static void named_layers_must_be_possible(void **state)
{
  (void)state;
  assert_refused("A.conf", "all", "20", CVZ_E_USAGE, "layer: 'A.conf' is not in the model, closest: A.conv");
  assert_refused("x*", "all", "20", CVZ_E_USAGE, "'x*' fits no layer");
  assert_refused("lambda", "all", "20", CVZ_E_UNSUPPORTED, "'lambda' cannot be rendered: Lambda is not supported");
  assert_refused("all,lambda", "all", "20", CVZ_E_UNSUPPORTED, "'lambda' cannot be rendered");
  assert_refused("p*", "all", "20", CVZ_E_USAGE, "layer: 'p*' has no map");
  assert_refused("l*", "all", "20", CVZ_E_USAGE, "leaves nothing to render; first: layer: 'lambda'");
  assert_refused("input_1", "all", "20", CVZ_E_USAGE, "'input_1' is the input");
  assert_refused("flip", "all", "20", CVZ_E_USAGE, "'flip' is the input");
  assert_refused("A.conv", "all", "3", CVZ_E_RANGE, "too small");
  assert_refused("a/conv", "0-8", "20", CVZ_E_USAGE, "expected at most 7: layer 'a/conv' has 8 channels");
  assert_refused("conv", "16-20", "20", CVZ_E_USAGE, "leaves nothing to render");
}

/* Appends to make_graph's: dense (10, softmax) and dense_1 (a sigmoid of 2), both after the pool. */
static cvz_graph make_classifier(void)
{
  cvz_graph graph = make_graph();
  const int pool = graph.layers[cvz_graph_find_layer(&graph, "pool")].node;
  const struct {
    const char *name;
    int units;
    cvz_node end;
  } heads[] = {{"dense", 10, {.op = CVZ_OP_SOFTMAX}},
               {"dense_1", 2, {.op = CVZ_OP_ACTIVATION, .activation = {CVZ_SIGMOID, 0, 0, 0}}}};
  for (int i = 0; i < 2; i++) {
    const int kernel = cvz_graph_add_weight(&graph, heads[i].name, 2, (int[]){4, heads[i].units}, NULL);
    const cvz_conv conv = {{{1, 1}, {1, 1}, {1, 1}, CVZ_VALID}, heads[i].units, 1, kernel, CVZ_NO_WEIGHT};
    int node = cvz_graph_add_node(
        &graph, &(cvz_node){.op = CVZ_OP_CONV, .inputs = (int[]){pool}, .input_count = 1, .conv = conv}, NULL);
    cvz_node end = heads[i].end;
    end.inputs = &node;
    end.input_count = 1;
    node = cvz_graph_add_node(&graph, &end, NULL);
    cvz_graph_add_layer(&graph, heads[i].name, "Dense", node, NULL, NULL);
  }
  return graph;
}

static cvz_work create_classifier(const char *layer, const char *classes)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
  cvz_options options;
  cvz_work work;
  cvz_error error = {0};
  cvz_graph graph = make_classifier();
  assert_int_equal(cvz_options_init(&options, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&options, CVZ_OPTION_layer, layer, &source, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&options, CVZ_OPTION_classes, classes, &source, NULL), CVZ_OK);
  assert_int_equal(cvz_recipe_apply(&options, NULL), CVZ_OK);
  if (cvz_work_create(&work, &graph, &options, NULL, &error) != CVZ_OK) fail_msg("%s", error.text);
  for (int i = 0; i < work.layer_count; i++) {
    const cvz_node *node = &graph.nodes[work.layers[i].node];
    const bool logit = node->op == CVZ_OP_CONV, vector = work.layers[i].shape.rank == 1;
    if (vector && work.layers[i].channels != 4) assert_int_equal(logit, !strcmp(classes, "logits"));
  }
  cvz_options_free(&options);
  cvz_graph_free(&graph);
  return work;
}

static void assert_classifier(const char *layer, int count, const int *channels)
{
  static const char *const classes[] = {"logits", "probabilities"};
  for (int c = 0; c < 2; c++) {
    cvz_work work = create_classifier(layer, classes[c]);
    assert_int_equal(work.layer_count, count);
    for (int i = 0; i < count; i++) assert_int_equal(work.layers[i].channels, channels[i]);
    cvz_work_free(&work);
  }
}

static void vectors_are_rendered_by_name_and_class(void **state)
{
  (void)state;
  assert_classifier("pool", 1, (int[]){4});
  assert_classifier("dense", 1, (int[]){10});
  assert_classifier("d*", 2, (int[]){10, 2});
  assert_classifier("last", 1, (int[]){2});
  assert_classifier("class:Dense", 2, (int[]){10, 2});
  assert_classifier("class:conv2d", 3, (int[]){8, 16, 4});
  assert_classifier("all", 4, (int[]){8, 8, 16, 4});
  assert_classifier("all,last", 5, (int[]){8, 8, 16, 4, 2});
  assert_refused("class:Dens", "all", "20", CVZ_E_USAGE, "no layer of the model is a 'Dens'");
}

static void too_small_maps_of_patterns_are_skipped(void **state)
{
  (void)state;
  cvz_work work;
  assert_int_equal(create(&work, "conv", "all", "3", NULL), CVZ_OK);
  assert_int_equal(work.layer_count, 1);
  assert_int_equal(work.skipped, 3);
  cvz_work_free(&work);
}

static void units_are_numbered_through_the_layers(void **state)
{
  (void)state;
  cvz_work work = must_create("conv", "12,0-2,1,10");
  assert_int_equal(work.layer_count, 3);
  assert_int_equal(work.layers[0].filter_count, 3);
  assert_int_equal(work.layers[1].filter_count, 5);
  assert_int_equal(work.layers[1].filters[3], 10);
  assert_int_equal(work.layers[1].filters[4], 12);
  assert_int_equal(work.layers[2].filter_count, 3);
  assert_int_equal(work.layers[2].first_unit, 8);
  assert_int_equal(work.unit_count, 11);
  const int expected[] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2};
  for (int unit = 0; unit < work.unit_count; unit++) assert_int_equal(cvz_work_layer_of(&work, unit), expected[unit]);
  cvz_work_free(&work);
}

static void layers_know_their_map_and_cost(void **state)
{
  (void)state;
  cvz_work work = must_create("a/conv,A.conv", "all");
  assert_int_equal(work.height, 20);
  assert_int_equal(work.width, 24);
  assert_int_equal(work.layers[0].channels, 8);
  assert_int_equal(work.layers[0].filter_count, 8);
  assert_int_equal(work.layers[0].shape.height, 18);
  assert_int_equal(work.layers[1].shape.width, 20);
  cvz_work_free(&work);
}

/* Forward and backward: a multiplication and an addition for each weight at each pixel of a convolution, one operation
 * for each number elsewhere. */
static void of_a_target_one_channel_is_paid_for(void **state)
{
  (void)state;
  const double pixels = 14 * 18, image = 16 * 20 * 3, one = 2 * pixels * 9 * 3;
  const double next_pixels = 12 * 16, next_one = 2 * next_pixels * 9 * 8;
  cvz_work work = must_create("a/conv,relu,A.conv", "all");
  assert_true(work.layers[0].flops == 2 * (image + one));
  assert_true(work.layers[1].flops == 2 * (image + one + pixels));
  assert_true(work.layers[2].flops == 2 * (image + 8 * one + 8 * pixels + next_one));
  cvz_work_free(&work);
}

static void file_names_are_safe_and_differ(void **state)
{
  (void)state;
  cvz_work work = must_create("a/conv,A.conv", "all");
  assert_string_equal(work.layers[0].stem, "a.conv");
  assert_string_equal(work.layers[1].stem, "A.conv-2");
  cvz_work_free(&work);
  work = must_create("A.conv", "all");
  assert_string_equal(work.layers[0].stem, "A.conv-2");
  cvz_work_free(&work);
}

static void filters_are_sorted_and_unique(void **state)
{
  (void)state;
  int *filters, count;
  assert_int_equal(cvz_filters_list(&filters, &count, "5, 1-3,2-4", 100, NULL), CVZ_OK);
  assert_int_equal(count, 5);
  for (int i = 0; i < count; i++) assert_int_equal(filters[i], i + 1);
  free(filters);
  assert_int_equal(cvz_filters_largest("5,1-30,2"), 30);
  assert_int_equal(cvz_filters_largest("all"), -1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_keep_their_order_and_patterns_that_of_the_graph),
      cmocka_unit_test(keywords_mean_convolutions_and_maps),
      cmocka_unit_test(layers_that_patterns_skip_are_counted_with_a_reason),
      cmocka_unit_test(named_layers_must_be_possible),
      cmocka_unit_test(vectors_are_rendered_by_name_and_class),
      cmocka_unit_test(too_small_maps_of_patterns_are_skipped),
      cmocka_unit_test(units_are_numbered_through_the_layers),
      cmocka_unit_test(layers_know_their_map_and_cost),
      cmocka_unit_test(of_a_target_one_channel_is_paid_for),
      cmocka_unit_test(file_names_are_safe_and_differ),
      cmocka_unit_test(filters_are_sorted_and_unique),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
