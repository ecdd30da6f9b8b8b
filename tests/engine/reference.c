#include <string.h>

#include "reference_case.h"

double reference_at(const reference_map *map, int y, int x, int c)
{
  return *place(map, y, x, c);
}

static reference_map (*const rules[CVZ_OP_COUNT])(const reference_case *) = {
    [CVZ_OP_CONV] = reference_convolution,
    [CVZ_OP_DEPTHWISE] = reference_depthwise,
    [CVZ_OP_AFFINE] = reference_elementwise,
    [CVZ_OP_ACTIVATION] = reference_elementwise,
    [CVZ_OP_SOFTMAX] = reference_softmax,
    [CVZ_OP_MAXPOOL] = reference_pool,
    [CVZ_OP_AVGPOOL] = reference_pool,
    [CVZ_OP_GLOBALAVG] = reference_global_mean,
    [CVZ_OP_PAD] = reference_pad,
    [CVZ_OP_ADD] = reference_merge,
    [CVZ_OP_MULTIPLY] = reference_merge,
    [CVZ_OP_CONCAT] = reference_concatenation,
    [CVZ_OP_RESHAPE] = reference_reshaped,
    [CVZ_OP_TRANSPOSE] = reference_transposed,
    [CVZ_OP_CONVTRANSPOSE] = reference_transposed_convolution,
    [CVZ_OP_NORMALIZE] = reference_normalization,
    [CVZ_OP_BINARY] = reference_merge,
    [CVZ_OP_REDUCE] = reference_reduction,
    [CVZ_OP_RESIZE] = reference_resized,
    [CVZ_OP_PART] = reference_part,
    [CVZ_OP_CONSTANT] = reference_constant,
};

void reference_forward(const cvz_graph *graph, int target, int height, int width, const double *image,
                       const float *weights, reference_map *maps)
{
  memset(maps, 0, (size_t)graph->node_count * sizeof *maps);
  for (int i = 0; i <= target; i++) {
    const reference_case c = {graph, &graph->nodes[i], weights, maps};
    if (i != graph->input) {
      maps[i] = rules[c.node->op](&c);
      continue;
    }
    maps[i] = map_of(height, width, c.node->input.channels);
    memcpy(maps[i].values, image, (size_t)(height * width * maps[i].channels) * sizeof *image);
  }
}

void reference_free(const cvz_graph *graph, reference_map *maps)
{
  for (int i = 0; i < graph->node_count; i++) free(maps[i].values);
}
