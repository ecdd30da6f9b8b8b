/* tests/ascent/tiny.h: the smallest network that an ascent runs on: one 1 x 1 convolution of two filters, of which a
 * test chooses the weights, with a clamp behind it. */
#ifndef CVZ_TESTS_TINY_H
#define CVZ_TESTS_TINY_H

#include <math.h>

#include "ascent/ascent.h"
#include "base/memory.h"

typedef struct tiny {
  cvz_graph graph;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_block memory, arena;
} tiny;

/** Filter k is (weights[0][k], weights[1][k], weights[2][k]) of the image's three channels, with a bias.
 *  @param max  of the ReLU behind it */
static inline void tiny_create(tiny *t, int height, int width, const float weights[3][2], const float bias[2],
                               float max)
{
  *t = (tiny){0};
  const cvz_node input = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, 3}};
  assert_int_equal(cvz_graph_add_layer(&t->graph, "layer", "Conv2D", 2, NULL, NULL), 0);
  assert_int_equal(cvz_graph_add_node(&t->graph, &input, NULL), 0);
  const cvz_conv conv = {{{1, 1}, {1, 1}, {1, 1}, CVZ_VALID}, 2, 1, 0, 1};
  const cvz_node convolution = {.op = CVZ_OP_CONV, .inputs = (int[]){0}, .input_count = 1, .conv = conv};
  const cvz_node clamp = {
      .op = CVZ_OP_ACTIVATION, .inputs = (int[]){1}, .input_count = 1, .activation = {CVZ_RELU, 0, max, 0}};
  assert_int_equal(cvz_graph_add_weight(&t->graph, "layer/kernel", 4, (int[]){1, 1, 3, 2}, NULL), 0);
  assert_int_equal(cvz_graph_add_weight(&t->graph, "layer/bias", 1, (int[]){2}, NULL), 1);
  assert_int_equal(cvz_graph_add_node(&t->graph, &convolution, NULL), 1);
  assert_int_equal(cvz_graph_add_node(&t->graph, &clamp, NULL), 2);
  float values[32] = {0};
  for (int k = 0; k < 2; k++) {
    for (int c = 0; c < 3; c++) values[t->graph.weights[0].offset + (size_t)(2 * c + k)] = weights[c][k];
    values[t->graph.weights[1].offset + (size_t)k] = bias[k];
  }
  cvz_plan_request request = {2, 0, true, height, width, NULL, NULL};
  assert_int_equal(cvz_kernels_select(&request.kernels, CVZ_ISA_PORTABLE, NULL), CVZ_OK);
  assert_int_equal(cvz_packs_create(&t->packs, &t->graph, cvz_gemm_openblas(), NULL), CVZ_OK);
  assert_int_equal(cvz_plan_create(&t->plan, &t->graph, &request, t->packs, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&t->memory, cvz_packs_layout(t->packs) * sizeof(float), NULL), CVZ_OK);
  cvz_packs_bind(t->packs, t->memory.data);
  assert_int_equal(cvz_packs_fill(t->packs, values, 0, 1, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&t->arena, cvz_plan_arena(t->plan) * sizeof(float), NULL), CVZ_OK);
  assert_int_equal(cvz_run_create(&t->run, t->plan, t->arena.data, NULL), CVZ_OK);
}

static inline void tiny_free(tiny *t)
{
  cvz_run_free(t->run);
  cvz_plan_free(t->plan);
  cvz_packs_free(t->packs);
  cvz_block_free(&t->arena);
  cvz_block_free(&t->memory);
  cvz_graph_free(&t->graph);
}

#endif
