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

static cvz_fusion group(const cvz_fuse_state *state, int root)
{
  const cvz_node *nodes = state->graph->nodes;
  const cvz_op op = nodes[root].op;
  cvz_fusion fusion = {.root = root, .affine = -1, .clamp = {1, INFINITY}, .output = root};
  const bool convolution = op == CVZ_OP_CONV || op == CVZ_OP_DEPTHWISE;
  if (convolution && (fusion.affine = follower(state, root, CVZ_OP_AFFINE)) >= 0) fusion.output = fusion.affine;
  if (!convolution && op != CVZ_OP_AFFINE && op != CVZ_OP_ADD) return fusion;
  const int next = follower(state, fusion.output, CVZ_OP_ACTIVATION);
  if (next < 0 || !cvz_fuse_is_clamp(&nodes[next].activation)) return fusion;
  fusion.clamp = (cvz_clamp){nodes[next].activation.negative_slope, nodes[next].activation.max_value};
  fusion.clamps = true;
  fusion.output = next;
  return fusion;
}

static int by_output(const void *a, const void *b)
{
  const cvz_fusion *left = a, *right = b;
  return (left->output > right->output) - (left->output < right->output);
}

cvz_status cvz_fuse(const cvz_graph *graph, const bool *needed, int target, cvz_fusion *fusions, int *count,
                    cvz_error *error)
{
  cvz_fuse_state state = {graph, target, cvz_array((size_t)graph->node_count, sizeof(int), error),
                          cvz_array((size_t)graph->node_count, sizeof(bool), error)};
  *count = 0;
  if (state.only_reader && state.taken) {
    find_readers(graph, needed, state.only_reader);
    for (int i = 0; i < graph->node_count; i++) {
      if (!needed[i] || state.taken[i] || graph->nodes[i].op == CVZ_OP_INPUT) continue;
      const cvz_fusion fusion = group(&state, i);
      if (fusion.affine >= 0) state.taken[fusion.affine] = true;
      state.taken[fusion.output] = true;
      fusions[(*count)++] = fusion;
    }
    qsort(fusions, (size_t)*count, sizeof *fusions, by_output);
  }
  free(state.only_reader);
  free(state.taken);
  return state.only_reader && state.taken ? CVZ_OK : CVZ_E_MEMORY;
}
