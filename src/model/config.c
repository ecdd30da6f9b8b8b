#include "model/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define CALLS_MAX 65536 /* a model that calls itself often, level in level, grows by powers */
#define DEPTH_MAX 16

/* A tensor as the configuration names it. */
typedef struct reference {
  const char *layer;
  json_int_t node, tensor;
  bool counted; /* a Functional model's own first node counts: so in Keras 2, and in Keras 3's output_layers */
} reference;

typedef struct references {
  reference *items;
  int count;
  size_t capacity;
  int constants;
  double constant;
  bool constant_first;
  bool odd;
} references;

/* A call of one layer of a scope; a nested model's inputs are calls inside it. */
typedef struct placed {
  int call;
  int *inputs;
  int input_count;
} placed;

/* The layers of one model while it is opened up. */
typedef struct scope {
  const json_t *object, *layers; /* of the model and its list of layers */
  const char *prefix;            /* of paths, "inner/" */
  bool sequential;
  bool trainable;
  int model;     /* the layer that it is; -1 for the whole model */
  int outermost; /* the same of the outermost model that is a layer */
  int depth;
  int *next;      /* the layer object that comes next; those of a second call exist already */
  json_t *names;  /* name -> index of the layer */
  int *starts;    /* index of the layer -> its first entry in placed */
  placed *placed; /* layer by layer, call by call */
  int placed_count;
  size_t placed_capacity;
} scope;

static cvz_status open_scope(cvz_config *config, scope *s, int **inputs, int *input_count, int **outputs,
                             int *output_count, cvz_error *error);

static const json_t *options_of(const json_t *object)
{
  return json_object_get(object, "config");
}

static const json_t *layers_of(const json_t *object)
{
  const json_t *options = options_of(object);
  return json_is_array(options) ? options : json_object_get(options, "layers");
}

/* "Custom>Name" is a registered name; its package says nothing here. */
static const char *class_of(const json_t *object)
{
  const char *name = json_string_value(json_object_get(object, "class_name"));
  const char *package = name ? strrchr(name, '>') : NULL;
  return package ? package + 1 : name;
}

static const char *name_of(const json_t *object)
{
  const char *name = json_string_value(json_object_get(object, "name"));
  return name ? name : json_string_value(json_object_get(options_of(object), "name"));
}

static bool is_sequential(const json_t *object)
{
  const char *name = class_of(object);
  return (name && !strcmp(name, "Sequential")) || !json_object_get(options_of(object), "output_layers");
}

/* By the options and not by the class: a registered subclass of a Functional model is one too. */
static bool is_model(const json_t *object)
{
  const char *name = class_of(object);
  if (!json_is_array(layers_of(object)) || !name) return false;
  return !strcmp(name, "Sequential") || json_object_get(options_of(object), "output_layers");
}

/* ---- References to tensors */

static bool is_reference(const json_t *value)
{
  return json_is_string(json_array_get(value, 0)) && json_is_integer(json_array_get(value, 1)) &&
         json_is_number(json_array_get(value, 2));
}

static cvz_status collect(references *found, const json_t *value, cvz_error *error);

static void add_constant(references *found, const json_t *value)
{
  found->constants++;
  found->constant = json_number_value(value);
  found->constant_first = found->constant_first || found->count == 0;
}

/* ["layer", 0, 0, {"y": ...}]: Keras 2 has the second operand of a TensorFlow function among the named arguments. */
static cvz_status add_operand(references *found, const json_t *list, cvz_error *error)
{
  const json_t *operand = json_object_get(json_array_get(list, 3), "y");
  return json_is_number(operand) || json_is_array(operand) ? collect(found, operand, error) : CVZ_OK;
}

static cvz_status add_reference(references *found, const json_t *list, bool counted, cvz_error *error)
{
  const char *layer = json_string_value(json_array_get(list, 0));
  if (!strcmp(layer, "_CONSTANT_VALUE")) {
    add_constant(found, json_array_get(list, 2));
    return add_operand(found, list, error);
  }
  CVZ_TRY(cvz_grow((void **)&found->items, &found->capacity, (size_t)found->count, sizeof *found->items, error));
  found->items[found->count++] = (reference){layer, json_integer_value(json_array_get(list, 1)),
                                             json_integer_value(json_array_get(list, 2)), counted};
  return counted ? add_operand(found, list, error) : CVZ_OK;
}

/* All tensors in `value`, in order, however they are wrapped: ["layer", 0, 0, {}] in Keras 2,
 * {"class_name": "__keras_tensor__", "config": {"keras_history": ["layer", 0, 0]}} in Keras 3. */
static cvz_status collect(references *found, const json_t *value, cvz_error *error)
{
  if (json_is_number(value)) {
    add_constant(found, value);
  } else if (is_reference(value)) {
    return add_reference(found, value, true, error);
  } else if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++) CVZ_TRY(collect(found, json_array_get(value, i), error));
  } else if (json_is_object(value)) {
    const char *name = class_of(value);
    const json_t *history = json_object_get(options_of(value), "keras_history");
    if (name && !strcmp(name, "__keras_tensor__") && is_reference(history))
      return add_reference(found, history, false, error);
    if (name) {
      found->odd = true;
      return CVZ_OK;
    }
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)value, key, item) CVZ_TRY(collect(found, item, error));
  }
  return CVZ_OK;
}

/* The tensors of one call. Numbers among named arguments are options, not operands. */
static cvz_status collect_node(references *found, const json_t *node, cvz_error *error)
{
  const json_t *arguments = json_object_get(node, "args");
  if (!arguments) return collect(found, node, error);
  CVZ_TRY(collect(found, arguments, error));
  references named = {0};
  const cvz_status status = collect(&named, json_object_get(node, "kwargs"), error);
  for (int i = 0; status == CVZ_OK && i < named.count; i++) {
    if (cvz_grow((void **)&found->items, &found->capacity, (size_t)found->count, sizeof *found->items, error) != CVZ_OK)
      break;
    found->items[found->count++] = named.items[i];
  }
  free(named.items);
  return status;
}

/* ---- Layers and calls */

static char *joined(const char *prefix, const char *name, int call, const char *suffix, cvz_error *error)
{
  cvz_text text = {0};
  cvz_text_add(&text, call ? "%s%s:%d%s" : "%s%s", prefix, name, call, suffix);
  if (!call) cvz_text_add(&text, "%s", suffix);
  if (cvz_text_check(&text, error) == CVZ_OK) return text.data;
  cvz_text_free(&text);
  return NULL;
}

/* The layer object that comes next in the file; made at the first call of the model around it. */
static cvz_status claim_layer(cvz_config *config, const scope *s, const char *name, const char *class_name,
                              const json_t *options, bool nested, cvz_error *error)
{
  if (*s->next < config->layer_count) return CVZ_OK;
  CVZ_TRY(cvz_grow((void **)&config->layers, &config->layer_capacity, (size_t)config->layer_count,
                   sizeof *config->layers, error));
  cvz_config_layer *layer = &config->layers[config->layer_count];
  *layer = (cvz_config_layer){.class_name = class_name, .options = options, .nested = nested, .model = s->model};
  layer->shared = config->layer_count;
  layer->trainable = s->trainable && !json_is_false(json_object_get(options, "trainable"));
  layer->outermost = s->outermost < 0 ? config->layer_count : s->outermost;
  layer->path = joined(s->prefix, name, 0, "", error);
  CVZ_REQUIRE(layer->path, error, CVZ_E_MEMORY, "memory: no room for the name of layer '%s'", name);
  const char *format = json_string_value(json_object_get(options, "data_format"));
  config->channels_first = config->channels_first || (format && !strcmp(format, "channels_first"));
  config->layer_count++;
  return CVZ_OK;
}

static cvz_status add_call(cvz_config *config, scope *s, int layer, const char *name, int count, cvz_error *error)
{
  CVZ_REQUIRE(config->call_count < CALLS_MAX, error, CVZ_E_UNSUPPORTED,
              "model configuration: more than %d calls of layers, expected fewer", CALLS_MAX);
  CVZ_TRY(cvz_grow((void **)&config->calls, &config->call_capacity, (size_t)config->call_count, sizeof *config->calls,
                   error));
  CVZ_TRY(cvz_grow((void **)&s->placed, &s->placed_capacity, (size_t)s->placed_count, sizeof *s->placed, error));
  cvz_config_call *call = &config->calls[config->call_count];
  *call = (cvz_config_call){.layer = layer};
  call->path = joined(s->prefix, name, count, "", error);
  CVZ_REQUIRE(call->path, error, CVZ_E_MEMORY, "memory: no room for the name of layer '%s'", name);
  s->placed[s->placed_count++] = (placed){.call = config->call_count++};
  return CVZ_OK;
}

static cvz_status set_inputs(cvz_config *config, int call, const int *inputs, int count, cvz_error *error)
{
  cvz_config_call *c = &config->calls[call];
  free(c->inputs);
  c->input_count = 0;
  c->inputs = cvz_array((size_t)count, sizeof(int), error);
  if (!c->inputs) return CVZ_E_MEMORY;
  if (count) memcpy(c->inputs, inputs, (size_t)count * sizeof(int));
  c->input_count = count;
  return CVZ_OK;
}

/* Opens one call of a nested model, whose outputs become the inputs of its own call. */
static cvz_status place_model(cvz_config *config, scope *s, const json_t *object, int layer, const char *name,
                              int count, cvz_error *error)
{
  int *inputs = NULL, *outputs = NULL, input_count = 0, output_count = 0;
  scope inner = {
      .object = object, .depth = s->depth + 1, .next = s->next, .trainable = config->layers[layer].trainable};
  inner.model = layer;
  inner.outermost = config->layers[layer].outermost;
  char *prefix = joined(s->prefix, name, count, "/", error);
  CVZ_REQUIRE(prefix, error, CVZ_E_MEMORY, "memory: no room for the name of layer '%s'", name);
  inner.prefix = prefix;
  cvz_status status;
  CVZ_TRY_GOTO(open_scope(config, &inner, &inputs, &input_count, &outputs, &output_count, error), done);
  CVZ_TRY_GOTO(add_call(config, s, layer, name, count, error), done);
  placed *p = &s->placed[s->placed_count - 1];
  p->inputs = inputs;
  p->input_count = input_count;
  inputs = NULL;
  CVZ_TRY_GOTO(set_inputs(config, p->call, outputs, output_count, error), done);
done:
  free(inputs);
  free(outputs);
  free(prefix);
  return status;
}

static cvz_status check_layer(const scope *s, const json_t *object, size_t index, cvz_error *error)
{
  const char *name = name_of(object);
  CVZ_REQUIRE(name, error, CVZ_E_FORMAT, "model configuration: layer %zu of '%s' has no name", index, s->prefix);
  CVZ_REQUIRE(class_of(object), error, CVZ_E_FORMAT, "model configuration: layer '%s%s' has no class_name", s->prefix,
              name);
  CVZ_REQUIRE(json_is_object(options_of(object)) || json_is_array(options_of(object)), error, CVZ_E_FORMAT,
              "model configuration: layer '%s%s' has no config", s->prefix, name);
  CVZ_REQUIRE(!json_object_get(s->names, name), error, CVZ_E_FORMAT, "model configuration: two layers are named '%s%s'",
              s->prefix, name);
  return CVZ_OK;
}

/* How often a layer of the scope is called. One that nothing calls gets one call without inputs. */
static cvz_status count_calls(const scope *s, const json_t *object, size_t *count, cvz_error *error)
{
  const json_t *nodes = json_object_get(object, "inbound_nodes");
  *count = 1;
  if (s->sequential) return CVZ_OK;
  CVZ_REQUIRE(json_is_array(nodes), error, CVZ_E_FORMAT, "model configuration: layer '%s%s' has no inbound_nodes",
              s->prefix, name_of(object));
  if (json_array_size(nodes) > 1) *count = json_array_size(nodes);
  return CVZ_OK;
}

/* Keras 3 saves the functions of keras.ops as nodes beside the layers. An HDF5 file does not tell the module; there
 * they lack what every layer has. */
static bool is_operation(const json_t *object)
{
  const char *module = json_string_value(json_object_get(object, "module"));
  if (module) return !strncmp(module, "keras.src.ops", 13);
  const json_t *options = options_of(object), *call = json_array_get(json_object_get(object, "inbound_nodes"), 0);
  return json_object_get(call, "args") && !json_object_get(options, "dtype") && !json_object_get(options, "trainable");
}

/* Which entries of several models are one layer; Keras 3 tells. */
static void identify_layer(cvz_config *config, int index, const json_t *object)
{
  cvz_config_layer *layer = &config->layers[index];
  layer->operation = is_operation(object);
  layer->object_id = json_integer_value(json_object_get(object, "shared_object_id"));
  for (int i = 0; layer->object_id && layer->shared == index && i < index; i++)
    if (config->layers[i].object_id == layer->object_id && !strcmp(config->layers[i].class_name, layer->class_name))
      layer->shared = i;
}

static cvz_status place_layer(cvz_config *config, scope *s, size_t index, cvz_error *error)
{
  const json_t *object = json_array_get(s->layers, index);
  CVZ_TRY(check_layer(s, object, index, error));
  const char *name = name_of(object);
  CVZ_REQUIRE(json_object_set_new(s->names, name, json_integer((json_int_t)index)) == 0, error, CVZ_E_MEMORY,
              "memory: no room for the name of layer '%s'", name);
  size_t count;
  CVZ_TRY(count_calls(s, object, &count, error));
  const bool nested = is_model(object);
  CVZ_TRY(claim_layer(config, s, name, class_of(object), options_of(object), nested, error));
  const int layer = (*s->next)++;
  identify_layer(config, layer, object);
  s->starts[index] = s->placed_count;
  for (size_t i = 0; i < count; i++) {
    *s->next = layer + 1;
    if (nested)
      CVZ_TRY(place_model(config, s, object, layer, name, (int)i, error));
    else
      CVZ_TRY(add_call(config, s, layer, name, (int)i, error));
  }
  return CVZ_OK;
}

/* ---- Connections */

/* Keras 2, and Keras 3 in output_layers, number the calls of a nested Functional model from 1: node 0 is the one that
 * made it. A Sequential has that node only if it was made with its input. */
static json_int_t call_index(const json_t *object, const reference *r, int calls)
{
  if (!is_model(object) || !r->counted || r->node < 1) return r->node;
  const char *first = class_of(json_array_get(layers_of(object), 0));
  const json_t *call = json_array_get(json_object_get(object, "inbound_nodes"), 0);
  const bool keras2 = !json_object_get(object, "module") && !json_is_object(call);
  const bool own_node = !is_sequential(object) || (keras2 && first && !strcmp(first, "InputLayer"));
  return own_node || r->node >= calls ? r->node - 1 : r->node;
}

static cvz_status resolve(const cvz_config *config, const scope *s, const char *reader, const reference *r, int *call,
                          cvz_error *error)
{
  const json_t *index = json_object_get(s->names, r->layer);
  CVZ_REQUIRE(index, error, CVZ_E_FORMAT,
              "model configuration: '%s%s' takes its input from layer '%s', which is not there", s->prefix, reader,
              r->layer);
  const size_t i = (size_t)json_integer_value(index);
  const json_t *object = json_array_get(s->layers, i);
  const int calls = s->starts[i + 1] - s->starts[i];
  const json_int_t node = call_index(object, r, calls);
  CVZ_REQUIRE(node >= 0 && node < calls, error, CVZ_E_FORMAT,
              "model configuration: '%s%s' takes its input from call %lld of layer '%s', which has %d", s->prefix,
              reader, (long long)r->node, r->layer, calls);
  *call = s->placed[s->starts[i] + node].call;
  if (!is_model(object)) return CVZ_OK;
  const cvz_config_call *model = &config->calls[*call];
  CVZ_REQUIRE(r->tensor >= 0 && r->tensor < model->input_count, error, CVZ_E_FORMAT,
              "model configuration: '%s%s' takes its input from output %lld of model '%s', which has %d", s->prefix,
              reader, (long long)r->tensor, r->layer, model->input_count);
  *call = model->inputs[r->tensor];
  return CVZ_OK;
}

static cvz_status resolve_all(const cvz_config *config, const scope *s, const char *reader, const references *found,
                              int **calls, cvz_error *error)
{
  *calls = cvz_array((size_t)found->count, sizeof(int), error);
  if (!*calls) return CVZ_E_MEMORY;
  for (int i = 0; i < found->count; i++) CVZ_TRY(resolve(config, s, reader, &found->items[i], &(*calls)[i], error));
  return CVZ_OK;
}

/* Gives one call its inputs; a nested model hands them to the input layers inside it. */
static cvz_status bind(cvz_config *config, const scope *s, const placed *p, const int *inputs, int count,
                       cvz_error *error)
{
  if (!config->layers[config->calls[p->call].layer].nested) return set_inputs(config, p->call, inputs, count, error);
  CVZ_REQUIRE(count == p->input_count, error, CVZ_E_FORMAT,
              "model configuration: model '%s' is called with %d tensors, expected %d", config->calls[p->call].path,
              count, p->input_count);
  (void)s;
  for (int i = 0; i < count; i++) CVZ_TRY(set_inputs(config, p->inputs[i], &inputs[i], 1, error));
  return CVZ_OK;
}

static cvz_status connect_call(cvz_config *config, scope *s, const char *name, const json_t *node, const placed *p,
                               cvz_error *error)
{
  references found = {0};
  int *inputs = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(collect_node(&found, node, error), done);
  CVZ_TRY_GOTO(resolve_all(config, s, name, &found, &inputs, error), done);
  CVZ_TRY_GOTO(bind(config, s, p, inputs, found.count, error), done);
  cvz_config_call *call = &config->calls[p->call];
  call->constants = found.constants;
  call->constant = found.constant;
  call->constant_first = found.constant_first;
  call->arguments = node;
  call->odd = found.odd;
done:
  free(found.items);
  free(inputs);
  return status;
}

static cvz_status connect_functional(cvz_config *config, scope *s, cvz_error *error)
{
  for (size_t i = 0; i < json_array_size(s->layers); i++) {
    const json_t *object = json_array_get(s->layers, i);
    const json_t *nodes = json_object_get(object, "inbound_nodes");
    for (size_t j = 0; j < json_array_size(nodes); j++)
      CVZ_TRY(
          connect_call(config, s, name_of(object), json_array_get(nodes, j), &s->placed[s->starts[i] + (int)j], error));
  }
  return CVZ_OK;
}

static cvz_status ends_functional(const cvz_config *config, const scope *s, const char *key, int **calls, int *count,
                                  cvz_error *error)
{
  references found = {0};
  cvz_status status = collect(&found, json_object_get(options_of(s->object), key), error);
  if (status == CVZ_OK) status = resolve_all(config, s, key, &found, calls, error);
  *count = found.count;
  free(found.items);
  return status;
}

static cvz_status chain_sequential(cvz_config *config, scope *s, int **inputs, int *input_count, int **outputs,
                                   int *output_count, cvz_error *error)
{
  for (int i = 1; i < s->placed_count; i++) {
    const cvz_config_call *before = &config->calls[s->placed[i - 1].call];
    const bool nested = config->layers[before->layer].nested;
    const int input = nested && before->input_count ? before->inputs[0] : s->placed[i - 1].call;
    CVZ_TRY(bind(config, s, &s->placed[i], &input, 1, error));
  }
  *inputs = cvz_array(1, sizeof(int), error);
  *outputs = cvz_array(1, sizeof(int), error);
  if (!*inputs || !*outputs) return CVZ_E_MEMORY;
  (*inputs)[0] = s->placed[0].call;
  (*outputs)[0] = s->placed[s->placed_count - 1].call;
  *input_count = *output_count = 1;
  return CVZ_OK;
}

/* ---- Scopes */

/* The input shape that a Sequential without an input layer tells in some other place; NULL if nowhere. */
static const json_t *sequential_shape(const json_t *object, int depth)
{
  const json_t *first = json_array_get(layers_of(object), 0), *options = options_of(first);
  const json_t *shape = json_object_get(options, "batch_input_shape");
  if (!shape) shape = json_object_get(options, "batch_shape");
  if (!shape) shape = json_object_get(options_of(object), "build_input_shape");
  if (!shape) shape = json_object_get(json_object_get(first, "build_config"), "input_shape");
  return !shape && depth < DEPTH_MAX && is_model(first) ? sequential_shape(first, depth + 1) : shape;
}

/* Keras makes the input layer of such a model itself, and names it like this. */
static cvz_status place_implicit_input(cvz_config *config, scope *s, cvz_error *error)
{
  const json_t *first = json_array_get(s->layers, 0);
  const char *class_name = class_of(first);
  if (class_name && !strcmp(class_name, "InputLayer")) return CVZ_OK;
  json_t *options = json_pack("{s:O?}", "batch_shape", (json_t *)sequential_shape(s->object, 0));
  CVZ_REQUIRE(options && json_array_append_new(config->owned, options) == 0, error, CVZ_E_MEMORY,
              "memory: no room for an input layer");
  const char *first_name = name_of(first);
  char *name = joined("", first_name ? first_name : "model", 0, "_input", error);
  CVZ_REQUIRE(name, error, CVZ_E_MEMORY, "memory: no room for the name of an input layer");
  cvz_status status;
  CVZ_TRY_GOTO(claim_layer(config, s, name, "InputLayer", options, false, error), done);
  CVZ_TRY_GOTO(add_call(config, s, (*s->next)++, name, 0, error), done);
done:
  free(name);
  return status;
}

static cvz_status place_all(cvz_config *config, scope *s, cvz_error *error)
{
  const size_t count = json_array_size(s->layers);
  s->names = json_object();
  s->starts = cvz_array(count + 1, sizeof(int), error);
  CVZ_REQUIRE(s->names && s->starts, error, CVZ_E_MEMORY, "memory: no room for %zu layers", count);
  if (s->sequential) CVZ_TRY(place_implicit_input(config, s, error));
  for (size_t i = 0; i < count; i++) CVZ_TRY(place_layer(config, s, i, error));
  s->starts[count] = s->placed_count;
  return CVZ_OK;
}

static void free_scope(scope *s)
{
  for (int i = 0; i < s->placed_count; i++) free(s->placed[i].inputs);
  free(s->placed);
  free(s->starts);
  json_decref(s->names);
}

/* Adds all layers and calls of the model s->object. Its inputs are the calls of its input layers. */
static cvz_status open_scope(cvz_config *config, scope *s, int **inputs, int *input_count, int **outputs,
                             int *output_count, cvz_error *error)
{
  s->layers = layers_of(s->object);
  s->sequential = is_sequential(s->object);
  cvz_status status;
  CVZ_REQUIRE_GOTO(s->depth < DEPTH_MAX, done, error, CVZ_E_UNSUPPORTED,
                   "model configuration: models nested deeper than %d", DEPTH_MAX);
  CVZ_REQUIRE_GOTO(json_array_size(s->layers) > 0, done, error, CVZ_E_FORMAT,
                   "model configuration: model '%s' has no layers", s->prefix);
  CVZ_TRY_GOTO(place_all(config, s, error), done);
  if (s->sequential) {
    CVZ_TRY_GOTO(chain_sequential(config, s, inputs, input_count, outputs, output_count, error), done);
    goto done;
  }
  CVZ_TRY_GOTO(connect_functional(config, s, error), done);
  CVZ_TRY_GOTO(ends_functional(config, s, "input_layers", inputs, input_count, error), done);
  CVZ_TRY_GOTO(ends_functional(config, s, "output_layers", outputs, output_count, error), done);
done:
  free_scope(s);
  return status;
}

/* ---- Order */

/* Depth first, with the path from an output back to the input on a stack of our own: networks are deep. */
static cvz_status visit(cvz_config *config, int start, int *seen, int *stack, int *count, cvz_error *error)
{
  int depth = 0;
  stack[depth++] = start;
  while (depth > 0) {
    const int call = stack[depth - 1];
    const cvz_config_call *c = &config->calls[call];
    if (seen[call]++ < c->input_count) {
      const int input = c->inputs[seen[call] - 1];
      const bool open = seen[input] > 0 && seen[input] <= config->calls[input].input_count;
      CVZ_REQUIRE(!open, error, CVZ_E_FORMAT, "model configuration: layer '%s' depends on its own output", c->path);
      if (!seen[input]) stack[depth++] = input;
    } else {
      config->order[(*count)++] = call;
      depth--;
    }
  }
  return CVZ_OK;
}

static cvz_status sort_calls(cvz_config *config, cvz_error *error)
{
  const size_t count = (size_t)config->call_count;
  config->order = cvz_array(count, sizeof(int), error);
  int *seen = cvz_array(count, sizeof(int), error);
  int *stack = cvz_array(count, sizeof(int), error);
  cvz_status status = config->order && seen && stack ? CVZ_OK : CVZ_E_MEMORY;
  int done = 0;
  for (int i = 0; status == CVZ_OK && i < config->call_count; i++)
    if (!seen[i]) status = visit(config, i, seen, stack, &done, error);
  free(seen);
  free(stack);
  return status;
}

cvz_status cvz_config_read(cvz_config *config, const json_t *model, cvz_error *error)
{
  const char *class_name = class_of(model);
  CVZ_REQUIRE(class_name, error, CVZ_E_FORMAT, "model configuration: no class_name, expected Functional or Sequential");
  CVZ_REQUIRE(is_model(model), error, CVZ_E_UNSUPPORTED,
              "model configuration: class %s without a list of layers, expected Functional or Sequential", class_name);
  const char *name = json_string_value(json_object_get(options_of(model), "name"));
  config->name = name ? name : "model";
  config->owned = json_array();
  CVZ_REQUIRE(config->owned, error, CVZ_E_MEMORY, "memory: no room for the model configuration");
  int *inputs = NULL, *outputs = NULL, next = 0, input_count, output_count;
  scope whole = {.object = model, .prefix = "", .trainable = true, .model = -1, .outermost = -1, .next = &next};
  whole.trainable = !json_is_false(json_object_get(options_of(model), "trainable"));
  cvz_status status = open_scope(config, &whole, &inputs, &input_count, &outputs, &output_count, error);
  if (status == CVZ_OK) status = sort_calls(config, error);
  free(inputs);
  free(outputs);
  return status;
}

void cvz_config_free(cvz_config *config)
{
  for (int i = 0; i < config->layer_count; i++) {
    free(config->layers[i].path);
    free(config->layers[i].problem);
  }
  for (int i = 0; i < config->call_count; i++) {
    free(config->calls[i].path);
    free(config->calls[i].inputs);
  }
  free(config->layers);
  free(config->calls);
  free(config->order);
  json_decref(config->owned);
  *config = (cvz_config){0};
}
