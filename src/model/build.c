/* A description -> the graph: the same on every rank. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/config.h"
#include "model/derive.h"
#include "model/keras.h"
#include "model/layer.h"
#include "model/preprocess.h"
#include "model/weight.h"

/* What became of a call. */
typedef struct outcome {
  int node;       /* -1 with a problem */
  int rank, axis; /* see cvz_reading */
  int cause;      /* the call where the problem is; -1 if there is none */
  char *problem;  /* of the cause */
} outcome;

typedef struct builder {
  cvz_config config;
  cvz_graph graph;
  outcome *outcomes; /* one a call */
  int keras;         /* major version of the file */
  bool untrained;    /* there is no index of weights: layers get theirs as they are read */
} builder;

static cvz_status set_problem(outcome *o, int call, const char *text, cvz_error *error)
{
  o->node = -1;
  o->cause = call;
  o->problem = cvz_copy_text(text, error);
  return o->problem ? CVZ_OK : CVZ_E_MEMORY;
}

/* True if an input of the call has a problem: then it is the call's too. */
static bool inherit_problem(builder *b, const cvz_config_call *call, outcome *o)
{
  for (int i = 0; i < call->input_count; i++) {
    const outcome *input = &b->outcomes[call->inputs[i]];
    if (input->cause < 0) continue;
    *o = (outcome){.node = -1, .cause = input->cause};
    return true;
  }
  return false;
}

/* The first input is the image. Another one has nothing to show. */
static cvz_status finish_input(builder *b, int call, outcome *o, cvz_error *error)
{
  if (b->graph.input < 0) {
    b->graph.input = o->node;
    return CVZ_OK;
  }
  cvz_error problem;
  cvz_fail(&problem, CVZ_E_UNSUPPORTED, "input '%.200s' is a second input, which is not supported",
           b->config.calls[call].path);
  return set_problem(o, call, problem.text, error);
}

/* A layer's channels are Keras's last axis, or the first one where the layers before it have that. */
static int filter_axis(const cvz_reading *r)
{
  const bool first = r->axis == 1 || (r->input_count && r->axes[0] == 1 && r->ranks[0] == 3 && !r->new_axes);
  return r->channels_first && r->rank == 3 && first ? 1 : r->rank;
}

/* `nodes`, `ranks` and `axes` are the inputs'. */
static cvz_status read_layer(builder *b, int call, const int *nodes, const int *ranks, const int *axes, outcome *o,
                             cvz_error *error)
{
  const cvz_config_call *c = &b->config.calls[call];
  cvz_config_layer *layer = &b->config.layers[c->layer];
  if (b->untrained && c->input_count) CVZ_TRY(cvz_derive_weights(&b->graph, layer, nodes[0], error));
  cvz_reading reading = {.graph = &b->graph,
                         .keras = b->keras,
                         .channels_first = b->config.channels_first,
                         .layer = layer,
                         .call = c,
                         .place = call,
                         .inputs = nodes,
                         .ranks = ranks,
                         .axes = axes,
                         .input_count = c->input_count,
                         .node = -1};
  if (c->input_count) {
    reading.node = nodes[0];
    reading.rank = ranks[0];
    reading.axis = axes[0];
  }
  cvz_status status = reading.layer->problem ? CVZ_E_UNSUPPORTED : cvz_layer_read(&reading, error);
  if (status == CVZ_OK) status = cvz_layer_order(&reading, filter_axis(&reading), error);
  if (status == CVZ_E_UNSUPPORTED)
    return set_problem(o, call, reading.layer->problem ? reading.layer->problem : error->text, error);
  *o = (outcome){.node = reading.node, .rank = reading.rank, .axis = reading.axis, .cause = -1};
  return status;
}

static cvz_status build_call(builder *b, int call, cvz_error *error)
{
  const cvz_config_call *c = &b->config.calls[call];
  const cvz_config_layer *layer = &b->config.layers[c->layer];
  outcome *o = &b->outcomes[call];
  if (inherit_problem(b, c, o)) return CVZ_OK;
  const bool input = !strcmp(layer->class_name, "InputLayer");
  if (c->input_count && (input || layer->nested)) {
    const outcome *inner = &b->outcomes[c->inputs[0]];
    *o = (outcome){.node = inner->node, .rank = inner->rank, .axis = inner->axis, .cause = -1};
    return CVZ_OK;
  }
  int *nodes = cvz_array(3 * (size_t)c->input_count, sizeof(int), error);
  if (!nodes) return CVZ_E_MEMORY;
  int *ranks = nodes + c->input_count, *axes = ranks + c->input_count;
  for (int i = 0; i < c->input_count; i++) {
    nodes[i] = b->outcomes[c->inputs[i]].node;
    ranks[i] = b->outcomes[c->inputs[i]].rank;
    axes[i] = b->outcomes[c->inputs[i]].axis;
  }
  cvz_status status = read_layer(b, call, nodes, ranks, axes, o, error);
  if (status == CVZ_OK && input && o->cause < 0) status = finish_input(b, call, o, error);
  free(nodes);
  return status;
}

/* The layers in the file's order. */
static cvz_status add_layers(builder *b, cvz_error *error)
{
  for (int i = 0; i < b->config.call_count; i++) {
    const cvz_config_call *call = &b->config.calls[i];
    const outcome *o = &b->outcomes[i];
    cvz_error problem;
    if (o->cause == i)
      cvz_fail(&problem, CVZ_E_UNSUPPORTED, "%s", o->problem);
    else if (o->cause >= 0)
      cvz_fail(&problem, CVZ_E_UNSUPPORTED, "layer '%.200s' needs layer '%.200s': %s", call->path,
               b->config.calls[o->cause].path, b->outcomes[o->cause].problem);
    if (cvz_graph_add_layer(&b->graph, call->path, b->config.layers[call->layer].class_name, o->node,
                            o->cause >= 0 ? problem.text : NULL, error) < 0)
      return CVZ_E_MEMORY;
  }
  return CVZ_OK;
}

static cvz_status require_input(const builder *b, cvz_error *error)
{
  if (b->graph.input >= 0) return CVZ_OK;
  for (int i = 0; i < b->config.call_count; i++)
    if (b->outcomes[i].problem && !strcmp(b->config.layers[b->config.calls[i].layer].class_name, "InputLayer"))
      return cvz_fail(error, CVZ_E_UNSUPPORTED, "%s", b->outcomes[i].problem);
  return cvz_fail(error, CVZ_E_UNSUPPORTED, "model '%.200s' has no input layer, expected one for an image",
                  b->config.name);
}

static cvz_status find_weights(builder *b, const json_t *description, cvz_error *error)
{
  const bool strict = json_object_get(description, "arch") != NULL;
  b->untrained = json_is_true(json_object_get(description, "untrained"));
  if (b->untrained) return cvz_derive_begin(&b->config, error);
  const bool by_paths = json_is_true(json_object_get(description, "by_paths"));
  return cvz_weight_match(&b->config, json_object_get(description, "weights"), by_paths, strict, &b->graph, error);
}

static cvz_status build(builder *b, const json_t *description, cvz_error *error)
{
  CVZ_TRY(cvz_config_read(&b->config, json_object_get(description, "config"), error));
  CVZ_TRY(find_weights(b, description, error));
  const char *version = json_string_value(json_object_get(description, "keras_version"));
  b->keras = version && version[0] == '2' ? 2 : 3;
  b->outcomes = cvz_array((size_t)b->config.call_count, sizeof *b->outcomes, error);
  b->graph.name = cvz_copy_text(b->config.name, error);
  if (!b->outcomes || !b->graph.name) return CVZ_E_MEMORY;
  for (int i = 0; i < b->config.call_count; i++) CVZ_TRY(build_call(b, b->config.order[i], error));
  CVZ_TRY(require_input(b, error));
  CVZ_TRY(add_layers(b, error));
  b->graph.preprocess = cvz_preprocess_detect(&b->graph);
  return CVZ_OK;
}

static void free_builder(builder *b)
{
  for (int i = 0; b->outcomes && i < b->config.call_count; i++) free(b->outcomes[i].problem);
  free(b->outcomes);
  cvz_config_free(&b->config);
  cvz_graph_free(&b->graph);
}

cvz_status cvz_keras_build(cvz_graph *graph, const char *description, size_t length, cvz_error *error)
{
  json_error_t place;
  json_t *parsed = json_loadb(description, length, 0, &place);
  CVZ_REQUIRE(parsed, error, CVZ_E_FORMAT, "model description: not JSON at byte %d: %s", place.position, place.text);
  builder b = {.graph.input = -1};
  cvz_error own = {0}; /* readers look at the status in it */
  const cvz_status status = build(&b, parsed, &own);
  if (status == CVZ_OK) {
    *graph = b.graph;
    b.graph = (cvz_graph){0};
  } else if (error) {
    *error = own;
  }
  free_builder(&b);
  json_decref(parsed);
  return status;
}
