#include "graph/shape.h"

static double pixels(cvz_region region)
{
  return (double)cvz_region_height(region) * cvz_region_width(region);
}

double cvz_node_flops(const cvz_graph *graph, int node_index, const cvz_shape *shapes, const cvz_region *regions)
{
  const cvz_node *node = &graph->nodes[node_index];
  const double outputs = pixels(regions[node_index]) * shapes[node_index].channels;
  switch (node->op) {
  case CVZ_OP_CONV:
    return 2 * outputs * ((double)graph->weights[node->conv.kernel].count / node->conv.filters);
  case CVZ_OP_DEPTHWISE:
    return 2 * outputs * node->conv.window.kernel[0] * node->conv.window.kernel[1];
  case CVZ_OP_MAXPOOL:
  case CVZ_OP_AVGPOOL:
    return outputs * node->pool.kernel[0] * node->pool.kernel[1];
  default:
    return outputs;
  }
}

double cvz_graph_flops(const cvz_graph *graph, const cvz_shape *shapes, const cvz_region *regions)
{
  double sum = 0;
  for (int i = 0; i < graph->node_count; i++)
    if (regions[i].y0 != regions[i].y1) sum += 2 * cvz_node_flops(graph, i, shapes, regions);
  return sum;
}
