#include "graph/shape.h"

static double pixels(cvz_region region)
{
  return (double)cvz_region_height(region) * cvz_region_width(region);
}

/* Of one node's forward pass; the backward pass to its input costs about the same. */
static double node_flops(const cvz_graph *graph, const cvz_node *node, double outputs)
{
  switch (node->op) {
  case CVZ_OP_CONV:
    return 2 * outputs * ((double)graph->weights[node->conv.kernel].count / node->conv.filters);
  case CVZ_OP_CONVTRANSPOSE:
    return 2 * outputs * ((double)graph->weights[node->convtranspose.kernel].count / node->convtranspose.filters) /
           ((double)node->convtranspose.window.stride[0] * node->convtranspose.window.stride[1]);
  case CVZ_OP_DEPTHWISE:
    return 2 * outputs * node->conv.window.kernel[0] * node->conv.window.kernel[1];
  case CVZ_OP_MAXPOOL:
  case CVZ_OP_AVGPOOL:
    return outputs * node->pool.kernel[0] * node->pool.kernel[1];
  case CVZ_OP_OBSERVE:
    return 0;
  default:
    return outputs;
  }
}

double cvz_graph_flops(const cvz_graph *graph, const cvz_shape *shapes, const cvz_region *regions,
                       const bool *one_channel)
{
  double sum = 0;
  for (int i = 0; i < graph->node_count; i++) {
    const double outputs = pixels(regions[i]) * (one_channel[i] ? 1 : shapes[i].channels);
    if (outputs > 0) sum += 2 * node_flops(graph, &graph->nodes[i], outputs);
  }
  return sum;
}
