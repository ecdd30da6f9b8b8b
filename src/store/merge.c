#include "store/merge.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/job_text.h"
#include "store/layer_read.h"
#include "store/layer_write.h"
#include "store/results.h"

typedef struct part {
  const char *directory;
  json_t *manifest;
} part;

/* A unit of a layer: which part has it, and where. */
typedef struct place {
  int filter, part, index;
} place;

struct cvz_merge {
  part *parts;
  int part_count;
  cvz_output_layer *layers;
  char (*stems)[256]; /* of the layers */
  int *expected;      /* filters of each layer in the whole job */
  int layer_count;
  cvz_layer_read *first; /* whose attributes are lent */
  cvz_text job;          /* the same as text */
  char *network;         /* as JSON */
};

static int number(const json_t *object, const char *key)
{
  const json_t *value = json_object_get(object, key);
  const json_int_t found = json_is_integer(value) ? json_integer_value(value) : -1;
  return found < 0 || found > INT_MAX ? -1 : (int)found;
}

static cvz_status load_part(part *p, const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  json_error_t place_of_error;
  p->directory = directory;
  snprintf(path, sizeof path, "%s/manifest.json", directory);
  CVZ_REQUIRE(!access(path, F_OK), error, CVZ_E_USAGE,
              "merge: '%s' has no manifest.json, expected the results of a job that has ended", directory);
  p->manifest = json_load_file(path, 0, &place_of_error);
  CVZ_REQUIRE(p->manifest, error, CVZ_E_FORMAT, "merge: '%s': %s", path, place_of_error.text);
  CVZ_REQUIRE(json_is_object(json_object_get(p->manifest, "shard")), error, CVZ_E_USAGE,
              "merge: '%s' is a whole job, expected a part that --shard made", directory);
  return CVZ_OK;
}

/* All parts of one cutting, each once. */
static cvz_status check_parts(const cvz_merge *merge, cvz_error *error)
{
  const json_t *first = json_object_get(merge->parts[0].manifest, "shard");
  const int count = number(first, "count");
  for (int i = 0; i < merge->part_count; i++) {
    const json_t *shard = json_object_get(merge->parts[i].manifest, "shard");
    CVZ_REQUIRE(number(shard, "count") == count && number(shard, "layers") == number(first, "layers"), error,
                CVZ_E_USAGE, "merge: '%s' is part %d of %d, '%s' part %d of %d; expected parts of one job",
                merge->parts[0].directory, number(first, "index"), count, merge->parts[i].directory,
                number(shard, "index"), number(shard, "count"));
  }
  for (int wanted = 1; wanted <= count; wanted++) {
    int found = 0;
    for (int i = 0; i < merge->part_count; i++)
      found += number(json_object_get(merge->parts[i].manifest, "shard"), "index") == wanted;
    CVZ_REQUIRE(found == 1, error, CVZ_E_USAGE, "merge: part %d of %d is there %d times, expected each part once",
                wanted, count, found);
  }
  CVZ_REQUIRE(count == merge->part_count, error, CVZ_E_FORMAT, "merge: '%s': a part without its number",
              merge->parts[0].directory);
  return CVZ_OK;
}

/* What one part says of one layer; what it has in common with the other parts must be the same. */
static bool note_layer(cvz_merge *merge, const json_t *layer)
{
  const json_t *whole = json_object_get(layer, "whole");
  const int index = number(whole, "place"), filters = number(whole, "filters");
  char stem[256];
  if (index < 0 || index >= merge->layer_count || filters < 1 || !cvz_results_stem(stem, layer)) return false;
  cvz_output_layer *known = &merge->layers[index];
  const char *name = json_string_value(json_object_get(layer, "name"));
  const char *class_name = json_string_value(json_object_get(layer, "class"));
  const char *shape = json_string_value(json_object_get(layer, "shape"));
  cvz_asked asked;
  if (!name || !class_name || !cvz_results_asked(&asked, layer) || !shape || strlen(shape) >= sizeof known->shape)
    return false;
  if (known->name) return !strcmp(known->name, name) && merge->expected[index] == filters;
  memcpy(merge->stems[index], stem, sizeof stem);
  *known = (cvz_output_layer){.name = name, .class_name = class_name, .asked = asked, .stem = merge->stems[index]};
  memcpy(known->shape, shape, strlen(shape) + 1);
  merge->expected[index] = filters;
  return true;
}

static cvz_status note_layers(cvz_merge *merge, cvz_error *error)
{
  merge->layer_count = number(json_object_get(merge->parts[0].manifest, "shard"), "layers");
  CVZ_REQUIRE(merge->layer_count > 0, error, CVZ_E_FORMAT, "merge: '%s': a part without its layers",
              merge->parts[0].directory);
  const size_t count = (size_t)merge->layer_count;
  merge->layers = cvz_array(count, sizeof *merge->layers, error);
  merge->stems = cvz_array(count, sizeof *merge->stems, error);
  merge->expected = cvz_array(count, sizeof *merge->expected, error);
  if (!merge->layers || !merge->stems || !merge->expected) return CVZ_E_MEMORY;
  for (int i = 0; i < merge->part_count; i++) {
    const json_t *layer, *layers = json_object_get(merge->parts[i].manifest, "layers");
    size_t index;
    json_array_foreach(layers, index, layer)
        CVZ_REQUIRE(note_layer(merge, layer), error, CVZ_E_USAGE,
                    "merge: '%s': its layer %zu does not fit the other parts, expected parts of one job",
                    merge->parts[i].directory, index + 1);
  }
  for (int i = 0; i < merge->layer_count; i++)
    CVZ_REQUIRE(merge->layers[i].name, error, CVZ_E_FORMAT, "merge: no part has layer %d of %d", i + 1,
                merge->layer_count);
  return CVZ_OK;
}

static cvz_status open_parts(cvz_merge *merge, const char *const *directories, int count, cvz_error *error)
{
  merge->parts = cvz_array((size_t)count, sizeof *merge->parts, error);
  if (!merge->parts) return CVZ_E_MEMORY;
  for (; merge->part_count < count; merge->part_count++)
    CVZ_TRY(load_part(&merge->parts[merge->part_count], directories[merge->part_count], error));
  CVZ_TRY(check_parts(merge, error));
  return note_layers(merge, error);
}

cvz_status cvz_merge_open(cvz_merge **merge, const char *const *directories, int count, cvz_error *error)
{
  cvz_merge *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  const cvz_status status = open_parts(opened, directories, count, error);
  if (status == CVZ_OK)
    *merge = opened;
  else
    cvz_merge_close(opened);
  return status;
}

void cvz_merge_close(cvz_merge *merge)
{
  if (!merge) return;
  for (int i = 0; i < merge->part_count; i++) json_decref(merge->parts[i].manifest);
  cvz_layer_read_close(merge->first);
  cvz_text_free(&merge->job);
  free(merge->parts);
  free(merge->layers);
  free(merge->stems);
  free(merge->expected);
  free(merge->network);
  free(merge);
}

int cvz_merge_layers(const cvz_merge *merge)
{
  return merge->layer_count;
}

cvz_status cvz_merge_manifest(cvz_merge *merge, cvz_manifest *manifest, cvz_error *error)
{
  const cvz_layer_file_info *info = cvz_layer_read_info(merge->first);
  const json_t *network = json_object_get(merge->parts[0].manifest, "network");
  free(merge->network);
  merge->network = json_dumps(network, JSON_COMPACT);
  CVZ_REQUIRE(merge->network, error, CVZ_E_FORMAT, "merge: '%s': its manifest.json has no network",
              merge->parts[0].directory);
  *manifest = (cvz_manifest){.attributes = info->attributes + CVZ_LAYER_KEYS,
                             .attribute_count = info->attribute_count - CVZ_LAYER_KEYS,
                             .layers = merge->layers,
                             .layer_count = merge->layer_count,
                             .network = merge->network};
  return CVZ_OK;
}

/* The files of one layer in the parts that have it. */
typedef struct joining {
  cvz_layer_read **reads; /* per part, NULL: it has none of the layer */
  place *places;
  int *filters;
  const char **labels;  /* lent by the reads; NULL: the filters have no names */
  int count, reference; /* a part that has the layer */
} joining;

static bool part_has(const part *p, int index)
{
  const json_t *layer;
  size_t i;
  json_array_foreach(json_object_get(p->manifest, "layers"), i,
                     layer) if (number(json_object_get(layer, "whole"), "place") == index) return true;
  return false;
}

/* The job as a file's attributes tell it, and how large its pictures are. */
static cvz_status describe(cvz_text *text, const cvz_layer_file_info *info, cvz_error *error)
{
  if (info->attribute_count > CVZ_LAYER_KEYS)
    cvz_job_text_add(text, info->attributes + CVZ_LAYER_KEYS, info->attribute_count - CVZ_LAYER_KEYS);
  cvz_text_add(text, "steps = %d\ntile = %d x %d x %d\nraw = %d x %d x %d\n", info->steps, info->tile_height,
               info->tile_width, info->channels, info->raw_height, info->raw_width, info->raw_channels);
  return cvz_text_check(text, error);
}

/* The very first file sets what all others must say; it stays open, since its attributes are lent. */
static cvz_status check_job(cvz_merge *merge, const char *directory, const char *stem, const cvz_layer_file_info *info,
                            cvz_error *error)
{
  cvz_text text = {0};
  if (!merge->first) {
    CVZ_TRY(cvz_layer_read_open(&merge->first, directory, stem, error));
    return describe(&merge->job, info, error);
  }
  cvz_status status = describe(&text, info, error);
  if (status == CVZ_OK) status = cvz_job_text_same(text.data, merge->job.data, directory, error);
  cvz_text_free(&text);
  return status;
}

static cvz_status open_layer(cvz_merge *merge, joining *join, int index, cvz_error *error)
{
  join->reads = cvz_array((size_t)merge->part_count, sizeof *join->reads, error);
  if (!join->reads) return CVZ_E_MEMORY;
  for (int i = 0; i < merge->part_count; i++) {
    const part *p = &merge->parts[i];
    if (!part_has(p, index)) continue;
    CVZ_TRY(cvz_layer_read_open(&join->reads[i], p->directory, merge->stems[index], error));
    const cvz_layer_file_info *info = cvz_layer_read_info(join->reads[i]);
    CVZ_TRY(check_job(merge, p->directory, merge->stems[index], info, error));
    CVZ_REQUIRE(info->count <= merge->expected[index] - join->count, error, CVZ_E_USAGE,
                "merge: layer '%s' has more filters than the %d of the job", merge->layers[index].name,
                merge->expected[index]);
    join->count += info->count;
    join->reference = i;
  }
  return CVZ_OK;
}

static int by_filter(const void *a, const void *b)
{
  const place *x = a, *y = b;
  return (x->filter > y->filter) - (x->filter < y->filter);
}

static cvz_status sort_filters(const cvz_merge *merge, joining *join, int index, cvz_error *error)
{
  const char *name = merge->layers[index].name;
  int next = 0;
  CVZ_REQUIRE(join->count == merge->expected[index], error, CVZ_E_USAGE,
              "merge: layer '%s' has %d filters in the parts, expected the %d of the job", name, join->count,
              merge->expected[index]);
  join->places = cvz_array((size_t)join->count, sizeof *join->places, error);
  join->filters = cvz_array((size_t)join->count, sizeof *join->filters, error);
  if (!join->places || !join->filters) return CVZ_E_MEMORY;
  for (int i = 0; i < merge->part_count; i++) {
    if (!join->reads[i]) continue;
    const cvz_layer_file_info *info = cvz_layer_read_info(join->reads[i]);
    for (int k = 0; k < info->count; k++) join->places[next++] = (place){info->filters[k], i, k};
  }
  qsort(join->places, (size_t)join->count, sizeof *join->places, by_filter);
  for (int i = 0; i < join->count; i++) {
    join->filters[i] = join->places[i].filter;
    CVZ_REQUIRE(!i || join->filters[i] != join->filters[i - 1], error, CVZ_E_USAGE,
                "merge: filter %d of layer '%s' is there twice", join->filters[i], name);
  }
  return CVZ_OK;
}

/* Either all parts have names or none: the job is the same. */
static cvz_status gather_labels(joining *join, cvz_error *error)
{
  if (!cvz_layer_read_info(join->reads[join->reference])->labels) return CVZ_OK;
  join->labels = cvz_array((size_t)join->count, sizeof *join->labels, error);
  if (!join->labels) return CVZ_E_MEMORY;
  for (int i = 0; i < join->count; i++) {
    const cvz_layer_file_info *info = cvz_layer_read_info(join->reads[join->places[i].part]);
    join->labels[i] = info->labels ? info->labels[join->places[i].index] : "";
  }
  return CVZ_OK;
}

static cvz_status read_unit(void *context, int index, cvz_result *result, cvz_error *error)
{
  const joining *join = context;
  const place *from = &join->places[index];
  return cvz_layer_read_unit(join->reads[from->part], from->index, result, error);
}

static cvz_status write_layer(joining *join, cvz_output_layer *layer, const char *out, cvz_error *error)
{
  cvz_layer_file_info info = *cvz_layer_read_info(join->reads[join->reference]);
  info.directory = out;
  info.filters = join->filters, info.labels = join->labels, info.count = join->count;
  return cvz_layer_write(info, (cvz_unit_source){read_unit, join}, layer, error);
}

cvz_status cvz_merge_layer(cvz_merge *merge, int index, const char *out, cvz_error *error)
{
  joining join = {0};
  cvz_status status = open_layer(merge, &join, index, error);
  if (status == CVZ_OK) status = sort_filters(merge, &join, index, error);
  if (status == CVZ_OK) status = gather_labels(&join, error);
  if (status == CVZ_OK) status = write_layer(&join, &merge->layers[index], out, error);
  for (int i = 0; join.reads && i < merge->part_count; i++) cvz_layer_read_close(join.reads[i]);
  free(join.labels);
  free(join.filters);
  free(join.places);
  free(join.reads);
  return status;
}
