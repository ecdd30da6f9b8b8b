#include "model/derive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/shape.h"
#include "model/layer.h"
#include "model/option.h"

#define FREE_SIDE 299 /* of an image whose size the network leaves free: no map of keras.applications vanishes */

cvz_status cvz_derive_begin(cvz_config *config, cvz_error *error)
{
  bool known;
  for (int i = 0; i < config->layer_count; i++) {
    CVZ_TRY(cvz_layer_slots(&config->layers[i], &known, error));
    config->layers[i].weights[0] = CVZ_NO_WEIGHT;
  }
  return CVZ_OK;
}

static cvz_status channels_of(const cvz_graph *graph, int node, int *channels, cvz_error *error)
{
  const size_t nodes = (size_t)graph->node_count;
  const cvz_shape image = graph->nodes[graph->input].input;
  bool *needed = cvz_array(nodes, sizeof *needed, error);
  cvz_shape *shapes = cvz_array(nodes, sizeof *shapes, error);
  cvz_status status = CVZ_E_MEMORY;
  if (needed && shapes) {
    cvz_graph_needed(graph, node, needed);
    status = cvz_graph_shapes(graph, needed, image.height ? image.height : FREE_SIDE,
                              image.width ? image.width : FREE_SIDE, shapes, error);
    *channels = shapes[node].channels;
  }
  free(shapes);
  free(needed);
  return status;
}

/* What a 0 among a slot's dimensions stands for. */
static cvz_status missing_dimension(const cvz_config_layer *layer, const cvz_slot *slot, int channels, int *missing,
                                    cvz_error *error)
{
  int groups = 1;
  *missing = channels;
  if (strcmp(slot->name, "kernel")) return CVZ_OK;
  CVZ_TRY(cvz_option_int(layer, "groups", 1, &groups, error));
  if (channels % groups) return cvz_option_fail(layer, "groups", CVZ_E_FORMAT, "a divisor of the channels", error);
  *missing = channels / groups;
  return CVZ_OK;
}

static cvz_status add_slot(cvz_graph *graph, cvz_config_layer *layer, int index, int channels, cvz_error *error)
{
  const cvz_slot *slot = &layer->slots[index];
  int dims[CVZ_WEIGHT_RANK], missing;
  char name[512];
  CVZ_TRY(missing_dimension(layer, slot, channels, &missing, error));
  for (int i = 0; i < slot->rank; i++) dims[i] = slot->dims[i] ? slot->dims[i] : missing;
  snprintf(name, sizeof name, "%.255s/%s", layer->path, slot->name);
  layer->weights[index] = cvz_graph_add_weight(graph, name, slot->rank, dims, error);
  return layer->weights[index] < 0 ? error->status : CVZ_OK;
}

cvz_status cvz_derive_weights(cvz_graph *graph, cvz_config_layer *layer, int node, cvz_error *error)
{
  int channels;
  if (!layer->slot_count || layer->weights[0] != CVZ_NO_WEIGHT) return CVZ_OK;
  CVZ_TRY(channels_of(graph, node, &channels, error));
  for (int i = 0; i < layer->slot_count; i++) {
    CVZ_TRY(add_slot(graph, layer, i, channels, error));
    /* What comes after a depthwise convolution sees its outputs. */
    if (!strcmp(layer->slots[i].name, "depthwise_kernel")) channels *= layer->slots[i].dims[3];
  }
  return CVZ_OK;
}
