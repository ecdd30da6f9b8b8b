/* tests/model/network.h: a network with random weights, ready to run; for tests of several rooms. */
#ifndef CVZ_TESTS_NETWORK_H
#define CVZ_TESTS_NETWORK_H

#include <stdlib.h>

#include "base/memory.h"
#include "engine/run.h"
#include "kernel/gemm.h"
#include "model/keras.h"
#include "model/untrained.h"

typedef struct network {
  cvz_graph graph;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_block values, packed, arena;
} network;

static inline void build_untrained(cvz_graph *graph, const char *arch)
{
  cvz_text description = {0};
  cvz_error error = {0};
  cvz_status status = cvz_untrained_describe(arch, &description, &error);
  if (status == CVZ_OK) status = cvz_keras_build(graph, description.data, description.length, &error);
  cvz_text_free(&description);
  if (status != CVZ_OK) fail_msg("%s: %s", arch, error.text);
}

static inline void fill_network(network *n)
{
  bool *wanted = cvz_array((size_t)n->graph.weight_count, 1, NULL);
  cvz_packs_wanted(n->packs, wanted);
  assert_int_equal(cvz_block_create(&n->values, n->graph.value_count * sizeof(float), NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&n->packed, cvz_packs_layout(n->packs) * sizeof(float), NULL), CVZ_OK);
  cvz_untrained_fill(&n->graph, wanted, 0, n->values.data);
  cvz_packs_bind(n->packs, n->packed.data);
  assert_int_equal(cvz_packs_fill(n->packs, n->values.data, 0, 1, NULL), CVZ_OK);
  free(wanted);
}

/* Plans one channel of a layer, `border` pixels of whose map are left out, for a square image. */
static inline void open_network(network *n, const char *arch, const char *layer, int border, int size)
{
  *n = (network){0};
  build_untrained(&n->graph, arch);
  const int index = cvz_graph_find_layer(&n->graph, layer);
  if (index < 0) fail_msg("%s has no layer %s", arch, layer);
  cvz_plan_request request = {
      .target = n->graph.layers[index].node, .border = border, .one_channel = true, .height = size, .width = size};
  assert_int_equal(cvz_kernels_select(&request.kernels, cvz_cpu_isa(), NULL), CVZ_OK);
  assert_int_equal(cvz_packs_create(&n->packs, &n->graph, cvz_gemm_openblas(), NULL), CVZ_OK);
  assert_int_equal(cvz_plan_create(&n->plan, &n->graph, &request, n->packs, NULL), CVZ_OK);
  fill_network(n);
  assert_int_equal(cvz_block_create(&n->arena, cvz_plan_arena(n->plan) * sizeof(float), NULL), CVZ_OK);
  assert_int_equal(cvz_run_create(&n->run, n->plan, n->arena.data, NULL), CVZ_OK);
}

static inline void close_network(network *n)
{
  cvz_run_free(n->run);
  cvz_plan_free(n->plan);
  cvz_packs_free(n->packs);
  cvz_block_free(&n->arena);
  cvz_block_free(&n->packed);
  cvz_block_free(&n->values);
  cvz_graph_free(&n->graph);
}

#endif
