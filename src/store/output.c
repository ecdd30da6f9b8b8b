#include "store/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/journal.h"
#include "store/utf8.h"

#define REAL_DIGITS 15 /**< the most that every decimal number survives; the layers' files have the exact values */

/* What this program writes beside the folder of layers. */
static const char *const own_files[] = {"manifest.json", "index.html"};
static const size_t own_count = sizeof own_files / sizeof *own_files;

static cvz_status join(char path[PATH_MAX], cvz_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static cvz_status join(char path[PATH_MAX], cvz_error *error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(path, PATH_MAX, format, arguments);
  va_end(arguments);
  if (length < 0 || length >= PATH_MAX) return cvz_file_fail(error, "write", path, ENAMETOOLONG);
  return CVZ_OK;
}

static bool ends_with(const char *name, const char *end)
{
  const size_t length = strlen(name), tail = strlen(end);
  return length > tail && !strcmp(name + length - tail, end);
}

static bool is_result(const char *name)
{
  return *name != '.' && (ends_with(name, ".h5") || ends_with(name, ".png"));
}

static bool is_leftover(const char *name)
{
  return *name == '.' && (ends_with(name, ".h5" CVZ_FILE_TEMPORARY) || ends_with(name, ".png" CVZ_FILE_TEMPORARY));
}

static cvz_status remove_file(const char *path, cvz_error *error)
{
  if (unlink(path) && errno != ENOENT) return cvz_file_fail(error, "remove", path, errno);
  return CVZ_OK;
}

typedef bool (*name_test)(const char *name);

/* Looks in layers/ for names that are `wanted`, up to the first, or removes them all. */
static cvz_status visit_layers(const char *directory, name_test wanted, bool remove, bool *found, cvz_error *error)
{
  char path[PATH_MAX];
  cvz_status status = CVZ_OK;
  CVZ_TRY(join(path, error, "%s/layers", directory));
  DIR *folder = opendir(path);
  if (!folder) return cvz_file_fail(error, "read", path, errno);
  for (const struct dirent *entry; (entry = readdir(folder));) {
    if (!wanted(entry->d_name)) continue;
    *found = true;
    if (!remove) break;
    CVZ_TRY_GOTO(join(path, error, "%s/layers/%s", directory, entry->d_name), done);
    CVZ_TRY_GOTO(remove_file(path, error), done);
  }
done:
  closedir(folder);
  return status;
}

static cvz_status has_results(const char *directory, bool *found, cvz_error *error)
{
  char path[PATH_MAX];
  cvz_journal_file *files;
  int count;
  CVZ_TRY(cvz_journal_list(&files, &count, directory, error));
  free(files);
  *found = count > 0;
  if (*found) return CVZ_OK;
  CVZ_TRY(join(path, error, "%s/manifest.json", directory));
  *found = !access(path, F_OK);
  return visit_layers(directory, is_result, false, found, error);
}

static cvz_status remove_results(const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  bool found;
  for (size_t i = 0; i < own_count; i++) {
    CVZ_TRY(join(path, error, "%s/%s", directory, own_files[i]));
    CVZ_TRY(remove_file(path, error));
  }
  CVZ_TRY(visit_layers(directory, is_result, true, &found, error));
  return cvz_journal_remove(directory, error);
}

static cvz_status remove_leftovers(const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  bool found;
  for (size_t i = 0; i < own_count; i++) {
    CVZ_TRY(join(path, error, "%s/.%s" CVZ_FILE_TEMPORARY, directory, own_files[i]));
    CVZ_TRY(remove_file(path, error));
  }
  return visit_layers(directory, is_leftover, true, &found, error);
}

/* Makes a file there and removes it: permissions alone do not tell of a read-only file system or a quota. */
static cvz_status try_to_write(const char *folder, cvz_error *error)
{
  char path[PATH_MAX];
  CVZ_TRY(join(path, error, "%s/.probe" CVZ_FILE_TEMPORARY, folder));
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return cvz_file_fail(error, "write", folder, errno);
  close(file);
  return remove_file(path, error);
}

cvz_status cvz_output_prepare(const char *directory, cvz_output_mode mode, cvz_error *error)
{
  char layers[PATH_MAX], journal[PATH_MAX];
  bool found = false;
  CVZ_TRY(cvz_file_make_directory(directory, error));
  CVZ_TRY(join(layers, error, "%s/layers", directory));
  CVZ_TRY(join(journal, error, "%s/journal", directory));
  CVZ_TRY(cvz_file_make_directory(layers, error));
  CVZ_TRY(has_results(directory, &found, error));
  CVZ_REQUIRE(!found || mode != CVZ_OUTPUT_NEW, error, CVZ_E_USAGE,
              "out: '%s' has the results of a job, expected another directory, --resume or --overwrite", directory);
  CVZ_TRY(try_to_write(directory, error));
  CVZ_TRY(try_to_write(layers, error));
  if (found && mode == CVZ_OUTPUT_OVERWRITE) CVZ_TRY(remove_results(directory, error));
  CVZ_TRY(cvz_file_make_directory(journal, error));
  return remove_leftovers(directory, error);
}

/* NULL without memory, as all makers of JSON here; json_object_set_new and json_array_append_new pass that on. */
static json_t *text_json(const char *text)
{
  cvz_text clean = {0};
  cvz_utf8_add(&clean, text);
  json_t *json = clean.failed ? NULL : json_stringn(clean.data ? clean.data : "", clean.length);
  cvz_text_free(&clean);
  return json;
}

/* JSON has no number that is not finite. */
static json_t *real_json(double real)
{
  return isfinite(real) ? json_real(real) : json_null();
}

/* A float with the digits it has, not those of the double it becomes. */
static json_t *float_json(float value)
{
  char digits[32];
  snprintf(digits, sizeof digits, "%.9g", (double)value);
  return real_json(strtod(digits, NULL));
}

static json_t *attribute_json(const cvz_attribute *attribute)
{
  switch (attribute->kind) {
  case CVZ_ATTRIBUTE_INTEGER:
    return json_integer(attribute->integer);
  case CVZ_ATTRIBUTE_REAL:
    return real_json(attribute->real);
  case CVZ_ATTRIBUTE_TEXT:
    return text_json(attribute->text);
  }
  return NULL;
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
  for (int i = 0; i < count; i++) complete &= set(job, attributes[i].key, attribute_json(&attributes[i]));
  if (complete) return job;
  json_decref(job);
  return NULL;
}

static json_t *counts_json(const cvz_output_layer *layer)
{
  json_t *counts = json_object();
  bool complete = true;
  for (int i = CVZ_UNIT_MISSING; i < CVZ_UNIT_STATUSES; i++)
    complete &= set(counts, cvz_unit_status_name((cvz_unit_status)i), json_integer(layer->by_status[i]));
  if (complete) return counts;
  json_decref(counts);
  return NULL;
}

static json_t *file_json(const char *stem, const char *extension)
{
  cvz_text path = {0};
  cvz_text_add(&path, "layers/%s.%s", stem, extension);
  json_t *json = path.failed ? NULL : text_json(path.data);
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

static json_t *layer_json(const cvz_output_layer *layer)
{
  json_t *json = json_object();
  const bool complete =
      set(json, "name", text_json(layer->name)) && set(json, "class", text_json(layer->class_name)) &&
      set(json, "shape", text_json(layer->shape)) && set(json, "data", file_json(layer->stem, "h5")) &&
      set(json, "grid", file_json(layer->stem, "png")) && set(json, "filters", json_integer(layer->count)) &&
      set(json, "columns", json_integer(layer->columns)) && set(json, "status", counts_json(layer)) &&
      set(json, "best_loss", float_json(layer->best_loss));
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

cvz_status cvz_output_manifest(const char *directory, const cvz_output_part *part, const cvz_attribute *attributes,
                               int attribute_count, const cvz_output_layer *layers, int layer_count, cvz_error *error)
{
  char path[PATH_MAX];
  cvz_text text = {0};
  char *lines = NULL;
  CVZ_TRY(join(path, error, "%s/manifest.json", directory));
  json_t *root = json_object();
  const bool complete =
      set(root, "format", json_string("convviz-mpi manifest")) && set(root, "format_version", json_integer(1)) &&
      (!part || set(root, "shard", part_json(part))) && set(root, "job", job_json(attributes, attribute_count)) &&
      set(root, "layers", layers_json(layers, layer_count, part));
  if (complete) lines = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
  if (lines)
    cvz_text_add(&text, "%s\n", lines);
  else
    text.failed = 1;
  cvz_status status = cvz_text_check(&text, error);
  if (status == CVZ_OK) status = cvz_file_write(path, text.data, text.length, error);
  cvz_text_free(&text);
  free(lines);
  json_decref(root);
  return status;
}

static bool same_layers(json_t *manifest, const cvz_output_layer *layers, int count)
{
  const json_t *found = json_object_get(manifest, "layers");
  if (json_array_size(found) != (size_t)count) return false;
  for (int i = 0; i < count; i++) {
    const json_t *layer = json_array_get(found, (size_t)i);
    const char *name = json_string_value(json_object_get(layer, "name"));
    if (!name || strcmp(name, layers[i].name)) return false;
    if (json_integer_value(json_object_get(layer, "filters")) != layers[i].count) return false;
  }
  return true;
}

cvz_status cvz_output_same_layers(const char *directory, const cvz_output_layer *layers, int layer_count,
                                  cvz_error *error)
{
  char path[PATH_MAX];
  CVZ_TRY(join(path, error, "%s/manifest.json", directory));
  if (access(path, F_OK)) return CVZ_OK;
  json_t *manifest = json_load_file(path, 0, NULL);
  const bool same = same_layers(manifest, layers, layer_count);
  json_decref(manifest);
  CVZ_REQUIRE(same, error, CVZ_E_USAGE, "'%s' is of a job with other layers, expected the same", directory);
  return CVZ_OK;
}
