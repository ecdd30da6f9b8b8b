#include "engine/fuse.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

bool cvz_fuse_is_clamp(const cvz_activation *activation)
{
  return activation->function == CVZ_RELU && activation->threshold == 0 && activation->negative_slope >= 0 &&
         activation->max_value > 0;
}

/* Everything that the search reads; arrays of node_count. */
typedef struct cvz_fuse_state {
  const cvz_graph *graph;
  const cvz_shape *shapes;
  int target;
  int *only_reader; /* the one node that reads this one's output, else -1 */
  bool *taken;      /* part of an earlier group */
} cvz_fuse_state;

static void find_readers(const cvz_graph *graph, const bool *needed, int *only_reader)
{
  for (int i = 0; i < graph->node_count; i++) only_reader[i] = -1;
  for (int i = 0; i < graph->node_count; i++)
    for (int j = 0; needed[i] && j < graph->nodes[i].input_count; j++) {
      const int from = graph->nodes[i].inputs[j];
      only_reader[from] = only_reader[from] == -1 ? i : -2;
    }
}

/* The node behind `node` if it is the only reader, of that operator, and `node` need not be kept. */
static int follower(const cvz_fuse_state *state, int node, cvz_op op)
{
  const int next = node == state->target ? -1 : state->only_reader[node];
  return next >= 0 && state->graph->nodes[next].op == op ? next : -1;
}

static bool is_convolution(const cvz_node *node)
{
  return node->op == CVZ_OP_CONV || node->op == CVZ_OP_DEPTHWISE;
}

/* Zeros around a map need no map of their own if a convolution or a maximum without padding is all that reads them. */
static int padded_reader(const cvz_fuse_state *state, int node)
{
  const cvz_node *nodes = state->graph->nodes;
  const int next = node == state->target ? -1 : state->only_reader[node];
  const cvz_pad *pad = &nodes[node].pad;
  const bool grows = pad->top >= 0 && pad->bottom >= 0 && pad->left >= 0 && pad->right >= 0;
  if (next < 0 || !grows) return -1;
  if (nodes[next].op == CVZ_OP_MAXPOOL) return nodes[next].pool.padding == CVZ_VALID ? next : -1;
  if (!is_convolution(&nodes[next]) || nodes[next].conv.window.padding != CVZ_VALID) return -1;
  return state->graph->weights[nodes[next].conv.kernel].rank == 4 ? next : -1;
}

/* The sum of two maps joins the later of the two, so that both are there when it is made. */
static void join_sum(const cvz_fuse_state *state, cvz_fusion *fusion)
{
  const int next = follower(state, fusion->output, CVZ_OP_ADD);
  if (next < 0 || state->graph->nodes[next].input_count != 2) return;
  const int *inputs = state->graph->nodes[next].inputs;
  const int other = inputs[0] == fusion->output ? inputs[1] : inputs[0];
  const cvz_shape *shapes = state->shapes;
  if (other >= fusion->output || !cvz_shape_equal(shapes[other], shapes[fusion->output])) return;
  fusion->residual = other;
  fusion->output = next;
}

static void join_clamp(const cvz_fuse_state *state, cvz_fusion *fusion)
{
  const int next = follower(state, fusion->output, CVZ_OP_ACTIVATION);
  const cvz_activation *activation = next < 0 ? NULL : &state->graph->nodes[next].activation;
  if (!activation || !cvz_fuse_is_clamp(activation)) return;
  fusion->clamp = (cvz_clamp){activation->negative_slope, activation->max_value};
  fusion->clamps = true;
  fusion->output = next;
}

static cvz_fusion group(const cvz_fuse_state *state, int root)
{
  const cvz_node *nodes = state->graph->nodes;
  cvz_fusion fusion = {root, -1, -1, -1, {1, INFINITY}, false, root};
  if (nodes[root].op == CVZ_OP_PAD) {
    const int reader = padded_reader(state, root);
    if (reader < 0) return fusion;
    fusion.pad = root;
    fusion.root = fusion.output = reader;
  }
  const cvz_op op = nodes[fusion.root].op;
  if ((is_convolution(&nodes[fusion.root]) || op == CVZ_OP_NORMALIZE) &&
      (fusion.affine = follower(state, fusion.root, CVZ_OP_AFFINE)) >= 0)
    fusion.output = fusion.affine;
  if (op == CVZ_OP_CONV) join_sum(state, &fusion);
  if (is_convolution(&nodes[fusion.root]) || op == CVZ_OP_AFFINE || op == CVZ_OP_ADD) join_clamp(state, &fusion);
  return fusion;
}

static void take(bool *taken, const cvz_graph *graph, const cvz_fusion *fusion)
{
  taken[fusion->root] = taken[fusion->output] = true;
  if (fusion->affine >= 0) taken[fusion->affine] = true;
  if (fusion->residual >= 0) taken[fusion->clamps ? graph->nodes[fusion->output].inputs[0] : fusion->output] = true;
}

static int by_output(const void *a, const void *b)
{
  const cvz_fusion *left = a, *right = b;
  return (left->output > right->output) - (left->output < right->output);
}

cvz_status cvz_fuse(const cvz_graph *graph, const cvz_shape *shapes, const bool *needed, int target,
                    cvz_fusion *fusions, int *count, cvz_error *error)
{
  cvz_fuse_state state = {graph, shapes, target, cvz_array((size_t)graph->node_count, sizeof(int), error),
                          cvz_array((size_t)graph->node_count, sizeof(bool), error)};
  *count = 0;
  if (state.only_reader && state.taken) {
    find_readers(graph, needed, state.only_reader);
    for (int i = 0; i < graph->node_count; i++) {
      if (!needed[i] || state.taken[i] || graph->nodes[i].op == CVZ_OP_INPUT) continue;
      const cvz_fusion fusion = group(&state, i);
      take(state.taken, graph, &fusion);
      fusions[(*count)++] = fusion;
    }
    qsort(fusions, (size_t)*count, sizeof *fusions, by_output);
  }
  free(state.only_reader);
  free(state.taken);
  return state.only_reader && state.taken ? CVZ_OK : CVZ_E_MEMORY;
}
