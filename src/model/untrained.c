#include "model/untrained.h"

#include <math.h>

#include "base/hash.h"
#include "base/random.h"
#include "model/architecture.h"

cvz_status cvz_untrained_describe(const char *arch, cvz_text *description, cvz_error *error)
{
  cvz_text config = {0};
  cvz_status status = cvz_architecture_json(arch, false, &config, error);
  if (status == CVZ_OK) {
    cvz_text_add(description, "{\"untrained\": true, \"config\": %s}", config.data);
    status = cvz_text_check(description, error);
  }
  cvz_text_free(&config);
  return status;
}

/* Sums of four uniform numbers: bell-shaped, and without a logarithm that differs from one C library to the next. */
static void fill_kernel(const cvz_weight *weight, size_t inputs, uint64_t seed, float *values)
{
  const cvz_random random = cvz_random_stream(seed, cvz_hash_text(weight->name), 0, 0, CVZ_PURPOSE_WEIGHTS, 0);
  const float deviation = (float)sqrt(2.0 / (double)inputs), of_sum = (float)sqrt(4.0 / 12.0);
  for (size_t i = 0; i < weight->count; i++) {
    float u[4];
    cvz_random_uniform(&random, 4 * i, 4, u);
    values[i] = (u[0] + u[1] + u[2] + u[3] - 2.0f) * (deviation / of_sum);
  }
}

static void fill_ones(const cvz_weight *weight, float *values)
{
  for (size_t i = 0; i < weight->count; i++) values[i] = 1;
}

static void fill_zeros(const cvz_weight *weight, float *values)
{
  for (size_t i = 0; i < weight->count; i++) values[i] = 0;
}

/* Elements of a kernel that one output sums over. */
static size_t inputs_of(const cvz_graph *graph, const cvz_node *node)
{
  const cvz_weight *kernel = &graph->weights[node->conv.kernel];
  if (node->op == CVZ_OP_DEPTHWISE) return (size_t)kernel->dims[0] * (size_t)kernel->dims[1];
  return kernel->count / (size_t)node->conv.filters;
}

void cvz_untrained_fill(const cvz_graph *graph, const bool *wanted, uint64_t seed, float *values)
{
  for (int i = 0; i < graph->node_count; i++) {
    const cvz_node *node = &graph->nodes[i];
    const bool convolution = node->op == CVZ_OP_CONV || node->op == CVZ_OP_DEPTHWISE;
    int weights[4];
    const int count = cvz_node_weights(node, weights);
    for (int j = 0; j < count; j++) {
      const cvz_weight *weight = &graph->weights[weights[j]];
      if (!wanted[weights[j]]) continue;
      if (convolution && weights[j] == node->conv.kernel)
        fill_kernel(weight, inputs_of(graph, node), seed, values + weight->offset);
      else if (!convolution && (weights[j] == node->affine.gamma || weights[j] == node->affine.variance))
        fill_ones(weight, values + weight->offset);
      else
        fill_zeros(weight, values + weight->offset);
    }
  }
}
