#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/config_object.h"
#include "model/config_reference.h"
#include "model/config_scope.h"

/* Keras 2, and Keras 3 in output_layers, number the calls of a nested Functional model from 1: node 0 is the one that
 * made it. A Sequential has that node only if it was made with its input. */
static json_int_t call_index(const json_t *object, const cvz_reference *r, int calls)
{
  if (!cvz_object_is_model(object) || !r->counted || r->node < 1) return r->node;
  const char *first = cvz_object_class(json_array_get(cvz_object_layers(object), 0));
  const json_t *call = json_array_get(json_object_get(object, "inbound_nodes"), 0);
  const bool keras2 = !json_object_get(object, "module") && !json_is_object(call);
  const bool own_node = !cvz_object_is_sequential(object) || (keras2 && first && !strcmp(first, "InputLayer"));
  return own_node || r->node >= calls ? r->node - 1 : r->node;
}

static cvz_status resolve(const cvz_config *config, const cvz_scope *s, const char *reader, const cvz_reference *r,
                          int *call, cvz_error *error)
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
  if (!cvz_object_is_model(object)) return CVZ_OK;
  const cvz_config_call *model = &config->calls[*call];
  CVZ_REQUIRE(r->tensor >= 0 && r->tensor < model->input_count, error, CVZ_E_FORMAT,
              "model configuration: '%s%s' takes its input from output %lld of model '%s', which has %d", s->prefix,
              reader, (long long)r->tensor, r->layer, model->input_count);
  *call = model->inputs[r->tensor];
  return CVZ_OK;
}

static cvz_status resolve_all(const cvz_config *config, const cvz_scope *s, const char *reader,
                              const cvz_references *found, int **calls, cvz_error *error)
{
  *calls = cvz_array((size_t)found->count, sizeof(int), error);
  if (!*calls) return CVZ_E_MEMORY;
  for (int i = 0; i < found->count; i++) CVZ_TRY(resolve(config, s, reader, &found->items[i], &(*calls)[i], error));
  return CVZ_OK;
}

/* Gives one call its inputs; a nested model hands them to the input layers inside it. */
static cvz_status bind(cvz_config *config, const cvz_placed *p, const int *inputs, int count, cvz_error *error)
{
  if (!config->layers[config->calls[p->call].layer].nested)
    return cvz_call_set_inputs(config, p->call, inputs, count, error);
  CVZ_REQUIRE(count == p->input_count, error, CVZ_E_FORMAT,
              "model configuration: model '%s' is called with %d tensors, expected %d", config->calls[p->call].path,
              count, p->input_count);
  for (int i = 0; i < count; i++) CVZ_TRY(cvz_call_set_inputs(config, p->inputs[i], &inputs[i], 1, error));
  return CVZ_OK;
}

static cvz_status connect_call(cvz_config *config, cvz_scope *s, const char *name, const json_t *node,
                               const cvz_placed *p, cvz_error *error)
{
  cvz_references found = {0};
  int *inputs = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(cvz_references_of_call(&found, node, error), done);
  CVZ_TRY_GOTO(resolve_all(config, s, name, &found, &inputs, error), done);
  CVZ_TRY_GOTO(bind(config, p, inputs, found.count, error), done);
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

static cvz_status connect_functional(cvz_config *config, cvz_scope *s, cvz_error *error)
{
  for (size_t i = 0; i < json_array_size(s->layers); i++) {
    const json_t *object = json_array_get(s->layers, i);
    const json_t *nodes = json_object_get(object, "inbound_nodes");
    for (size_t j = 0; j < json_array_size(nodes); j++)
      CVZ_TRY(connect_call(config, s, cvz_object_name(object), json_array_get(nodes, j),
                           &s->placed[s->starts[i] + (int)j], error));
  }
  return CVZ_OK;
}

/* The calls that the option `key` of a Functional model names. */
static cvz_status find_ends(const cvz_config *config, const cvz_scope *s, const char *key, int **calls, int *count,
                            cvz_error *error)
{
  cvz_references found = {0};
  cvz_status status = cvz_references_collect(&found, json_object_get(cvz_object_options(s->object), key), error);
  if (status == CVZ_OK) status = resolve_all(config, s, key, &found, calls, error);
  *count = found.count;
  free(found.items);
  return status;
}

static cvz_status chain_sequential(cvz_config *config, cvz_scope *s, cvz_error *error)
{
  for (int i = 1; i < s->placed_count; i++) {
    const cvz_config_call *before = &config->calls[s->placed[i - 1].call];
    const bool nested = config->layers[before->layer].nested;
    const int input = nested && before->input_count ? before->inputs[0] : s->placed[i - 1].call;
    CVZ_TRY(bind(config, &s->placed[i], &input, 1, error));
  }
  s->inputs = cvz_array(1, sizeof(int), error);
  s->outputs = cvz_array(1, sizeof(int), error);
  if (!s->inputs || !s->outputs) return CVZ_E_MEMORY;
  s->inputs[0] = s->placed[0].call;
  s->outputs[0] = s->placed[s->placed_count - 1].call;
  s->input_count = s->output_count = 1;
  return CVZ_OK;
}

cvz_status cvz_scope_connect(cvz_config *config, cvz_scope *s, cvz_error *error)
{
  if (s->sequential) return chain_sequential(config, s, error);
  CVZ_TRY(connect_functional(config, s, error));
  CVZ_TRY(find_ends(config, s, "input_layers", &s->inputs, &s->input_count, error));
  return find_ends(config, s, "output_layers", &s->outputs, &s->output_count, error);
}
