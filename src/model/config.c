#include "model/config.h"

#include <stdlib.h>

#include "base/memory.h"
#include "model/config_object.h"
#include "model/config_scope.h"

cvz_status cvz_scope_open(cvz_config *config, cvz_scope *s, cvz_error *error)
{
  s->layers = cvz_object_layers(s->object);
  s->sequential = cvz_object_is_sequential(s->object);
  CVZ_REQUIRE(s->depth < CVZ_OBJECT_DEPTH_MAX, error, CVZ_E_UNSUPPORTED,
              "model configuration: models nested deeper than %d", CVZ_OBJECT_DEPTH_MAX);
  CVZ_REQUIRE(json_array_size(s->layers) > 0, error, CVZ_E_FORMAT, "model configuration: model '%s' has no layers",
              s->prefix);
  CVZ_TRY(cvz_scope_place(config, s, error));
  return cvz_scope_connect(config, s, error);
}

void cvz_scope_free(cvz_scope *s)
{
  for (int i = 0; i < s->placed_count; i++) free(s->placed[i].inputs);
  free(s->placed);
  free(s->starts);
  free(s->inputs);
  free(s->outputs);
  json_decref(s->names);
}

cvz_status cvz_config_read(cvz_config *config, const json_t *model, cvz_error *error)
{
  const char *class_name = cvz_object_class(model);
  CVZ_REQUIRE(class_name, error, CVZ_E_FORMAT, "model configuration: no class_name, expected Functional or Sequential");
  CVZ_REQUIRE(cvz_object_is_model(model), error, CVZ_E_UNSUPPORTED,
              "model configuration: class %s without a list of layers, expected Functional or Sequential", class_name);
  const char *name = json_string_value(json_object_get(cvz_object_options(model), "name"));
  config->name = name ? name : "model";
  config->owned = json_array();
  CVZ_REQUIRE(config->owned, error, CVZ_E_MEMORY, "memory: no room for the model configuration");
  int next = 0;
  cvz_scope whole = {.object = model, .prefix = "", .model = -1, .outermost = -1, .next = &next};
  whole.trainable = !json_is_false(json_object_get(cvz_object_options(model), "trainable"));
  cvz_status status = cvz_scope_open(config, &whole, error);
  if (status == CVZ_OK) status = cvz_config_sort(config, error);
  cvz_scope_free(&whole);
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
