/* Which weights a file has. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/hdf5_file.h"
#include "model/hdf5_text.h"

#define DEPTH_MAX 64                /* of groups: models in models */
#define LINKS_MAX ((size_t)1 << 20) /* in all groups together: links may form circles */

/* ---- Entries */

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

/* Appends the weight at LAYER/NAME; there may be none. */
static cvz_status index_weight(const cvz_hdf5 *f, json_t *weights, const char *layer, const char *name,
                               cvz_error *error)
{
  json_t *path = json_sprintf("%s/%s", layer, name); /* NULL if it is not UTF-8 */
  CVZ_REQUIRE(path, error, CVZ_E_FORMAT, "%s: weight '%s' of layer '%s' has a name that is not UTF-8", f->name, name,
              layer);
  json_t *weight = json_pack("{s:o, s:o*}", "name", path, "dims", dataset_dims(f, json_string_value(path)));
  CVZ_REQUIRE(weight && json_array_append_new(weights, weight) == 0, error, CVZ_E_MEMORY,
              "memory: no room for the index of %s", f->name);
  return CVZ_OK;
}

/* Appends a layer, whose list of weights is empty and belongs to the index. */
static cvz_status add_layer(const cvz_hdf5 *f, json_t *index, const char *layer, json_t **weights, cvz_error *error)
{
  *weights = json_array();
  json_t *entry = json_pack("{s:s, s:o}", "layer", layer, "weights", *weights);
  CVZ_REQUIRE(entry && json_array_append_new(index, entry) == 0, error, CVZ_E_FORMAT,
              "%s: layer '%s' has a name that is not UTF-8", f->name, layer);
  return CVZ_OK;
}

/* ---- By names */

static cvz_status index_named(const cvz_hdf5 *f, json_t *index, const char *layer, cvz_error *error)
{
  json_t *weights;
  CVZ_TRY(add_layer(f, index, layer, &weights, error));
  const hid_t group = *layer ? H5Gopen2(f->weights, layer, f->access[0]) : -1;
  CVZ_REQUIRE(group >= 0, error, CVZ_E_FORMAT, "%s: has no group for layer '%s', which layer_names lists", f->name,
              layer);
  cvz_hdf5_texts list = {0};
  cvz_status status = cvz_hdf5_texts_read(f->name, group, "weight_names", &list, error);
  for (size_t i = 0; status == CVZ_OK && i < list.count; i++)
    status = index_weight(f, weights, layer, list.items[i], error);
  cvz_hdf5_texts_free(&list);
  H5Gclose(group);
  return status;
}

static cvz_status index_by_names(const cvz_hdf5 *f, json_t *index, cvz_error *error)
{
  cvz_hdf5_texts layers = {0};
  cvz_status status = cvz_hdf5_texts_read(f->name, f->weights, "layer_names", &layers, error);
  for (size_t i = 0; status == CVZ_OK && i < layers.count; i++) status = index_named(f, index, layers.items[i], error);
  cvz_hdf5_texts_free(&layers);
  return status;
}

/* ---- By paths */

/* The groups between the file's root and the one that is looked through. */
typedef struct walk {
  const cvz_hdf5 *f;
  json_t *index;
  char path[2048];  /* in the file */
  char layer[2048]; /* the same with `layers` in all versions */
  size_t links;
  int depth;
} walk;

/* The links of a group that lead to objects of this file; Keras writes no others. */
static herr_t collect_link(hid_t group, const char *name, const H5L_info_t *info, void *list)
{
  (void)group;
  if (info->type != H5L_TYPE_HARD) return 0;
  return cvz_hdf5_texts_add(list, name, NULL) == CVZ_OK ? 0 : -1;
}

/* The datasets 0, 1, 2, ... of `vars`. */
static cvz_status index_vars(walk *w, hid_t vars, cvz_error *error)
{
  json_t *weights;
  char name[16], path[sizeof w->path + 8];
  CVZ_TRY(add_layer(w->f, w->index, w->layer, &weights, error));
  snprintf(path, sizeof path, "%s/vars", w->path);
  for (int i = 0;; i++) {
    snprintf(name, sizeof name, "%d", i);
    if (H5Lexists(vars, name, H5P_DEFAULT) <= 0) return CVZ_OK;
    CVZ_REQUIRE(++w->links < LINKS_MAX, error, CVZ_E_FORMAT, "%s: has too many weights", w->f->name);
    CVZ_TRY(index_weight(w->f, weights, path, name, error));
  }
}

static cvz_status index_group(walk *w, hid_t group, cvz_error *error);

/* Goes into a group of the current one, and comes back. */
static cvz_status index_child(walk *w, hid_t group, const char *name, cvz_error *error)
{
  const size_t path = strlen(w->path), layer = strlen(w->layer), length = strlen(name);
  CVZ_REQUIRE(w->depth < DEPTH_MAX && path + length + 2 < sizeof w->path && ++w->links < LINKS_MAX, error, CVZ_E_FORMAT,
              "%s: has groups too deep or too many, expected layers in models", w->f->name);
  const hid_t child = H5Gopen2(group, name, w->f->access[0]);
  if (child < 0) return CVZ_OK; /* no group */
  cvz_status status;
  if (!strcmp(name, "vars")) {
    status = index_vars(w, child, error);
  } else {
    snprintf(w->path + path, sizeof w->path - path, "%s%s", path ? "/" : "", name);
    snprintf(w->layer + layer, sizeof w->layer - layer, "%s%s", layer ? "/" : "",
             strcmp(name, CVZ_CHECKPOINT_GROUP) ? name : "layers");
    w->depth++;
    status = index_group(w, child, error);
    w->depth--;
    w->path[path] = w->layer[layer] = 0;
  }
  H5Gclose(child);
  return status;
}

static cvz_status index_group(walk *w, hid_t group, cvz_error *error)
{
  cvz_hdf5_texts names = {0};
  hsize_t place = 0;
  cvz_status status = CVZ_OK;
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &place, collect_link, &names) < 0)
    status = cvz_fail(error, CVZ_E_FORMAT, "%s: group '%s' cannot be read: the file is damaged", w->f->name, w->path);
  for (size_t i = 0; status == CVZ_OK && i < names.count; i++) status = index_child(w, group, names.items[i], error);
  cvz_hdf5_texts_free(&names);
  return status;
}

/* Beside the layers there may be the state of the optimizer and of metrics. */
static cvz_status index_by_paths(const cvz_hdf5 *f, json_t *index, cvz_error *error)
{
  static const char *const roots[] = {"layers", CVZ_CHECKPOINT_GROUP};
  walk w = {.f = f, .index = index};
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
    if (H5Lexists(f->weights, roots[i], H5P_DEFAULT) > 0) CVZ_TRY(index_child(&w, f->weights, roots[i], error));
  return CVZ_OK;
}

cvz_status cvz_hdf5_index(cvz_hdf5 *f, json_t **index, cvz_error *error)
{
  *index = json_array();
  CVZ_REQUIRE(*index, error, CVZ_E_MEMORY, "memory: no room for the index of %s", f->name);
  const cvz_hdf5_silence before = cvz_hdf5_hush();
  const cvz_status status = f->by_paths ? index_by_paths(f, *index, error) : index_by_names(f, *index, error);
  cvz_hdf5_unhush(before);
  if (status == CVZ_OK) return status;
  json_decref(*index);
  *index = NULL;
  return status;
}
