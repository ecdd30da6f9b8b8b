#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/config_object.h"
#include "model/config_scope.h"

#define CALLS_MAX 65536 /* a model that calls itself often, level in level, grows by powers */

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
static cvz_status claim_layer(cvz_config *config, const cvz_scope *s, const char *name, const char *class_name,
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

static cvz_status add_call(cvz_config *config, cvz_scope *s, int layer, const char *name, int count, cvz_error *error)
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
  s->placed[s->placed_count++] = (cvz_placed){.call = config->call_count++};
  return CVZ_OK;
}

cvz_status cvz_call_set_inputs(cvz_config *config, int call, const int *inputs, int count, cvz_error *error)
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

/* Adds the call of a nested model that has been opened: its outputs are the inputs of its own call. */
static cvz_status add_model_call(cvz_config *config, cvz_scope *s, cvz_scope *inner, const char *name, int count,
                                 cvz_error *error)
{
  CVZ_TRY(add_call(config, s, inner->model, name, count, error));
  cvz_placed *p = &s->placed[s->placed_count - 1];
  p->inputs = inner->inputs;
  p->input_count = inner->input_count;
  inner->inputs = NULL;
  return cvz_call_set_inputs(config, p->call, inner->outputs, inner->output_count, error);
}

static cvz_status place_model(cvz_config *config, cvz_scope *s, const json_t *object, int layer, const char *name,
                              int count, cvz_error *error)
{
  char *prefix = joined(s->prefix, name, count, "/", error);
  CVZ_REQUIRE(prefix, error, CVZ_E_MEMORY, "memory: no room for the name of layer '%s'", name);
  const cvz_config_layer *model = &config->layers[layer];
  cvz_scope inner = {.object = object,
                     .prefix = prefix,
                     .trainable = model->trainable,
                     .model = layer,
                     .outermost = model->outermost,
                     .depth = s->depth + 1,
                     .next = s->next};
  cvz_status status = cvz_scope_open(config, &inner, error);
  if (status == CVZ_OK) status = add_model_call(config, s, &inner, name, count, error);
  cvz_scope_free(&inner);
  free(prefix);
  return status;
}

static cvz_status check_layer(const cvz_scope *s, const json_t *object, size_t index, cvz_error *error)
{
  const char *name = cvz_object_name(object);
  CVZ_REQUIRE(name, error, CVZ_E_FORMAT, "model configuration: layer %zu of '%s' has no name", index, s->prefix);
  CVZ_REQUIRE(cvz_object_class(object), error, CVZ_E_FORMAT, "model configuration: layer '%s%s' has no class_name",
              s->prefix, name);
  CVZ_REQUIRE(json_is_object(cvz_object_options(object)) || json_is_array(cvz_object_options(object)), error,
              CVZ_E_FORMAT, "model configuration: layer '%s%s' has no config", s->prefix, name);
  CVZ_REQUIRE(!json_object_get(s->names, name), error, CVZ_E_FORMAT, "model configuration: two layers are named '%s%s'",
              s->prefix, name);
  return CVZ_OK;
}

/* How often a layer of the scope is called. One that nothing calls gets one call without inputs. */
static cvz_status count_calls(const cvz_scope *s, const json_t *object, size_t *count, cvz_error *error)
{
  const json_t *nodes = json_object_get(object, "inbound_nodes");
  *count = 1;
  if (s->sequential) return CVZ_OK;
  CVZ_REQUIRE(json_is_array(nodes), error, CVZ_E_FORMAT, "model configuration: layer '%s%s' has no inbound_nodes",
              s->prefix, cvz_object_name(object));
  if (json_array_size(nodes) > 1) *count = json_array_size(nodes);
  return CVZ_OK;
}

/* Which entries of several models are one layer; Keras 3 tells. */
static void identify_layer(cvz_config *config, int index, const json_t *object)
{
  cvz_config_layer *layer = &config->layers[index];
  layer->operation = cvz_object_is_operation(object);
  layer->object_id = json_integer_value(json_object_get(object, "shared_object_id"));
  for (int i = 0; layer->object_id && layer->shared == index && i < index; i++)
    if (config->layers[i].object_id == layer->object_id && !strcmp(config->layers[i].class_name, layer->class_name))
      layer->shared = i;
}

static cvz_status place_layer(cvz_config *config, cvz_scope *s, size_t index, cvz_error *error)
{
  const json_t *object = json_array_get(s->layers, index);
  CVZ_TRY(check_layer(s, object, index, error));
  const char *name = cvz_object_name(object);
  CVZ_REQUIRE(json_object_set_new(s->names, name, json_integer((json_int_t)index)) == 0, error, CVZ_E_MEMORY,
              "memory: no room for the name of layer '%s'", name);
  size_t count;
  CVZ_TRY(count_calls(s, object, &count, error));
  const bool nested = cvz_object_is_model(object);
  CVZ_TRY(claim_layer(config, s, name, cvz_object_class(object), cvz_object_options(object), nested, error));
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

/* Keras makes the input layer of such a model itself, and names it like this. */
static cvz_status place_implicit_input(cvz_config *config, cvz_scope *s, cvz_error *error)
{
  const json_t *first = json_array_get(s->layers, 0);
  const char *class_name = cvz_object_class(first);
  if (class_name && !strcmp(class_name, "InputLayer")) return CVZ_OK;
  json_t *options = json_pack("{s:O?}", "batch_shape", (json_t *)cvz_object_input_shape(s->object));
  CVZ_REQUIRE(options && json_array_append_new(config->owned, options) == 0, error, CVZ_E_MEMORY,
              "memory: no room for an input layer");
  const char *first_name = cvz_object_name(first);
  char *name = joined("", first_name ? first_name : "model", 0, "_input", error);
  CVZ_REQUIRE(name, error, CVZ_E_MEMORY, "memory: no room for the name of an input layer");
  cvz_status status;
  CVZ_TRY_GOTO(claim_layer(config, s, name, "InputLayer", options, false, error), done);
  CVZ_TRY_GOTO(add_call(config, s, (*s->next)++, name, 0, error), done);
done:
  free(name);
  return status;
}

cvz_status cvz_scope_place(cvz_config *config, cvz_scope *s, cvz_error *error)
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
