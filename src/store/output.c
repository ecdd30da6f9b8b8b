#include "store/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/journal.h"

/* What this program writes beside the folders. */
static const char *const own_files[] = {"manifest.json", "index.html"};
static const size_t own_count = sizeof own_files / sizeof *own_files;

/* The folders of results, those inside before those around them, and what the names in them end with. */
static const struct {
  const char *name;
  const char *ends[3];
} folders[] = {
    {"layers", {".h5", ".png", ".apng"}}, {"site/layers", {".js", ".png"}}, {"site", {".js", ".css", ".svg"}}};
static const size_t folder_count = sizeof folders / sizeof *folders;
#define LAYERS 0 /* the folder of what a job is for */

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

static bool is_result(const char *name, const char *end)
{
  return *name != '.' && ends_with(name, end);
}

static bool is_leftover(const char *name, const char *end)
{
  const size_t length = strlen(name), tail = strlen(CVZ_FILE_TEMPORARY);
  char whole[NAME_MAX + 1];
  if (*name != '.' || length > NAME_MAX || !ends_with(name, CVZ_FILE_TEMPORARY)) return false;
  memcpy(whole, name, length - tail);
  whole[length - tail] = 0;
  return ends_with(whole, end);
}

static cvz_status remove_file(const char *path, cvz_error *error)
{
  if (unlink(path) && errno != ENOENT) return cvz_file_fail(error, "remove", path, errno);
  return CVZ_OK;
}

typedef bool (*name_test)(const char *name, const char *end);

static bool is_wanted(const char *name, size_t folder, name_test wanted)
{
  for (size_t i = 0; i < sizeof folders->ends / sizeof *folders->ends; i++)
    if (folders[folder].ends[i] && wanted(name, folders[folder].ends[i])) return true;
  return false;
}

/* Looks in a folder for names that are `wanted`, up to the first, or removes them all. One that is not there has none.
 */
static cvz_status visit_folder(const char *directory, size_t index, name_test wanted, bool remove, bool *found,
                               cvz_error *error)
{
  char path[PATH_MAX];
  cvz_status status = CVZ_OK;
  CVZ_TRY(join(path, error, "%s/%s", directory, folders[index].name));
  DIR *folder = opendir(path);
  if (!folder) return errno == ENOENT ? CVZ_OK : cvz_file_fail(error, "read", path, errno);
  for (const struct dirent *entry; (entry = readdir(folder));) {
    if (!is_wanted(entry->d_name, index, wanted)) continue;
    *found = true;
    if (!remove) break;
    CVZ_TRY_GOTO(join(path, error, "%s/%s/%s", directory, folders[index].name, entry->d_name), done);
    CVZ_TRY_GOTO(remove_file(path, error), done);
  }
done:
  closedir(folder);
  return status;
}

static cvz_status visit_folders(const char *directory, name_test wanted, bool remove, bool *found, cvz_error *error)
{
  for (size_t i = 0; i < folder_count; i++) CVZ_TRY(visit_folder(directory, i, wanted, remove, found, error));
  return CVZ_OK;
}

static cvz_status make_folders(const char *directory, cvz_error *error)
{
  for (size_t i = 0; i < folder_count; i++) {
    char path[PATH_MAX];
    CVZ_TRY(join(path, error, "%s/%s", directory, folders[i].name));
    CVZ_TRY(cvz_file_make_directory(path, error));
  }
  return CVZ_OK;
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
  return visit_folder(directory, LAYERS, is_result, false, found, error);
}

static cvz_status remove_results(const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  bool found;
  for (size_t i = 0; i < own_count; i++) {
    CVZ_TRY(join(path, error, "%s/%s", directory, own_files[i]));
    CVZ_TRY(remove_file(path, error));
  }
  CVZ_TRY(visit_folders(directory, is_result, true, &found, error));
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
  return visit_folders(directory, is_leftover, true, &found, error);
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
  CVZ_TRY(make_folders(directory, error));
  CVZ_TRY(has_results(directory, &found, error));
  CVZ_REQUIRE(!found || mode != CVZ_OUTPUT_NEW, error, CVZ_E_USAGE,
              "out: '%s' has the results of a job, expected another directory, --resume or --overwrite", directory);
  CVZ_TRY(try_to_write(directory, error));
  CVZ_TRY(try_to_write(layers, error));
  if (found && mode == CVZ_OUTPUT_OVERWRITE) CVZ_TRY(remove_results(directory, error));
  CVZ_TRY(cvz_file_make_directory(journal, error));
  return remove_leftovers(directory, error);
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
