#include "store/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "job/changes.h"
#include "store/json.h"

#define REAL_DIGITS 15 /**< the most that every decimal number survives; the layers' files have the exact values */

/* A float with the digits it has, not those of the double it becomes. */
static json_t *float_json(float value)
{
  char digits[32];
  snprintf(digits, sizeof digits, "%.9g", (double)value);
  return cvz_json_real(strtod(digits, NULL));
}

/* Takes over `value`; false without memory. */
static bool set(json_t *object, const char *key, json_t *value)
{
  return !json_object_set_new(object, key, value);
}

static json_t *job_json(const cvz_attribute *attributes, int count)
{
  json_t *job = json_object();
  bool complete = true;
  for (int i = 0; i < count; i++) complete &= set(job, attributes[i].key, cvz_json_attribute(&attributes[i]));
  if (complete) return job;
  json_decref(job);
  return NULL;
}

/* As a command line has it. */
static json_t *change_json(const cvz_attribute *attribute, const cvz_option *option)
{
  if (option->kind == CVZ_OPTION_FLAG) return json_string(attribute->integer ? "true" : "false");
  return cvz_json_attribute(attribute);
}

/* In what a job differs from its recipe. */
static json_t *changes_json(const cvz_attribute *attributes, int count)
{
  json_t *changes = json_object();
  const cvz_option **changed = cvz_array((size_t)count + 1, sizeof *changed, NULL);
  bool complete = changed && cvz_changes_find(attributes, count, changed, NULL) == CVZ_OK;
  for (int i = 0; complete && i < count; i++)
    if (changed[i]) complete = set(changes, changed[i]->name, change_json(&attributes[i], changed[i]));
  free(changed);
  if (complete) return changes;
  json_decref(changes);
  return NULL;
}

static json_t *variants_json(const cvz_manifest *manifest)
{
  json_t *variants = json_object();
  bool complete = variants;
  for (int i = 0; complete && i < manifest->variant_count; i++) {
    const cvz_manifest_variant *variant = &manifest->variants[i];
    json_t *json = json_object();
    complete = set(variants, variant->name, json) &&
               set(json, "job", job_json(variant->attributes, variant->attribute_count)) &&
               set(json, "changes", changes_json(variant->attributes, variant->attribute_count));
  }
  if (complete) return variants;
  json_decref(variants);
  return NULL;
}

static json_t *counts_json(const cvz_output_layer *layer)
{
  json_t *counts = json_object();
  bool complete = true;
  for (int i = CVZ_UNIT_MISSING; i < CVZ_UNIT_STATUSES; i++)
    complete &= set(counts, cvz_unit_status_name((cvz_unit_status)i), json_integer(layer->summary.by_status[i]));
  if (complete) return counts;
  json_decref(counts);
  return NULL;
}

static json_t *file_json(const char *stem, const char *extension)
{
  cvz_text path = {0};
  cvz_text_add(&path, "layers/%s.%s", stem, extension);
  json_t *json = path.failed ? NULL : cvz_json_text(path.data);
  cvz_text_free(&path);
  return json;
}

/* Where a layer of a part stands in the whole job, and with how many filters. */
static json_t *layer_part_json(const cvz_whole *whole, int index)
{
  json_t *json = json_object();
  if (set(json, "place", json_integer(whole->place[index])) &&
      set(json, "filters", json_integer(whole->filter_count[index])))
    return json;
  json_decref(json);
  return NULL;
}

static json_t *part_json(const cvz_output_part *part)
{
  json_t *json = json_object();
  if (set(json, "index", json_integer(part->shard.index)) && set(json, "count", json_integer(part->shard.count)) &&
      set(json, "layers", json_integer(part->whole.layer_count)))
    return json;
  json_decref(json);
  return NULL;
}

static json_t *best_json(const cvz_layer_summary *summary)
{
  json_t *best = json_array();
  bool complete = true;
  for (int i = 0; i < summary->best_count; i++)
    complete &= !json_array_append_new(best, json_integer(summary->best[i]));
  if (complete) return best;
  json_decref(best);
  return NULL;
}

static json_t *asked_json(const cvz_asked *asked)
{
  json_t *json = json_object();
  if (set(json, "layer", asked->layer ? cvz_json_text(asked->layer) : json_null()) &&
      set(json, "objective", cvz_json_text(asked->objective)) && set(json, "by_filter", json_boolean(asked->by_filter)))
    return json;
  json_decref(json);
  return NULL;
}

static json_t *layer_json(const cvz_output_layer *layer)
{
  json_t *json = json_object();
  const bool complete =
      set(json, "name", cvz_json_text(layer->name)) && set(json, "class", cvz_json_text(layer->class_name)) &&
      set(json, "asked", asked_json(&layer->asked)) && set(json, "shape", cvz_json_text(layer->shape)) &&
      set(json, "data", file_json(layer->stem, "h5")) && set(json, "grid", file_json(layer->stem, "png")) &&
      set(json, "filters", json_integer(layer->count)) && set(json, "columns", json_integer(layer->columns)) &&
      set(json, "tile", json_pack("[i, i]", layer->tile_width, layer->tile_height)) &&
      set(json, "status", counts_json(layer)) && set(json, "best_loss", float_json(layer->summary.best_loss)) &&
      set(json, "best", best_json(&layer->summary));
  if (complete) return json;
  json_decref(json);
  return NULL;
}

static json_t *layers_json(const cvz_output_layer *layers, int count, const cvz_output_part *part)
{
  json_t *array = json_array();
  bool complete = true;
  for (int i = 0; i < count; i++) {
    json_t *layer = layer_json(&layers[i]);
    complete &= !json_array_append_new(array, layer);
    if (complete && part) complete = set(layer, "whole", layer_part_json(&part->whole, i));
  }
  if (complete) return array;
  json_decref(array);
  return NULL;
}

/* The network as cvz_manifest.network has it. */
static json_t *network_json(const char *network)
{
  return network && *network ? json_loads(network, 0, NULL) : json_array();
}

static cvz_status add_json(cvz_text *text, const cvz_manifest *manifest, size_t flags, cvz_error *error)
{
  json_t *root = json_object();
  char *lines = NULL;
  const cvz_output_part *part = manifest->part;
  const bool complete = set(root, "format", json_string("convviz-mpi manifest")) &&
                        set(root, "format_version", json_integer(1)) &&
                        (!part || set(root, "shard", part_json(part))) &&
                        set(root, "job", job_json(manifest->attributes, manifest->attribute_count)) &&
                        set(root, "changes", changes_json(manifest->attributes, manifest->attribute_count)) &&
                        (!manifest->variant_count || set(root, "variants", variants_json(manifest))) &&
                        set(root, "layers", layers_json(manifest->layers, manifest->layer_count, part)) &&
                        set(root, "network", network_json(manifest->network));
  if (complete) lines = json_dumps(root, flags | JSON_REAL_PRECISION(REAL_DIGITS));
  if (lines)
    cvz_text_add(text, "%s", lines);
  else
    text->failed = 1;
  free(lines);
  json_decref(root);
  return cvz_text_check(text, error);
}

cvz_status cvz_manifest_text(const cvz_manifest *manifest, cvz_text *text, cvz_error *error)
{
  return add_json(text, manifest, JSON_COMPACT | JSON_ENSURE_ASCII, error);
}

cvz_status cvz_manifest_write(const char *directory, const cvz_manifest *manifest, cvz_error *error)
{
  cvz_text text = {0}, path = {0};
  cvz_text_add(&path, "%s/manifest.json", directory);
  cvz_status status = cvz_text_check(&path, error);
  if (status == CVZ_OK) status = add_json(&text, manifest, JSON_INDENT(2), error);
  cvz_text_add(&text, "\n");
  if (status == CVZ_OK) status = cvz_text_check(&text, error);
  if (status == CVZ_OK) status = cvz_file_write(path.data, text.data, text.length, error);
  cvz_text_free(&text);
  cvz_text_free(&path);
  return status;
}
