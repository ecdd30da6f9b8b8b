#include "site/network.h"

#include <stdlib.h>

#include "store/json.h"

static bool has(const json_t *list, int value)
{
  const json_t *item;
  size_t i;
  json_array_foreach(list, i, item) if (json_integer_value(item) == value) return true;
  return false;
}

static bool add_input(json_t *inputs, int layer, int input)
{
  return input == layer || has(inputs, input) || !json_array_append_new(inputs, json_integer(input));
}

/* The layers whose outputs a layer's nodes read. A layer without a node of its own hands on what another has made. */
static json_t *inputs_json(const cvz_graph *graph, int layer)
{
  json_t *inputs = json_array();
  const int own = graph->layers[layer].node;
  bool complete = own < 0 || add_input(inputs, layer, graph->nodes[own].layer);
  for (int i = 0; i < graph->node_count; i++) {
    const cvz_node *node = &graph->nodes[i];
    if (node->layer != layer || node->op == CVZ_OP_OBSERVE) continue;
    for (int k = 0; k < node->input_count; k++)
      complete &= add_input(inputs, layer, graph->nodes[node->inputs[k]].layer);
  }
  if (complete) return inputs;
  json_decref(inputs);
  return NULL;
}

static bool add_layer(json_t *network, const cvz_graph *graph, int layer)
{
  json_t *json = json_object();
  bool complete = !json_object_set_new(json, "name", cvz_json_text(graph->layers[layer].name));
  complete &= !json_object_set_new(json, "class", cvz_json_text(graph->layers[layer].class_name));
  complete &= !json_object_set_new(json, "inputs", inputs_json(graph, layer));
  complete &= !json_array_append_new(network, json);
  return complete;
}

cvz_status cvz_network_json(const cvz_graph *graph, cvz_text *text, cvz_error *error)
{
  json_t *network = json_array();
  bool complete = true;
  for (int i = 0; i < graph->layer_count; i++) complete &= add_layer(network, graph, i);
  char *made = complete ? json_dumps(network, JSON_COMPACT) : NULL;
  if (made)
    cvz_text_add(text, "%s", made);
  else
    text->failed = 1;
  free(made);
  json_decref(network);
  return cvz_text_check(text, error);
}
