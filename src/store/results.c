#include "store/results.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static bool read_layer(cvz_results_layer *layer, const json_t *json)
{
  layer->name = json_string_value(json_object_get(json, "name"));
  layer->class_name = json_string_value(json_object_get(json, "class"));
  layer->shape = json_string_value(json_object_get(json, "shape"));
  return layer->name && layer->class_name && layer->shape && cvz_results_asked(&layer->asked, json) &&
         cvz_results_stem(layer->stem, json);
}

cvz_status cvz_results_open(cvz_results *results, const char *directory, const char *what, cvz_error *error)
{
  char path[PATH_MAX];
  *results = (cvz_results){0};
  snprintf(path, sizeof path, "%s/manifest.json", directory);
  CVZ_REQUIRE(!access(path, F_OK), error, CVZ_E_USAGE,
              "%s: '%s' has no manifest.json, expected the results of a job that has ended", what, directory);
  results->manifest = json_load_file(path, 0, NULL);
  const json_t *layers = json_object_get(results->manifest, "layers");
  results->layers = cvz_array(json_array_size(layers) + 1, sizeof *results->layers, error);
  if (!results->layers) return CVZ_E_MEMORY;
  for (size_t i = 0; i < json_array_size(layers); i++, results->layer_count++)
    CVZ_REQUIRE(read_layer(&results->layers[i], json_array_get(layers, i)), error, CVZ_E_FORMAT,
                "%s: '%s': its layer %zu is not as this program writes it", what, path, i + 1);
  CVZ_REQUIRE(results->layer_count, error, CVZ_E_FORMAT, "%s: '%s' has no layers, expected a manifest", what, path);
  return CVZ_OK;
}

void cvz_results_close(cvz_results *results)
{
  json_decref(results->manifest);
  free(results->layers);
  *results = (cvz_results){0};
}

const cvz_results_layer *cvz_results_find(const cvz_results *results, const char *name)
{
  for (int i = 0; i < results->layer_count; i++)
    if (!strcmp(results->layers[i].name, name)) return &results->layers[i];
  return NULL;
}

char *cvz_results_network(const cvz_results *results)
{
  return json_dumps(json_object_get(results->manifest, "network"), JSON_COMPACT);
}

bool cvz_results_asked(cvz_asked *asked, const json_t *layer)
{
  const json_t *json = json_object_get(layer, "asked");
  *asked = (cvz_asked){.layer = json_string_value(json_object_get(json, "layer")),
                       .objective = json_string_value(json_object_get(json, "objective")),
                       .by_filter = json_is_true(json_object_get(json, "by_filter"))};
  return asked->objective;
}

bool cvz_results_stem(char stem[256], const json_t *layer)
{
  const char *data = json_string_value(json_object_get(layer, "data"));
  if (!data || strncmp(data, "layers/", 7) || strchr(data + 7, '/')) return false;
  const size_t length = strlen(data + 7);
  if (length < 4 || length >= 256 || strcmp(data + 7 + length - 3, ".h5")) return false;
  memcpy(stem, data + 7, length - 3);
  stem[length - 3] = 0;
  return true;
}
