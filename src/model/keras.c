#include "model/keras.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/architecture.h"
#include "model/config.h"
#include "model/container.h"
#include "model/weight.h"

struct cvz_keras_file {
  char *path;
  cvz_container *container;
  json_t *description; /* {"config", "keras_version", "weights", "by_paths"} and, of a weights-only file, "arch" */
};

static cvz_status parse(const char *text, size_t length, const char *path, json_t **value, cvz_error *error)
{
  json_error_t place;
  *value = json_loadb(text, length, 0, &place);
  CVZ_REQUIRE(*value, error, CVZ_E_FORMAT, "%s: the model's configuration is not JSON at byte %d: %s", path,
              place.position, place.text);
  return CVZ_OK;
}

static cvz_status architecture(const char *arch, bool top, json_t **config, cvz_error *error)
{
  cvz_text text = {0};
  cvz_status status = cvz_architecture_json(arch, top, &text, error);
  if (status == CVZ_OK) status = parse(text.data, text.length, arch, config, error);
  cvz_text_free(&text);
  return status;
}

static cvz_status weighted_layers(const json_t *model, bool by_paths, int *count, cvz_error *error)
{
  cvz_config config = {0};
  cvz_status status = cvz_config_read(&config, model, error);
  if (status == CVZ_OK) status = cvz_weight_layers(&config, by_paths, count, error);
  cvz_config_free(&config);
  return status;
}

/* Of the two variants of an architecture, the one that has as many layers with weights as the file. */
static cvz_status choose_variant(const cvz_keras_file *f, const char *arch, const json_t *index, json_t **config,
                                 cvz_error *error)
{
  int found, expected[2];
  json_t *variants[2] = {NULL, NULL};
  const bool by_paths = cvz_hdf5_by_paths(cvz_container_weights(f->container));
  cvz_status status;
  CVZ_TRY(cvz_weight_index_layers(index, &found, error));
  for (int top = 0; top < 2; top++) {
    CVZ_TRY_GOTO(architecture(arch, top, &variants[top], error), done);
    CVZ_TRY_GOTO(weighted_layers(variants[top], by_paths, &expected[top], error), done);
  }
  CVZ_REQUIRE_GOTO(found == expected[0] || found == expected[1], done, error, CVZ_E_FORMAT,
                   "%s: has weights for %d layers, expected %d or, with the top, %d for %s", f->path, found,
                   expected[0], expected[1], arch);
  *config = json_incref(variants[found != expected[0]]);
done:
  json_decref(variants[0]);
  json_decref(variants[1]);
  return status;
}

static cvz_status check_arch(const cvz_keras_file *f, const char *arch, cvz_error *error)
{
  const bool full = cvz_container_config(f->container) != NULL;
  CVZ_REQUIRE(full || arch, error, CVZ_E_USAGE,
              "%s: has no model_config: it is a weights-only file; name its architecture with --arch", f->path);
  CVZ_REQUIRE(!full || !arch, error, CVZ_E_USAGE,
              "%s: is a full model, expected a weights-only file with --arch %s; give it with --model", f->path, arch);
  return CVZ_OK;
}

/* What makes the layers: the file's own configuration, or that of the architecture. */
static cvz_status read_config(const cvz_keras_file *f, const char *arch, const json_t *index, json_t **config,
                              cvz_error *error)
{
  const char *text = cvz_container_config(f->container);
  if (text) return parse(text, strlen(text), f->path, config, error);
  return choose_variant(f, arch, index, config, error);
}

static cvz_status make_description(cvz_keras_file *f, const char *arch, cvz_error *error)
{
  json_t *index = NULL, *config = NULL;
  cvz_hdf5 *weights = cvz_container_weights(f->container);
  cvz_status status;
  CVZ_TRY_GOTO(check_arch(f, arch, error), done);
  CVZ_TRY_GOTO(cvz_hdf5_index(weights, &index, error), done);
  CVZ_TRY_GOTO(read_config(f, arch, index, &config, error), done);
  const char *version = json_string_value(json_object_get(config, "keras_version"));
  f->description = json_pack("{s:O, s:s, s:O, s:b, s:s*}", "config", config, "keras_version",
                             version ? version : cvz_container_version(f->container), "weights", index, "by_paths",
                             cvz_hdf5_by_paths(weights), "arch", arch);
  CVZ_REQUIRE_GOTO(f->description, done, error, CVZ_E_MEMORY, "memory: no room for the description of %s", f->path);
done:
  json_decref(index);
  json_decref(config);
  return status;
}

cvz_status cvz_keras_open(cvz_keras_file **file, const char *path, const char *arch, cvz_error *error)
{
  *file = NULL;
  cvz_keras_file *f = cvz_array(1, sizeof *f, error);
  if (!f) return CVZ_E_MEMORY;
  f->path = cvz_copy_text(path, error);
  cvz_status status = f->path ? cvz_container_open(&f->container, path, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) status = make_description(f, arch, error);
  if (status == CVZ_OK)
    *file = f;
  else
    cvz_keras_close(f);
  return status;
}

void cvz_keras_close(cvz_keras_file *file)
{
  if (!file) return;
  cvz_container_close(file->container);
  json_decref(file->description);
  free(file->path);
  free(file);
}

static int append(const char *bytes, size_t count, void *text)
{
  cvz_text_add_bytes(text, bytes, count);
  return 0;
}

cvz_status cvz_keras_describe(const cvz_keras_file *file, cvz_text *description, cvz_error *error)
{
  CVZ_REQUIRE(json_dump_callback(file->description, append, description, JSON_COMPACT) == 0, error, CVZ_E_MEMORY,
              "memory: no room for the description of %s", file->path);
  return cvz_text_check(description, error);
}

cvz_status cvz_keras_graph(cvz_graph *graph, const cvz_keras_file *file, cvz_error *error)
{
  cvz_text description = {0};
  cvz_status status = cvz_keras_describe(file, &description, error);
  if (status == CVZ_OK) status = cvz_keras_build(graph, description.data, description.length, error);
  cvz_text_free(&description);
  return status;
}

static void warn_not_finite(const cvz_keras_file *file, const cvz_weight *weight, const float *values,
                            const cvz_log *log)
{
  size_t bad = 0;
  for (size_t i = 0; i < weight->count; i++) bad += !isfinite(values[i]);
  if (bad) cvz_warn(log, "%s: weight '%s' has %zu values that are NaN or infinite", file->path, weight->name, bad);
}

cvz_status cvz_keras_read(cvz_keras_file *file, const cvz_graph *graph, const bool *wanted, float *values,
                          const cvz_log *log, cvz_error *error)
{
  cvz_hdf5 *weights = cvz_container_weights(file->container);
  for (int i = 0; i < graph->weight_count; i++) {
    const cvz_weight *weight = &graph->weights[i];
    if (wanted && !wanted[i]) continue;
    CVZ_TRY(cvz_hdf5_read(weights, weight->name, weight->rank, weight->dims, values + weight->offset, error));
    warn_not_finite(file, weight, values + weight->offset, log);
  }
  return CVZ_OK;
}
