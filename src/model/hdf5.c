#include "model/hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/trial.h"
#include "model/heap.h"

#define NAMES_MAX      ((hssize_t)1 << 20) /* in one attribute */
#define TEXT_MAX       ((size_t)1 << 28)   /* bytes of an attribute */
#define ATTRIBUTES_MAX 4096                /* that a list is split over */
#define TEXT_SIZE      16                  /* bytes of a text of variable length in the file */
#define NUMBER_MAX     16                  /* bytes of a number */
#define PACKED_MOST    1100                /* numbers in a byte of a file: zlib's best is 1032 bytes to one */

#define REHEARSAL_SECONDS 20 /* of processor time; a sound file takes some milliseconds */

struct cvz_hdf5 {
  char *path;
  hid_t file, weights; /* the group of weights */
  hid_t access[2];     /* property lists of groups and datasets that refuse links to other files */
  char *config, *version;
};

/* The library prints its own account of every failure unless it is told not to; ours is one line. */
typedef struct silence {
  H5E_auto2_t report;
  void *data;
} silence;

static silence hush(void)
{
  silence before = {0};
  H5dont_atexit(); /* after a damaged file the library (1.10.8) prints "infinite loop closing library" when it exits */
  H5Eget_auto2(H5E_DEFAULT, &before.report, &before.data);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  return before;
}

static void unhush(silence before)
{
  H5Eset_auto2(H5E_DEFAULT, before.report, before.data);
}

/* ---- Attributes */

/* A list of texts. */
typedef struct names {
  char **items;
  size_t count, capacity;
} names;

static void free_names(names *list)
{
  for (size_t i = 0; i < list->count; i++) free(list->items[i]);
  free(list->items);
  *list = (names){0};
}

static cvz_status append_name(names *list, const char *text, size_t length, cvz_error *error)
{
  CVZ_TRY(cvz_grow((void **)&list->items, &list->capacity, list->count, sizeof *list->items, error));
  char *copy = strndup(text, length);
  CVZ_REQUIRE(copy, error, CVZ_E_MEMORY, "memory: no room for a name of %zu bytes", length);
  list->items[list->count++] = copy;
  return CVZ_OK;
}

/* A damaged type with large parts makes the library clear gigabytes. */
static bool is_usual_variable(hid_t attribute, size_t count)
{
  const hid_t type = H5Aget_type(attribute), letter = type >= 0 ? H5Tget_super(type) : -1;
  const bool usual = letter >= 0 && H5Tget_size(letter) == 1 && H5Aget_storage_size(attribute) == count * TEXT_SIZE;
  if (letter >= 0) H5Tclose(letter);
  if (type >= 0) H5Tclose(type);
  return usual;
}

static cvz_status read_variable(names *list, hid_t attribute, size_t count, cvz_error *error)
{
  if (!is_usual_variable(attribute, count)) return CVZ_E_FORMAT;
  cvz_status status = CVZ_E_FORMAT;
  char **texts = cvz_array(count, sizeof *texts, error);
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  if (!texts) {
    status = CVZ_E_MEMORY;
  } else if (type >= 0 && space >= 0 && H5Aread(attribute, type, texts) >= 0) {
    status = CVZ_OK;
    for (size_t i = 0; status == CVZ_OK && i < count; i++)
      status = append_name(list, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0, error);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  free(texts);
  return status;
}

/* Texts of a fixed length need not end in a NUL. */
static cvz_status read_fixed(names *list, hid_t attribute, hid_t type, size_t count, cvz_error *error)
{
  const size_t length = H5Tget_size(type);
  size_t bytes;
  if (length == 0 || !cvz_size_mul(&bytes, count, length) || bytes > TEXT_MAX) return CVZ_E_FORMAT;
  char *data = cvz_array(bytes, 1, error);
  if (!data) return CVZ_E_MEMORY;
  cvz_status status = H5Aread(attribute, type, data) < 0 ? CVZ_E_FORMAT : CVZ_OK;
  for (size_t i = 0; status == CVZ_OK && i < count; i++) {
    size_t used = strnlen(data + i * length, length);
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
      while (used && data[i * length + used - 1] == ' ') used--;
    status = append_name(list, data + i * length, used, error);
  }
  free(data);
  return status;
}

/* All texts of an open attribute. An empty one may be of any type: NumPy makes an empty list one of floats.
 * CVZ_E_FORMAT without a message: the caller knows what it is of. */
static cvz_status read_attribute(names *list, hid_t attribute, cvz_error *error)
{
  cvz_status status = CVZ_E_FORMAT;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
  if (type >= 0 && count == 0)
    status = CVZ_OK;
  else if (type >= 0 && count > 0 && count <= NAMES_MAX && H5Tget_class(type) == H5T_STRING)
    status = H5Tis_variable_str(type) > 0 ? read_variable(list, attribute, (size_t)count, error)
                                          : read_fixed(list, attribute, type, (size_t)count, error);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  return status;
}

static cvz_status read_named(const cvz_hdf5 *f, names *list, hid_t object, const char *name, cvz_error *error)
{
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const cvz_status status = attribute >= 0 ? read_attribute(list, attribute, error) : CVZ_E_FORMAT;
  if (attribute >= 0) H5Aclose(attribute);
  CVZ_REQUIRE(status != CVZ_E_FORMAT, error, status, "%s: attribute %s is no text, or is damaged", f->path, name);
  return status;
}

/* The one text of an attribute: a new one; NULL if there is no such attribute. */
static cvz_status read_text(const cvz_hdf5 *f, hid_t object, const char *name, char **text, cvz_error *error)
{
  *text = NULL;
  if (H5Aexists(object, name) <= 0) return CVZ_OK;
  names list = {0};
  const cvz_status status = read_named(f, &list, object, name, error);
  if (status == CVZ_OK && list.count == 1) {
    *text = list.items[0];
    list.items[0] = NULL;
  }
  const size_t count = list.count;
  free_names(&list);
  CVZ_REQUIRE(status != CVZ_OK || count == 1, error, CVZ_E_FORMAT, "%s: attribute %s has %zu texts, expected one",
              f->path, name, count);
  return status;
}

/* The list `name`, or what it was split into: name0, name1, ... */
static cvz_status read_list(const cvz_hdf5 *f, hid_t object, const char *name, names *list, cvz_error *error)
{
  if (H5Aexists(object, name) > 0) return read_named(f, list, object, name, error);
  char part[64];
  for (int i = 0; i < ATTRIBUTES_MAX; i++) {
    snprintf(part, sizeof part, "%s%d", name, i);
    if (H5Aexists(object, part) <= 0) break;
    CVZ_TRY(read_named(f, list, object, part, error));
  }
  return CVZ_OK;
}

static bool has_list(hid_t object, const char *name)
{
  char first[64];
  snprintf(first, sizeof first, "%s0", name);
  return H5Aexists(object, name) > 0 || H5Aexists(object, first) > 0;
}

/* ---- Opening */

/* A model must not reach for other files. */
static herr_t refuse_link(const char *parent_file, const char *parent_group, const char *file, const char *object,
                          unsigned *flags, hid_t access, void *data)
{
  (void)parent_file, (void)parent_group, (void)file, (void)object, (void)flags, (void)access, (void)data;
  return -1;
}

/* The kind of file by its first bytes; HDF5's own signature may also stand further back. */
static cvz_status check_file(const char *path, cvz_error *error)
{
  struct stat info;
  CVZ_REQUIRE(stat(path, &info) == 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
  CVZ_REQUIRE(!S_ISDIR(info.st_mode), error, CVZ_E_IO, "%s: is a directory, expected a Keras model file", path);
  unsigned char start[8] = {0};
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  CVZ_REQUIRE(descriptor >= 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
  const ssize_t count = read(descriptor, start, sizeof start);
  close(descriptor);
  CVZ_REQUIRE(count > 0, error, CVZ_E_FORMAT, "%s: is empty, expected a Keras model file", path);
  CVZ_REQUIRE(memcmp(start, "PK\3\4", 4) != 0, error, CVZ_E_UNSUPPORTED,
              "%s: is a ZIP archive (.keras), expected HDF5: save the model as .h5", path);
  CVZ_REQUIRE(H5Fis_hdf5(path) > 0, error, CVZ_E_FORMAT, "%s: is not an HDF5 file, expected a Keras model (.h5)", path);
  return CVZ_OK;
}

static hid_t open_file(const char *path)
{
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0)) || H5_VERSION_GE(1, 12, 1)
  H5Pset_file_locking(access, 0, 1); /* many clusters' file systems have no locks */
#endif
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  H5Pclose(access);
  return file;
}

static cvz_status open_weights(cvz_hdf5 *f, cvz_error *error)
{
  const char *group = f->config ? "model_weights" : "/";
  f->weights = H5Gopen2(f->file, group, f->access[0]);
  CVZ_REQUIRE(f->weights >= 0, error, CVZ_E_FORMAT, "%s: has no group %s, expected the weights there", f->path, group);
  if (has_list(f->weights, "layer_names")) return CVZ_OK;
  const bool keras3 =
      H5Lexists(f->weights, "layers", H5P_DEFAULT) > 0 || H5Lexists(f->weights, "vars", H5P_DEFAULT) > 0;
  CVZ_REQUIRE(!keras3, error, CVZ_E_UNSUPPORTED,
              "%s: is a weights file of Keras 3 (.weights.h5), expected a model saved as .h5", f->path);
  return cvz_fail(error, CVZ_E_FORMAT, "%s: has no model_config and no layer_names, expected a Keras model", f->path);
}

/* The library's own sizes of addresses and lengths in the file, which the check of the heap takes for granted. */
static bool has_usual_sizes(hid_t file)
{
  size_t addresses = 0, lengths = 0;
  const hid_t list = H5Fget_create_plist(file);
  if (list < 0) return false;
  H5Pget_sizes(list, &addresses, &lengths);
  H5Pclose(list);
  return addresses == 8 && lengths == 8;
}

static cvz_status open_all(cvz_hdf5 *f, cvz_error *error)
{
  CVZ_TRY(cvz_heap_check(f->path, error));
  f->access[0] = H5Pcreate(H5P_GROUP_ACCESS);
  f->access[1] = H5Pcreate(H5P_DATASET_ACCESS);
  CVZ_REQUIRE(f->access[0] >= 0 && f->access[1] >= 0, error, CVZ_E_MEMORY, "memory: no room to open %s", f->path);
  for (int i = 0; i < 2; i++) H5Pset_elink_cb(f->access[i], refuse_link, NULL);
  f->file = open_file(f->path);
  CVZ_REQUIRE(f->file >= 0, error, CVZ_E_FORMAT, "%s: is truncated or damaged, expected a complete HDF5 file", f->path);
  CVZ_REQUIRE(has_usual_sizes(f->file), error, CVZ_E_UNSUPPORTED,
              "%s: has addresses or lengths that are not 8 bytes, as HDF5 for Keras has", f->path);
  CVZ_TRY(read_text(f, f->file, "model_config", &f->config, error));
  CVZ_TRY(read_text(f, f->file, "keras_version", &f->version, error));
  return open_weights(f, error);
}

void cvz_hdf5_close(cvz_hdf5 *f)
{
  if (!f) return;
  const silence before = hush();
  if (f->weights >= 0) H5Gclose(f->weights);
  if (f->file >= 0) H5Fclose(f->file);
  for (int i = 0; i < 2; i++)
    if (f->access[i] >= 0) H5Pclose(f->access[i]);
  unhush(before);
  free(f->config);
  free(f->version);
  free(f->path);
  free(f);
}

static cvz_status open_here(cvz_hdf5 **file, const char *path, cvz_error *error)
{
  *file = NULL;
  cvz_hdf5 *f = cvz_array(1, sizeof *f, error);
  if (!f) return CVZ_E_MEMORY;
  f->file = f->weights = f->access[0] = f->access[1] = -1;
  const silence before = hush();
  f->path = cvz_copy_text(path, error);
  cvz_status status = f->path ? check_file(path, error) : CVZ_E_MEMORY;
  if (status == CVZ_OK) status = open_all(f, error);
  unhush(before);
  if (status == CVZ_OK)
    *file = f;
  else
    cvz_hdf5_close(f);
  return status;
}

const char *cvz_hdf5_config(const cvz_hdf5 *f)
{
  return f->config;
}

const char *cvz_hdf5_version(const cvz_hdf5 *f)
{
  return f->version ? f->version : "";
}

/* ---- Index */

/* The sizes of a dataset; NULL if there is none. Sizes past 63 bits fit nothing: they become the largest number. */
static json_t *dataset_dims(const cvz_hdf5 *f, const char *path)
{
  hsize_t dims[H5S_MAX_RANK];
  const hid_t dataset = H5Dopen2(f->weights, path, f->access[1]);
  if (dataset < 0) return NULL;
  const hid_t space = H5Dget_space(dataset);
  const int rank = space >= 0 ? H5Sget_simple_extent_dims(space, dims, NULL) : -1;
  json_t *list = rank >= 0 ? json_array() : NULL;
  for (int i = 0; list && i < rank; i++)
    json_array_append_new(list, json_integer(dims[i] > INT64_MAX ? INT64_MAX : (json_int_t)dims[i]));
  if (space >= 0) H5Sclose(space);
  H5Dclose(dataset);
  return list;
}

static cvz_status index_weight(const cvz_hdf5 *f, json_t *weights, const char *layer, const char *name,
                               cvz_error *error)
{
  json_t *path = json_sprintf("%s/%s", layer, name); /* NULL if it is not UTF-8 */
  CVZ_REQUIRE(path, error, CVZ_E_FORMAT, "%s: weight '%s' of layer '%s' has a name that is not UTF-8", f->path, name,
              layer);
  json_t *weight = json_pack("{s:o, s:o*}", "name", path, "dims", dataset_dims(f, json_string_value(path)));
  CVZ_REQUIRE(weight && json_array_append_new(weights, weight) == 0, error, CVZ_E_MEMORY,
              "memory: no room for the index of %s", f->path);
  return CVZ_OK;
}

static cvz_status index_layer(const cvz_hdf5 *f, json_t *index, const char *layer, cvz_error *error)
{
  json_t *weights = json_array();
  json_t *entry = json_pack("{s:s, s:o}", "layer", layer, "weights", weights);
  CVZ_REQUIRE(entry && json_array_append_new(index, entry) == 0, error, CVZ_E_FORMAT,
              "%s: layer '%s' has a name that is not UTF-8", f->path, layer);
  const hid_t group = *layer ? H5Gopen2(f->weights, layer, f->access[0]) : -1;
  CVZ_REQUIRE(group >= 0, error, CVZ_E_FORMAT, "%s: has no group for layer '%s', which layer_names lists", f->path,
              layer);
  names list = {0};
  cvz_status status = read_list(f, group, "weight_names", &list, error);
  for (size_t i = 0; status == CVZ_OK && i < list.count; i++)
    status = index_weight(f, weights, layer, list.items[i], error);
  free_names(&list);
  H5Gclose(group);
  return status;
}

cvz_status cvz_hdf5_index(cvz_hdf5 *f, json_t **index, cvz_error *error)
{
  names layers = {0};
  const silence before = hush();
  *index = json_array();
  cvz_status status = *index ? read_list(f, f->weights, "layer_names", &layers, error) : CVZ_E_MEMORY;
  for (size_t i = 0; status == CVZ_OK && i < layers.count; i++) status = index_layer(f, *index, layers.items[i], error);
  free_names(&layers);
  unhush(before);
  if (status == CVZ_OK) return status;
  json_decref(*index);
  *index = NULL;
  return status;
}

/* ---- Values */

static bool same_dims(hid_t dataset, int rank, const int *dims)
{
  hsize_t found[H5S_MAX_RANK];
  const hid_t space = H5Dget_space(dataset);
  bool same = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL &&
              H5Sget_simple_extent_dims(space, found, NULL) == rank;
  for (int i = 0; same && i < rank; i++) same = found[i] == (hsize_t)dims[i];
  if (space >= 0) H5Sclose(space);
  return same;
}

static bool is_numeric(hid_t dataset)
{
  const hid_t type = H5Dget_type(dataset);
  const H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
  const size_t bytes = type >= 0 ? H5Tget_size(type) : 0;
  if (type >= 0) H5Tclose(type);
  return (class == H5T_FLOAT || class == H5T_INTEGER) && bytes <= NUMBER_MAX;
}

/* Values in the file itself, and not in others that it names. */
static bool is_inside(hid_t dataset)
{
  const hid_t list = H5Dget_create_plist(dataset);
  const bool inside = list >= 0 && H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_external_count(list) <= 0;
  if (list >= 0) H5Pclose(list);
  return inside;
}

static cvz_status read_values(const cvz_hdf5 *f, hid_t dataset, const char *name, int rank, const int *dims,
                              float *values, cvz_error *error)
{
  CVZ_REQUIRE(dataset >= 0, error, CVZ_E_FORMAT, "%s: has no weight '%s'", f->path, name);
  CVZ_REQUIRE(same_dims(dataset, rank, dims), error, CVZ_E_FORMAT, "%s: weight '%s' has another shape than at first",
              f->path, name);
  CVZ_REQUIRE(is_numeric(dataset), error, CVZ_E_FORMAT, "%s: weight '%s' has no numbers, expected some", f->path, name);
  CVZ_REQUIRE(is_inside(dataset), error, CVZ_E_UNSUPPORTED,
              "%s: weight '%s' is kept in another file, expected the values here", f->path, name);
  CVZ_REQUIRE(H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, error, CVZ_E_FORMAT,
              "%s: weight '%s' cannot be read: the file is damaged or truncated", f->path, name);
  return CVZ_OK;
}

cvz_status cvz_hdf5_read(cvz_hdf5 *f, const char *name, int rank, const int *dims, float *values, cvz_error *error)
{
  const silence before = hush();
  const hid_t dataset = H5Dopen2(f->weights, name, f->access[1]);
  const cvz_status status = read_values(f, dataset, name, rank, dims, values, error);
  if (dataset >= 0) H5Dclose(dataset);
  unhush(before);
  return status;
}

/* ---- The rehearsal */

/* Values that the library only copies: as they are, in one piece. */
static bool is_plain(hid_t dataset)
{
  const hid_t list = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
  const bool plain = list >= 0 && H5Pget_layout(list) == H5D_CONTIGUOUS && H5Tequal(type, H5T_IEEE_F32LE) > 0;
  if (type >= 0) H5Tclose(type);
  if (list >= 0) H5Pclose(list);
  return plain;
}

/* Reads values that the library has to find, unpack or convert; not more of them than the file can hold, for damage may
 * have made them many. */
static void rehearse_values(const cvz_hdf5 *f, hid_t dataset)
{
  const hid_t space = H5Dget_space(dataset);
  const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : 0;
  if (space >= 0) H5Sclose(space);
  hsize_t bytes;
  if (is_plain(dataset) || H5Fget_filesize(f->file, &bytes) < 0 || count <= 0 || (hsize_t)count / PACKED_MOST > bytes)
    return;
  float *values = malloc((size_t)count * sizeof *values);
  if (values && is_numeric(dataset) && is_inside(dataset))
    H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  free(values);
}

static void rehearse_weights(const cvz_hdf5 *f, const json_t *index)
{
  size_t i, j;
  const json_t *layer, *weight;
  json_array_foreach(index, i, layer)
  {
    json_array_foreach(json_object_get(layer, "weights"), j, weight)
    {
      const hid_t dataset = H5Dopen2(f->weights, json_string_value(json_object_get(weight, "name")), f->access[1]);
      if (dataset < 0) continue;
      rehearse_values(f, dataset);
      H5Dclose(dataset);
    }
  }
}

/* All that a reader of the file does, to see whether the library survives it. */
static void rehearse(void *path)
{
  cvz_hdf5 *f;
  json_t *index;
  if (open_here(&f, path, NULL) != CVZ_OK) return;
  hush();
  if (cvz_hdf5_index(f, &index, NULL) == CVZ_OK) rehearse_weights(f, index);
  cvz_hdf5_close(f);
}

cvz_status cvz_hdf5_open(cvz_hdf5 **file, const char *path, cvz_error *error)
{
  *file = NULL;
  char *name = cvz_copy_text(path, error);
  if (!name) return CVZ_E_MEMORY;
  const bool survived = cvz_trial(rehearse, name, REHEARSAL_SECONDS);
  free(name);
  CVZ_REQUIRE(survived, error, CVZ_E_FORMAT, "%s: is damaged, expected a sound HDF5 file: the library fails on it",
              path);
  return open_here(file, path, error);
}
