#include "job/size.h"

#include <stdlib.h>

#include "job/cost.h"
#include "job/select.h"

/* The size of the file's input; zero where it is free. */
static cvz_size fixed_size(const cvz_graph *graph)
{
  const cvz_shape input = graph->nodes[graph->input].input;
  return (cvz_size){input.height, input.width};
}

static bool is_fixed(cvz_size size)
{
  return size.height && size.width;
}

/* Whether the node can be computed from an image of that size. */
static bool possible(const cvz_graph *graph, int node, cvz_size size)
{
  cvz_shape shape;
  return cvz_cost_shape_of(graph, node, size.height, size.width, &shape, NULL) == CVZ_OK;
}

cvz_status cvz_size_settle(cvz_size *size, const cvz_graph *graph, const cvz_options *options, cvz_error *error)
{
  const cvz_size fixed = fixed_size(graph);
  cvz_choice *choices;
  int count;
  *size = options->size;
  if (options->origin[CVZ_OPTION_size] > CVZ_ORIGIN_RECIPE || !is_fixed(fixed) || !options->layer) return CVZ_OK;
  CVZ_TRY(cvz_select_layers(&choices, &count, graph, options->layer, error));
  for (int i = 0; i < count; i++) {
    const int node = graph->layers[choices[i].layer].node;
    if (node < 0 || !choices[i].vectors || possible(graph, node, options->size)) continue;
    if (possible(graph, node, fixed)) *size = fixed;
  }
  free(choices);
  return CVZ_OK;
}

cvz_status cvz_size_explain(const cvz_graph *graph, const cvz_layer *layer, const cvz_size *size, cvz_status status,
                            cvz_error *error)
{
  const cvz_size fixed = fixed_size(graph);
  if (status != CVZ_E_FORMAT || !is_fixed(fixed) || !possible(graph, layer->node, fixed)) return status;
  return cvz_fail(error, CVZ_E_USAGE, "size: %d x %d, expected %d x %d: a Flatten or Dense before layer '%s' fixes it",
                  size->height, size->width, fixed.height, fixed.width, layer->name);
}
