#include "model/hdf5_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define TEXTS_MAX      ((hssize_t)1 << 20) /* in one attribute */
#define BYTES_MAX      ((size_t)1 << 28)   /* of an attribute */
#define ATTRIBUTES_MAX 4096                /* that a list is split over */
#define REFERENCE_SIZE 16                  /* bytes of a text of variable length in the file */

void cvz_hdf5_texts_free(cvz_hdf5_texts *list)
{
  for (size_t i = 0; i < list->count; i++) free(list->items[i]);
  free(list->items);
  *list = (cvz_hdf5_texts){0};
}

static cvz_status append(cvz_hdf5_texts *list, const char *text, size_t length, cvz_error *error)
{
  CVZ_TRY(cvz_grow((void **)&list->items, &list->capacity, list->count, sizeof *list->items, error));
  char *copy = strndup(text, length);
  CVZ_REQUIRE(copy, error, CVZ_E_MEMORY, "memory: no room for a name of %zu bytes", length);
  list->items[list->count++] = copy;
  return CVZ_OK;
}

cvz_status cvz_hdf5_texts_add(cvz_hdf5_texts *list, const char *text, cvz_error *error)
{
  return append(list, text, strlen(text), error);
}

/* A damaged type with large parts makes the library clear gigabytes. */
static bool is_usual_variable(hid_t attribute, size_t count)
{
  const hid_t type = H5Aget_type(attribute), letter = type >= 0 ? H5Tget_super(type) : -1;
  const bool usual =
      letter >= 0 && H5Tget_size(letter) == 1 && H5Aget_storage_size(attribute) == count * REFERENCE_SIZE;
  if (letter >= 0) H5Tclose(letter);
  if (type >= 0) H5Tclose(type);
  return usual;
}

static cvz_status read_variable(cvz_hdf5_texts *list, hid_t attribute, size_t count, cvz_error *error)
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
      status = cvz_hdf5_texts_add(list, texts[i] ? texts[i] : "", error);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
  }
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  free(texts);
  return status;
}

/* Texts of a fixed length need not end in a NUL. */
static cvz_status read_fixed(cvz_hdf5_texts *list, hid_t attribute, hid_t type, size_t count, cvz_error *error)
{
  const size_t length = H5Tget_size(type);
  size_t bytes;
  if (length == 0 || !cvz_size_mul(&bytes, count, length) || bytes > BYTES_MAX) return CVZ_E_FORMAT;
  char *data = cvz_array(bytes, 1, error);
  if (!data) return CVZ_E_MEMORY;
  cvz_status status = H5Aread(attribute, type, data) < 0 ? CVZ_E_FORMAT : CVZ_OK;
  for (size_t i = 0; status == CVZ_OK && i < count; i++) {
    size_t used = strnlen(data + i * length, length);
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
      while (used && data[i * length + used - 1] == ' ') used--;
    status = append(list, data + i * length, used, error);
  }
  free(data);
  return status;
}

/* All texts of an open attribute. An empty one may be of any type: NumPy makes an empty list one of floats.
 * CVZ_E_FORMAT without a message: the caller knows what it is of. */
static cvz_status read_attribute(cvz_hdf5_texts *list, hid_t attribute, cvz_error *error)
{
  cvz_status status = CVZ_E_FORMAT;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
  if (type >= 0 && count == 0)
    status = CVZ_OK;
  else if (type >= 0 && count > 0 && count <= TEXTS_MAX && H5Tget_class(type) == H5T_STRING)
    status = H5Tis_variable_str(type) > 0 ? read_variable(list, attribute, (size_t)count, error)
                                          : read_fixed(list, attribute, type, (size_t)count, error);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  return status;
}

static cvz_status read_named(const char *file, cvz_hdf5_texts *list, hid_t object, const char *name, cvz_error *error)
{
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const cvz_status status = attribute >= 0 ? read_attribute(list, attribute, error) : CVZ_E_FORMAT;
  if (attribute >= 0) H5Aclose(attribute);
  CVZ_REQUIRE(status != CVZ_E_FORMAT, error, status, "%s: attribute %s is no text, or is damaged", file, name);
  return status;
}

cvz_status cvz_hdf5_text(const char *file, hid_t object, const char *name, char **text, cvz_error *error)
{
  *text = NULL;
  if (H5Aexists(object, name) <= 0) return CVZ_OK;
  cvz_hdf5_texts list = {0};
  const cvz_status status = read_named(file, &list, object, name, error);
  if (status == CVZ_OK && list.count == 1) {
    *text = list.items[0];
    list.items[0] = NULL;
  }
  const size_t count = list.count;
  cvz_hdf5_texts_free(&list);
  CVZ_REQUIRE(status != CVZ_OK || count == 1, error, CVZ_E_FORMAT, "%s: attribute %s has %zu texts, expected one", file,
              name, count);
  return status;
}

cvz_status cvz_hdf5_texts_read(const char *file, hid_t object, const char *name, cvz_hdf5_texts *list, cvz_error *error)
{
  if (H5Aexists(object, name) > 0) return read_named(file, list, object, name, error);
  char part[64];
  for (int i = 0; i < ATTRIBUTES_MAX; i++) {
    snprintf(part, sizeof part, "%s%d", name, i);
    if (H5Aexists(object, part) <= 0) break;
    CVZ_TRY(read_named(file, list, object, part, error));
  }
  return CVZ_OK;
}

bool cvz_hdf5_texts_there(hid_t object, const char *name)
{
  char first[64];
  snprintf(first, sizeof first, "%s0", name);
  return H5Aexists(object, name) > 0 || H5Aexists(object, first) > 0;
}
