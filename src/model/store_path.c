/* Source: _save_container_state and to_snake_case in keras/src/saving/saving_lib.py and keras/src/utils/naming.py of
 * Keras 3; keras/src/saving/saving_lib.py of Keras 2.12 to 2.15. */
#include "model/store_path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Keras 2.12 and 2.13 saved a dictionary that has each layer with weights under two keys. */
const cvz_store_rule cvz_store_rules[CVZ_STORE_RULES] = {{.shared = true}, {0}, {.shared = true, .twice = true}};

static bool is_upper(char letter)
{
  return letter >= 'A' && letter <= 'Z';
}

static bool is_lower(char letter)
{
  return letter >= 'a' && letter <= 'z';
}

static bool is_word(char letter)
{
  return isalnum((unsigned char)letter) || letter == '_' || (unsigned char)letter > 127;
}

/* Puts '_' between a character and a capital that a small letter follows; what was taken for one such place is not
 * taken for the next. */
static void part_words(const char *name, cvz_text *parted)
{
  while (*name) {
    cvz_text_add_bytes(parted, name, 1);
    if (!is_upper(name[1]) || !is_lower(name[2])) {
      name++;
      continue;
    }
    cvz_text_add(parted, "_");
    cvz_text_add_bytes(parted, ++name, 1);
    while (is_lower(*++name)) cvz_text_add_bytes(parted, name, 1);
  }
}

/* "SeparableConv2D" -> "separable_conv2d" */
static void add_snake_case(cvz_text *path, const char *class_name, cvz_error *error)
{
  cvz_text word = {0}, parted = {0};
  for (const char *c = class_name; *c; c++)
    if (is_word(*c)) cvz_text_add_bytes(&word, c, 1);
  if (cvz_text_check(&word, error) == CVZ_OK && word.data) part_words(word.data, &parted);
  path->failed |= word.failed | parted.failed;
  for (size_t i = 0; i < parted.length; i++) {
    const char letter = (char)tolower((unsigned char)parted.data[i]);
    cvz_text_add_bytes(path, &letter, 1);
    if (is_lower(parted.data[i]) && i + 1 < parted.length && is_upper(parted.data[i + 1])) cvz_text_add(path, "_");
  }
  cvz_text_free(&word);
  cvz_text_free(&parted);
}

/* Whether the layer has weights, or layers with weights inside it. */
static bool has_weights(const cvz_config *config, int layer)
{
  for (int i = layer; i < config->layer_count; i++) {
    int around = i;
    while (around > layer) around = config->layers[around].model;
    if (around < layer) return false;
    if (config->layers[i].slot_count) return true;
  }
  return false;
}

/* Makes `path` that of the next layer of its class in its model. */
static cvz_status count_layer(const cvz_config *config, int layer, cvz_store_rule rule, json_t *counters,
                              cvz_text *path, cvz_error *error)
{
  CVZ_TRY(cvz_text_check(path, error));
  const json_int_t before = json_integer_value(json_object_get(counters, path->data));
  const json_int_t step = rule.twice && has_weights(config, layer) ? 2 : 1;
  CVZ_REQUIRE(json_object_set_new(counters, path->data, json_integer(before + step)) == 0, error, CVZ_E_FORMAT,
              "model configuration: layer '%s' has a class_name that is not a name", config->layers[layer].path);
  if (before) cvz_text_add(path, "_%lld", (long long)before);
  return cvz_text_check(path, error);
}

static cvz_status path_of(const cvz_config *config, int layer, cvz_store_rule rule, json_t *counters, char **paths,
                          cvz_error *error)
{
  const cvz_config_layer *l = &config->layers[layer];
  cvz_text path = {0};
  if (l->operation || (!rule.shared && l->shared != layer)) return CVZ_OK;
  if (l->model >= 0 && !paths[l->model]) return CVZ_OK;
  if (l->model >= 0) cvz_text_add(&path, "%s/", paths[l->model]);
  cvz_text_add(&path, "layers/");
  add_snake_case(&path, l->class_name, error);
  const cvz_status status = count_layer(config, layer, rule, counters, &path, error);
  if (status == CVZ_OK)
    paths[layer] = path.data;
  else
    cvz_text_free(&path);
  return status;
}

cvz_status cvz_store_paths(const cvz_config *config, cvz_store_rule rule, char ***paths, cvz_error *error)
{
  *paths = cvz_array((size_t)config->layer_count, sizeof **paths, error);
  json_t *counters = json_object();
  cvz_status status = *paths && counters ? CVZ_OK : cvz_fail(error, CVZ_E_MEMORY, "memory: no room for paths");
  for (int i = 0; status == CVZ_OK && i < config->layer_count; i++)
    status = path_of(config, i, rule, counters, *paths, error);
  json_decref(counters);
  if (status == CVZ_OK) return status;
  if (*paths) cvz_store_paths_free(*paths, config->layer_count);
  *paths = NULL;
  return status;
}

void cvz_store_paths_free(char **paths, int count)
{
  for (int i = 0; i < count; i++) free(paths[i]);
  free(paths);
}
