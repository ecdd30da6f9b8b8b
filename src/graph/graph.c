#include "graph/graph.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *const op_names[CVZ_OP_COUNT] = {
#define X(NAME, text) [CVZ_OP_##NAME] = text,
#include "graph/ops.def"
#undef X
};

const char *cvz_op_name(cvz_op op)
{
  return op_names[op];
}

size_t cvz_shape_count(cvz_shape shape)
{
  return (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
}

bool cvz_shape_equal(cvz_shape a, cvz_shape b)
{
  return a.rank == b.rank && a.height == b.height && a.width == b.width && a.channels == b.channels;
}

void cvz_shape_text(cvz_shape shape, char *text, size_t bytes)
{
  if (shape.rank == 3)
    snprintf(text, bytes, "(%d, %d, %d)", shape.height, shape.width, shape.channels);
  else if (shape.rank == 2)
    snprintf(text, bytes, "(%d, %d)", shape.height, shape.channels);
  else
    snprintf(text, bytes, "(%d)", shape.channels);
}

static void free_node(cvz_node *node)
{
  free(node->inputs);
  if (node->op == CVZ_OP_OBSERVE) free(node->observe.parts);
  if (node->op != CVZ_OP_AFFINE) return;
  free(node->affine.scale);
  free(node->affine.offset);
}

void cvz_graph_free(cvz_graph *graph)
{
  for (int i = 0; i < graph->node_count; i++) free_node(&graph->nodes[i]);
  for (int i = 0; i < graph->layer_count; i++) {
    free(graph->layers[i].name);
    free(graph->layers[i].class_name);
    free(graph->layers[i].problem);
  }
  for (int i = 0; i < graph->weight_count; i++) free(graph->weights[i].name);
  free(graph->nodes);
  free(graph->layers);
  free(graph->weights);
  free(graph->name);
  *graph = (cvz_graph){0};
}

cvz_input_range cvz_graph_input_range(const cvz_graph *graph)
{
  return cvz_input_range_of(graph->preprocess, graph->nodes[graph->input].input.channels);
}

cvz_status cvz_graph_set_preprocess(cvz_graph *graph, const char *name, cvz_error *error)
{
  const int channels = graph->nodes[graph->input].input.channels;
  cvz_preprocess preprocess;
  CVZ_TRY(cvz_preprocess_from_name(&preprocess, name, error));
  CVZ_REQUIRE(cvz_preprocess_fits(preprocess, channels), error, CVZ_E_USAGE,
              "preprocess: '%s' is for 3 channels, the network's image has %d", name, channels);
  graph->preprocess = preprocess;
  return CVZ_OK;
}

/* Room for one more in an array whose capacity is the power of two, at least 16, that holds `count`. */
static bool room(void **array, int count, size_t size, cvz_error *error)
{
  const bool full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);
  size_t capacity = (size_t)count;
  return !full || cvz_grow(array, &capacity, (size_t)count, size, error) == CVZ_OK;
}

static bool copy_floats(float **copy, const float *values, int count, cvz_error *error)
{
  *copy = NULL;
  if (!values) return true;
  *copy = cvz_array((size_t)count, sizeof(float), error);
  if (!*copy) return false;
  memcpy(*copy, values, (size_t)count * sizeof(float));
  return true;
}

static bool copy_parts(cvz_node *copy, const cvz_node *node, cvz_error *error)
{
  copy->observe.parts = cvz_array((size_t)node->input_count, sizeof(cvz_region), error);
  if (!copy->observe.parts) return false;
  memcpy(copy->observe.parts, node->observe.parts, (size_t)node->input_count * sizeof(cvz_region));
  return true;
}

int cvz_graph_add_node(cvz_graph *graph, const cvz_node *node, cvz_error *error)
{
  if (!room((void **)&graph->nodes, graph->node_count, sizeof *node, error)) return -1;
  cvz_node copy = *node;
  copy.inputs = cvz_array((size_t)node->input_count, sizeof(int), error);
  if (!copy.inputs) return -1;
  for (int i = 0; i < node->input_count; i++) {
    assert(node->inputs[i] >= 0 && node->inputs[i] < graph->node_count);
    copy.inputs[i] = node->inputs[i];
  }
  if (node->op == CVZ_OP_AFFINE) {
    copy.affine.offset = NULL;
    if (!copy_floats(&copy.affine.scale, node->affine.scale, node->affine.constants, error) ||
        !copy_floats(&copy.affine.offset, node->affine.offset, node->affine.constants, error)) {
      free_node(&copy);
      return -1;
    }
  }
  if (node->op == CVZ_OP_OBSERVE && !copy_parts(&copy, node, error)) {
    free_node(&copy);
    return -1;
  }
  graph->nodes[graph->node_count] = copy;
  return graph->node_count++;
}

int cvz_graph_add_layer(cvz_graph *graph, const char *name, const char *class_name, int node, const char *problem,
                        cvz_error *error)
{
  if (!room((void **)&graph->layers, graph->layer_count, sizeof *graph->layers, error)) return -1;
  cvz_layer *layer = &graph->layers[graph->layer_count];
  *layer = (cvz_layer){.node = node};
  layer->name = cvz_copy_text(name, error);
  layer->class_name = cvz_copy_text(class_name, error);
  layer->problem = problem ? cvz_copy_text(problem, error) : NULL;
  if (layer->name && layer->class_name && (layer->problem || !problem)) return graph->layer_count++;
  free(layer->name);
  free(layer->class_name);
  free(layer->problem);
  *layer = (cvz_layer){0};
  return -1;
}

int cvz_graph_add_weight(cvz_graph *graph, const char *name, int rank, const int *dims, cvz_error *error)
{
  if (rank < 0 || rank > CVZ_WEIGHT_RANK)
    return cvz_fail(error, CVZ_E_FORMAT, "weight %s: %d dimensions, expected at most %d", name, rank, CVZ_WEIGHT_RANK),
           -1;
  if (!room((void **)&graph->weights, graph->weight_count, sizeof *graph->weights, error)) return -1;
  cvz_weight *weight = &graph->weights[graph->weight_count];
  *weight = (cvz_weight){.rank = rank, .count = 1, .offset = graph->value_count};
  for (int i = 0; i < rank; i++) {
    weight->dims[i] = dims[i];
    if (dims[i] < 1 || !cvz_size_mul(&weight->count, weight->count, (size_t)dims[i]) || weight->count >> 48)
      return cvz_fail(error, CVZ_E_FORMAT, "weight %s: dimension %d is %d, expected a size that fits memory", name, i,
                      dims[i]),
             -1;
  }
  weight->name = cvz_copy_text(name, error);
  if (!weight->name) return -1;
  graph->value_count += (weight->count + 15) & ~(size_t)15;
  return graph->weight_count++;
}

int cvz_graph_find_layer(const cvz_graph *graph, const char *name)
{
  for (int i = 0; i < graph->layer_count; i++)
    if (!strcmp(graph->layers[i].name, name)) return i;
  return -1;
}

int cvz_graph_before_squash(const cvz_graph *graph, int node)
{
  const cvz_node *n = &graph->nodes[node];
  const bool sigmoid = n->op == CVZ_OP_ACTIVATION && n->activation.function == CVZ_SIGMOID;
  return n->op == CVZ_OP_SOFTMAX || sigmoid ? n->inputs[0] : node;
}

void cvz_graph_needed(const cvz_graph *graph, int target, bool *needed)
{
  memset(needed, 0, (size_t)graph->node_count * sizeof *needed);
  needed[target] = true;
  for (int i = target; i >= 0; i--)
    for (int j = 0; needed[i] && j < graph->nodes[i].input_count; j++) needed[graph->nodes[i].inputs[j]] = true;
}

int cvz_node_weights(const cvz_node *node, int *weights)
{
  int candidates[4] = {CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT};
  if (node->op == CVZ_OP_CONV || node->op == CVZ_OP_DEPTHWISE) {
    candidates[0] = node->conv.kernel;
    candidates[1] = node->conv.bias;
  } else if (node->op == CVZ_OP_AFFINE) {
    candidates[0] = node->affine.gamma;
    candidates[1] = node->affine.beta;
    candidates[2] = node->affine.mean;
    candidates[3] = node->affine.variance;
  } else if (node->op == CVZ_OP_CONVTRANSPOSE) {
    candidates[0] = node->convtranspose.kernel;
  } else if (node->op == CVZ_OP_CONSTANT) {
    candidates[0] = node->constant;
  }
  int count = 0;
  for (int i = 0; i < 4; i++)
    if (candidates[i] != CVZ_NO_WEIGHT) weights[count++] = candidates[i];
  return count;
}

void cvz_graph_consumers(const cvz_graph *graph, const bool *needed, int *consumers)
{
  memset(consumers, 0, (size_t)graph->node_count * sizeof *consumers);
  for (int i = 0; i < graph->node_count; i++)
    for (int j = 0; needed[i] && j < graph->nodes[i].input_count; j++) consumers[graph->nodes[i].inputs[j]]++;
}
