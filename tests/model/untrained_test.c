/* Networks of keras.applications without a file: built from their configuration, with random weights. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ascent/ascent.h"
#include "base/hash.h"
#include "model/architecture.h"
#include "network.h"

static const cvz_node *node_of(const cvz_graph *graph, const char *layer)
{
  const int index = cvz_graph_find_layer(graph, layer);
  assert_true(index >= 0);
  assert_true(graph->layers[index].node >= 0);
  return &graph->nodes[graph->layers[index].node];
}

static void assert_dims(const cvz_weight *weight, const char *name, int rank, const int *dims)
{
  assert_string_equal(weight->name, name);
  assert_int_equal(weight->rank, rank);
  for (int i = 0; i < rank; i++) assert_int_equal(weight->dims[i], dims[i]);
}

/* Sizes from Keras: model.get_layer(...).weights. */
static void shapes_follow_from_options_and_inputs(void **state)
{
  (void)state;
  cvz_graph graph;
  build_untrained(&graph, "xception");
  const cvz_node *affine = node_of(&graph, "block2_sepconv1_bn"), *pointwise = node_of(&graph, "block2_sepconv1");
  assert_dims(&graph.weights[pointwise->conv.kernel], "block2_sepconv1/pointwise_kernel", 4, (int[]){1, 1, 64, 128});
  const cvz_node *depthwise = &graph.nodes[pointwise->inputs[0]];
  assert_dims(&graph.weights[depthwise->conv.kernel], "block2_sepconv1/depthwise_kernel", 4, (int[]){3, 3, 64, 1});
  assert_dims(&graph.weights[affine->affine.gamma], "block2_sepconv1_bn/gamma", 1, (int[]){128});
  assert_dims(&graph.weights[affine->affine.variance], "block2_sepconv1_bn/moving_variance", 1, (int[]){128});
  cvz_graph_free(&graph);
  build_untrained(&graph, "DenseNet121");
  const cvz_node *conv = node_of(&graph, "conv3_block2_1_conv");
  assert_dims(&graph.weights[conv->conv.kernel], "conv3_block2_1_conv/kernel", 4, (int[]){1, 1, 160, 128});
  cvz_graph_free(&graph);
}

static void every_architecture_builds(void **state)
{
  (void)state;
  for (const char *const *name = cvz_architecture_names(); *name; name++) {
    cvz_graph graph;
    build_untrained(&graph, *name);
    assert_true(graph.layer_count > 15);
    for (int i = 0; i < graph.layer_count; i++)
      if (graph.layers[i].problem) fail_msg("%s: %s", *name, graph.layers[i].problem);
    cvz_graph_free(&graph);
  }
}

static void an_unknown_architecture_is_a_usage_error(void **state)
{
  (void)state;
  cvz_text description = {0};
  cvz_error failure;
  assert_int_equal(cvz_untrained_describe("ResNet50V3", &description, &failure), CVZ_E_USAGE);
  assert_non_null(strstr(failure.text, "ResNet50V2"));
  cvz_text_free(&description);
}

static void kernels_have_he_variance_and_batch_norm_is_the_identity(void **state)
{
  (void)state;
  cvz_graph graph;
  build_untrained(&graph, "ResNet50V2");
  bool *wanted = cvz_array((size_t)graph.weight_count, 1, NULL);
  float *values = calloc(graph.value_count, sizeof *values);
  memset(wanted, 1, (size_t)graph.weight_count);
  cvz_untrained_fill(&graph, wanted, 0, values);
  const cvz_weight *kernel = &graph.weights[node_of(&graph, "conv4_block2_2_conv")->conv.kernel];
  double sum = 0, squares = 0;
  for (size_t i = 0; i < kernel->count; i++) {
    const double value = (double)values[kernel->offset + i];
    sum += value;
    squares += value * value;
  }
  const double variance = 2.0 / (9 * 256), count = (double)kernel->count;
  assert_true(fabs(sum / count) < 5 * sqrt(variance / count));
  assert_true(fabs(squares / count / variance - 1) < 0.01);
  const cvz_affine *affine = &node_of(&graph, "conv4_block2_1_bn")->affine;
  for (size_t i = 0; i < 256; i++) {
    assert_true(values[graph.weights[affine->gamma].offset + i] == 1);
    assert_true(values[graph.weights[affine->variance].offset + i] == 1);
    assert_true(values[graph.weights[affine->beta].offset + i] == 0);
    assert_true(values[graph.weights[affine->mean].offset + i] == 0);
  }
  free(values);
  free(wanted);
  cvz_graph_free(&graph);
}

static void only_wanted_weights_are_written_and_the_seed_changes_them(void **state)
{
  (void)state;
  cvz_graph graph;
  build_untrained(&graph, "VGG16");
  bool *wanted = cvz_array((size_t)graph.weight_count, 1, NULL);
  float *values[3];
  const cvz_weight *first = &graph.weights[0];
  wanted[0] = true;
  for (int i = 0; i < 3; i++) {
    values[i] = calloc(graph.value_count, sizeof **values);
    values[i][graph.weights[1].offset] = 7;
    cvz_untrained_fill(&graph, wanted, (uint64_t)(i == 2), values[i]);
    assert_true(values[i][graph.weights[1].offset] == 7);
  }
  assert_memory_equal(values[0] + first->offset, values[1] + first->offset, first->count * sizeof(float));
  assert_memory_not_equal(values[0] + first->offset, values[2] + first->offset, first->count * sizeof(float));
  for (int i = 0; i < 3; i++) free(values[i]);
  free(wanted);
  cvz_graph_free(&graph);
}

/* After a step from a random start; of the first channel that has a gradient. */
static double gradient_norm(const char *arch, const char *layer)
{
  const cvz_ascent_recipe recipe = {.iterations = 1, .learning_rate = 10, .init_spread = 0.25f};
  network n;
  double norm = 0;
  open_network(&n, arch, layer, 0, 96);
  const size_t count = cvz_shape_count(cvz_plan_image(n.plan));
  for (int channel = 0; channel < 8 && norm == 0; channel++) {
    float loss;
    cvz_ascent ascent;
    cvz_workspace workspace;
    const cvz_shape image = cvz_plan_image(n.plan);
    assert_int_equal(cvz_workspace_create(&workspace, &recipe, image, image, cvz_plan_kernels(n.plan), NULL), CVZ_OK);
    cvz_ascent_begin(&ascent, &workspace, n.run, (cvz_ascent_unit){cvz_hash_text(layer), channel, 0, NULL}, &loss);
    cvz_ascent_step(&ascent);
    cvz_workspace_free(&workspace);
    for (size_t i = 0; i < count; i++) norm += (double)cvz_run_gradient(n.run)[i] * (double)cvz_run_gradient(n.run)[i];
  }
  close_network(&n);
  return sqrt(norm);
}

static void a_step_has_a_gradient(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"ResNet50V2", "conv3_block4_out"},  {"VGG16", "block4_conv3"},
      {"InceptionV3", "mixed4"},           {"DenseNet121", "conv4_block12_concat"},
      {"MobileNetV2", "block_9_add"},      {"Xception", "block8_sepconv2_bn"},
      {"EfficientNetB0", "block5b_add"},   {"InceptionResNetV2", "block17_3_conv"},
      {"NASNetMobile", "normal_concat_1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double norm = gradient_norm(cases[i][0], cases[i][1]);
    if (!(isfinite(norm) && norm > 1e-6)) fail_msg("%s: the norm of the gradient is %g", cases[i][0], norm);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes_follow_from_options_and_inputs),
      cmocka_unit_test(every_architecture_builds),
      cmocka_unit_test(an_unknown_architecture_is_a_usage_error),
      cmocka_unit_test(kernels_have_he_variance_and_batch_norm_is_the_identity),
      cmocka_unit_test(only_wanted_weights_are_written_and_the_seed_changes_them),
      cmocka_unit_test(a_step_has_a_gradient),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
