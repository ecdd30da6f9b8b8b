#include "model/weight.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "model/layer.h"
#include "model/store_path.h"

/* Layers first .. end - 1, whose weights are one entry of the index: by names a layer of the whole model with all that
 * is inside it, by paths a single one. */
typedef struct group {
  int first, end;
  int slots;             /* of all of them */
  int unknown;           /* a layer of an unknown class, whose number of weights nobody knows; or -1 */
  const json_t *weights; /* in the index; NULL if there are none */
} group;

static cvz_status set_problem(cvz_config_layer *layer, const cvz_error *problem, cvz_error *error)
{
  if (layer->problem) return CVZ_OK;
  layer->problem = cvz_copy_text(problem->text, error);
  return layer->problem ? CVZ_OK : CVZ_E_MEMORY;
}

/* All groups, each with the number of weights that it must have. */
static cvz_status make_groups(cvz_config *config, bool by_paths, group **groups, int *count, cvz_error *error)
{
  *count = 0;
  *groups = cvz_array((size_t)config->layer_count, sizeof **groups, error);
  if (!*groups) return CVZ_E_MEMORY;
  for (int i = 0; i < config->layer_count; i++) {
    cvz_config_layer *layer = &config->layers[i];
    if (by_paths || layer->outermost == i) (*groups)[(*count)++] = (group){.first = i, .unknown = -1};
    group *g = &(*groups)[*count - 1];
    bool known;
    CVZ_TRY(cvz_layer_slots(layer, &known, error));
    g->end = i + 1;
    g->slots += layer->slot_count;
    if (!known) g->unknown = i;
  }
  return CVZ_OK;
}

static const json_t *weights_of(const json_t *entry)
{
  return json_object_get(entry, "weights");
}

cvz_status cvz_weight_layers(cvz_config *config, bool by_paths, int *count, cvz_error *error)
{
  group *groups;
  int group_count;
  const cvz_status status = make_groups(config, by_paths, &groups, &group_count, error);
  *count = 0;
  for (int i = 0; status == CVZ_OK && i < group_count; i++) *count += groups[i].slots > 0;
  free(groups);
  return status;
}

static bool is_weight(const json_t *weight)
{
  const json_t *dims = json_object_get(weight, "dims");
  for (size_t i = 0; i < json_array_size(dims); i++)
    if (!json_is_integer(json_array_get(dims, i))) return false;
  return json_is_string(json_object_get(weight, "name")) && (!dims || json_is_array(dims));
}

cvz_status cvz_weight_index_layers(const json_t *index, int *count, cvz_error *error)
{
  *count = 0;
  CVZ_REQUIRE(json_is_array(index), error, CVZ_E_FORMAT, "index of weights: no list, expected a list of layers");
  for (size_t i = 0; i < json_array_size(index); i++) {
    const json_t *entry = json_array_get(index, i), *weights = weights_of(entry);
    bool good = json_is_string(json_object_get(entry, "layer")) && json_is_array(weights);
    for (size_t j = 0; good && j < json_array_size(weights); j++) good = is_weight(json_array_get(weights, j));
    CVZ_REQUIRE(good, error, CVZ_E_FORMAT, "index of weights: entry %zu is no layer with its weights", i);
    *count += json_array_size(weights) > 0;
  }
  return CVZ_OK;
}

/* Name -> weights, of the layers in the index that have some. */
static json_t *index_by_name(const json_t *index)
{
  json_t *names = json_object();
  for (size_t i = 0; names && i < json_array_size(index); i++) {
    const json_t *entry = json_array_get(index, i);
    json_t *weights = json_object_get(entry, "weights");
    if (json_array_size(weights)) json_object_set(names, json_string_value(json_object_get(entry, "layer")), weights);
  }
  return names;
}

/* Gives every group that the index names its weights; returns how many need some and are not named.
 *  @param paths  of the layers, if the index has paths for names */
static int match_names(const cvz_config *config, group *groups, int count, const json_t *names, char *const *paths)
{
  int missing = 0;
  for (int i = 0; i < count; i++) {
    const cvz_config_layer *layer = &config->layers[groups[i].first];
    const char *name = paths ? paths[groups[i].first] : layer->path;
    groups[i].weights = name ? json_object_get(names, name) : NULL;
    missing += groups[i].slots > 0 && !groups[i].weights && !(paths && layer->shared != groups[i].first);
  }
  return missing;
}

/* The rule of the file's version of Keras is the first by which every layer finds its weights, or else the newest. */
static cvz_status match_paths(const cvz_config *config, group *groups, int count, const json_t *names, cvz_error *error)
{
  int missing = 1;
  for (int i = 0; missing && i <= CVZ_STORE_RULES; i++) {
    char **paths;
    CVZ_TRY(cvz_store_paths(config, cvz_store_rules[i % CVZ_STORE_RULES], &paths, error));
    missing = match_names(config, groups, count, names, paths);
    cvz_store_paths_free(paths, config->layer_count);
  }
  return CVZ_OK;
}

/* The n-th layer with weights in the file belongs to the n-th of the configuration. */
static void match_order(group *groups, int count, const json_t *index)
{
  size_t next = 0;
  for (int i = 0; i < count; i++) {
    groups[i].weights = NULL;
    if (groups[i].slots == 0 && groups[i].unknown < 0) continue;
    while (next < json_array_size(index) && json_array_size(weights_of(json_array_get(index, next))) == 0) next++;
    groups[i].weights = weights_of(json_array_get(index, next));
    next++;
  }
}

static cvz_status match_layers(const cvz_config *config, group *groups, int count, const json_t *index,
                               const json_t *names, bool strict, int in_file, cvz_error *error)
{
  int needed = 0;
  for (int i = 0; i < count; i++) needed += groups[i].slots > 0 || groups[i].unknown >= 0;
  const int missing = match_names(config, groups, count, names, NULL);
  if (missing && in_file == needed) match_order(groups, count, index);
  CVZ_REQUIRE(!missing || in_file == needed || !strict, error, CVZ_E_FORMAT,
              "weights: the file has weights for %d layers, expected %d, the layers of %s with weights", in_file,
              needed, config->name);
  return CVZ_OK;
}

static cvz_status match_groups(const cvz_config *config, group *groups, int count, const json_t *index, bool by_paths,
                               bool strict, cvz_error *error)
{
  int in_file;
  CVZ_TRY(cvz_weight_index_layers(index, &in_file, error));
  json_t *names = index_by_name(index);
  CVZ_REQUIRE(names, error, CVZ_E_MEMORY, "memory: no room for the index of weights");
  const cvz_status status = by_paths ? match_paths(config, groups, count, names, error)
                                     : match_layers(config, groups, count, index, names, strict, in_file, error);
  json_decref(names);
  return status;
}

static void dims_text(const int *dims, int rank, char *text, size_t bytes)
{
  size_t length = (size_t)snprintf(text, bytes, "(");
  for (int i = 0; i < rank && length < bytes; i++) {
    const char *comma = i ? ", " : "";
    length += (size_t)(dims[i] ? snprintf(text + length, bytes - length, "%s%d", comma, dims[i])
                               : snprintf(text + length, bytes - length, "%sany", comma));
  }
  if (length < bytes) snprintf(text + length, bytes - length, ")");
}

/* The dimensions in the file if they are what the slot expects. */
static bool read_dims(const json_t *list, const cvz_slot *slot, int *dims)
{
  const size_t rank = json_array_size(list);
  const bool any = slot->rank == CVZ_ANY_RANK;
  if (any ? rank > CVZ_WEIGHT_RANK : rank != (size_t)slot->rank) return false;
  for (size_t i = 0; i < rank; i++) {
    const json_int_t value = json_integer_value(json_array_get(list, i));
    if (value < 1 || value > INT_MAX || (!any && slot->dims[i] && value != slot->dims[i])) return false;
    dims[i] = (int)value;
  }
  return true;
}

/* Adds one weight to the graph. CVZ_E_FORMAT tells what is wrong with it. */
static cvz_status add_weight(cvz_config_layer *layer, int slot, const json_t *weight, cvz_graph *graph,
                             cvz_error *error)
{
  const cvz_slot *s = &layer->slots[slot];
  const char *path = json_string_value(json_object_get(weight, "name"));
  const json_t *list = json_object_get(weight, "dims");
  CVZ_REQUIRE(list, error, CVZ_E_FORMAT,
              "layer '%.200s' (%.100s): weight %s is missing: the file lists '%.200s' but has no such array",
              layer->path, layer->class_name, s->name, path);
  int dims[CVZ_WEIGHT_RANK] = {0};
  if (read_dims(list, s, dims)) {
    layer->weights[slot] = cvz_graph_add_weight(graph, path, (int)json_array_size(list), dims, error);
    return layer->weights[slot] < 0 ? error->status : CVZ_OK;
  }
  char expected[96], *found = json_dumps(list, JSON_COMPACT);
  dims_text(s->dims, s->rank, expected, sizeof expected);
  cvz_fail(error, CVZ_E_FORMAT, "layer '%.200s' (%.100s): weight %s has the shape %.100s in the file, expected %s",
           layer->path, layer->class_name, s->name, found ? found : "?", expected);
  free(found);
  return CVZ_E_FORMAT;
}

/* A file has a layer's trainable weights first; of a nested model, those of all layers inside it. */
static cvz_status add_weights(cvz_config *config, const group *g, bool trainable, size_t *next, cvz_graph *graph,
                              cvz_error *error)
{
  for (int i = g->first; i < g->end; i++) {
    cvz_config_layer *layer = &config->layers[i];
    for (int j = 0; j < layer->slot_count; j++) {
      if ((layer->slots[j].trainable && layer->trainable) != trainable) continue;
      const cvz_status status = add_weight(layer, j, json_array_get(g->weights, (*next)++), graph, error);
      if (status == CVZ_E_MEMORY) return status;
      if (status != CVZ_OK) CVZ_TRY(set_problem(layer, error, error));
    }
  }
  return CVZ_OK;
}

static cvz_status fail_group(cvz_config *config, const group *g, cvz_error *error)
{
  const cvz_error problem = *error;
  for (int i = g->first; i < g->end; i++)
    if (config->layers[i].slot_count) CVZ_TRY(set_problem(&config->layers[i], &problem, error));
  return CVZ_OK;
}

/* Whether two layers must have weights of the same shapes: a damaged file may call any two one object. */
static bool same_slots(const cvz_config_layer *a, const cvz_config_layer *b)
{
  if (a->slot_count != b->slot_count) return false;
  for (int i = 0; i < a->slot_count; i++)
    if (a->slots[i].rank != b->slots[i].rank ||
        memcmp(a->slots[i].dims, b->slots[i].dims, sizeof a->slots[i].dims) != 0)
      return false;
  return true;
}

/* A layer that is in several models has its weights in the file once. */
static bool take_shared(cvz_config *config, const group *g)
{
  cvz_config_layer *layer = &config->layers[g->first];
  const cvz_config_layer *first = &config->layers[layer->shared];
  const bool single = g->end == g->first + 1 && !layer->nested;
  if (!single || g->weights || layer->shared == g->first || first->problem || !same_slots(layer, first)) return false;
  memcpy(layer->weights, first->weights, sizeof layer->weights);
  return true;
}

static cvz_status add_group(cvz_config *config, const group *g, cvz_graph *graph, cvz_error *error)
{
  if (g->slots == 0 || take_shared(config, g)) return CVZ_OK;
  const cvz_config_layer *layer = &config->layers[g->first];
  const size_t found = json_array_size(g->weights);
  if (found && g->unknown >= 0 && g->end > g->first + 1)
    cvz_fail(error, CVZ_E_FORMAT, "model '%.200s' has layer '%.200s' of class %.100s, whose weights are not known",
             layer->path, config->layers[g->unknown].path, config->layers[g->unknown].class_name);
  else if (!found)
    cvz_fail(error, CVZ_E_FORMAT, "layer '%.200s' (%.100s) has no weights in the file, expected %d", layer->path,
             layer->class_name, g->slots);
  else if (found != (size_t)g->slots)
    cvz_fail(error, CVZ_E_FORMAT, "layer '%.200s' (%.100s) has %zu weights in the file, expected %d", layer->path,
             layer->class_name, found, g->slots);
  else {
    size_t next = 0;
    CVZ_TRY(add_weights(config, g, true, &next, graph, error));
    return add_weights(config, g, false, &next, graph, error);
  }
  return fail_group(config, g, error);
}

cvz_status cvz_weight_match(cvz_config *config, const json_t *index, bool by_paths, bool strict, cvz_graph *graph,
                            cvz_error *error)
{
  group *groups;
  int count;
  cvz_status status;
  CVZ_TRY_GOTO(make_groups(config, by_paths, &groups, &count, error), done);
  CVZ_TRY_GOTO(match_groups(config, groups, count, index, by_paths, strict, error), done);
  for (int i = 0; i < count; i++) CVZ_TRY_GOTO(add_group(config, &groups[i], graph, error), done);
done:
  free(groups);
  return status;
}
