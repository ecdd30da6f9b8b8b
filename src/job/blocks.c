#include "job/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Notes on the nodes that the last layer needs. */
typedef struct notes {
  const cvz_graph *graph;
  int last;       /* node */
  bool *needed;   /* node_count */
  int *consumers; /* node_count */
  bool *passed;   /* node_count: every path goes through it */
} notes;

int cvz_blocks_last(const cvz_graph *graph)
{
  int last = -1;
  for (int i = 0; i < graph->layer_count; i++) {
    const int node = graph->layers[i].node;
    if (node >= 0 && node != graph->input && (last < 0 || node >= graph->layers[last].node)) last = i;
  }
  return last;
}

/* Nodes are in topological order: a path leaves a node out if, and only if, an edge leads over it. */
static void find_passed(notes *n)
{
  int farthest = n->graph->input;
  int *reach = n->consumers; /* before it counts: the farthest reader of each node */
  for (int i = 0; i <= n->last; i++) reach[i] = -1;
  for (int i = 0; i <= n->last; i++)
    for (int j = 0; n->needed[i] && j < n->graph->nodes[i].input_count; j++) reach[n->graph->nodes[i].inputs[j]] = i;
  for (int i = n->graph->input; i <= n->last; i++) {
    if (!n->needed[i]) continue;
    n->passed[i] = farthest <= i;
    if (reach[i] > farthest) farthest = reach[i];
  }
  cvz_graph_consumers(n->graph, n->needed, n->consumers);
}

static bool joins(const notes *n, int node)
{
  const cvz_node *at = &n->graph->nodes[node];
  return at->input_count > 1 && at->op != CVZ_OP_MULTIPLY && n->passed[node];
}

/* A gate is no block: what multiplies the branches again. */
static bool opens_gate(const notes *n, int node)
{
  for (int i = node + 1; i <= n->last; i++)
    if (n->needed[i] && n->passed[i]) return n->graph->nodes[i].op == CVZ_OP_MULTIPLY;
  return false;
}

static bool parts(const notes *n, int node)
{
  const cvz_op op = n->graph->nodes[node].op;
  const bool computes = op == CVZ_OP_CONV || op == CVZ_OP_DEPTHWISE || op == CVZ_OP_AFFINE;
  return computes && n->consumers[node] > 1 && n->passed[node] && !opens_gate(n, node);
}

static bool shrinks(const cvz_node *node)
{
  switch (node->op) {
  case CVZ_OP_CONV:
  case CVZ_OP_DEPTHWISE:
    return node->conv.window.stride[0] > 1 || node->conv.window.stride[1] > 1;
  case CVZ_OP_MAXPOOL:
  case CVZ_OP_AVGPOOL:
    return node->pool.stride[0] > 1 || node->pool.stride[1] > 1;
  default:
    return node->op == CVZ_OP_GLOBALAVG;
  }
}

/* The only reader of a node's output, -1 if there are none or several. */
static int only_reader(const notes *n, int node)
{
  if (n->consumers[node] != 1) return -1;
  for (int i = node + 1; i <= n->last; i++)
    for (int j = 0; n->needed[i] && j < n->graph->nodes[i].input_count; j++)
      if (n->graph->nodes[i].inputs[j] == node) return i;
  return -1;
}

/* With the activation that follows directly. */
static int with_activation(const notes *n, int node)
{
  const int next = only_reader(n, node);
  return next >= 0 && n->graph->nodes[next].op == CVZ_OP_ACTIVATION ? next : node;
}

/* The layers of which a node is the output: the first, as those behind it change nothing. */
static void choose(const notes *n, int node, bool *chosen)
{
  for (int i = 0; i < n->graph->layer_count; i++)
    if (n->graph->layers[i].node == node && node != n->graph->input) {
      chosen[i] = true;
      return;
    }
}

static void choose_joints(const notes *n, bool *chosen)
{
  for (int i = 0; i <= n->last; i++) {
    if (!n->needed[i]) continue;
    if (joins(n, i))
      choose(n, with_activation(n, i), chosen);
    else if (parts(n, i))
      choose(n, i, chosen);
  }
}

static void choose_concatenations(const notes *n, bool *chosen)
{
  for (int i = 0; i <= n->last; i++)
    if (n->needed[i] && n->graph->nodes[i].op == CVZ_OP_CONCAT) choose(n, i, chosen);
}

/* Borders belong to what shrinks the map. */
static int before_borders(const notes *n, int node)
{
  while (n->graph->nodes[node].op == CVZ_OP_PAD) node = n->graph->nodes[node].inputs[0];
  return node;
}

static void choose_stages(const notes *n, bool *chosen)
{
  bool shrunk = false;
  for (int i = 0; i <= n->last; i++) {
    if (!n->needed[i] || !shrinks(&n->graph->nodes[i])) continue;
    choose(n, before_borders(n, n->graph->nodes[i].inputs[0]), chosen);
    shrunk = n->graph->nodes[i].op == CVZ_OP_GLOBALAVG;
  }
  if (!shrunk) choose(n, n->last, chosen);
}

static void choose_outputs(const notes *n, bool *chosen)
{
  int joints = 0, concatenations = 0;
  for (int i = 0; i <= n->last; i++) {
    joints += n->needed[i] && joins(n, i);
    concatenations += n->needed[i] && n->graph->nodes[i].op == CVZ_OP_CONCAT;
  }
  if (concatenations > 2 * joints)
    choose_concatenations(n, chosen);
  else if (joints)
    choose_joints(n, chosen);
  else
    choose_stages(n, chosen);
}

cvz_status cvz_blocks_outputs(const cvz_graph *graph, bool *chosen, cvz_error *error)
{
  const int last = cvz_blocks_last(graph);
  const size_t count = (size_t)graph->node_count;
  notes n = {.graph = graph, .last = last < 0 ? -1 : graph->layers[last].node};
  cvz_status status = CVZ_E_MEMORY;
  n.needed = cvz_array(count, sizeof *n.needed, error);
  n.consumers = cvz_array(count, sizeof *n.consumers, error);
  n.passed = cvz_array(count, sizeof *n.passed, error);
  if (n.needed && n.consumers && n.passed) {
    status = CVZ_OK;
    memset(chosen, 0, (size_t)graph->layer_count * sizeof *chosen);
    if (last >= 0) {
      cvz_graph_needed(graph, n.last, n.needed);
      find_passed(&n);
      choose_outputs(&n, chosen);
    }
  }
  free(n.needed);
  free(n.consumers);
  free(n.passed);
  return status;
}
