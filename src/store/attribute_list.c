#include "store/attribute_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ATTRIBUTES_MAX 256

/* The text of a variable-length string attribute, to be freed; NULL if there is none. */
static char *text_value(hid_t attribute)
{
  char *stored = NULL, *text = NULL;
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  if (H5Aread(attribute, type, &stored) >= 0 && stored) text = strdup(stored);
  if (stored) H5free_memory(stored);
  H5Tclose(type);
  return text;
}

static bool read_value(hid_t attribute, cvz_attribute *item)
{
  const hid_t type = H5Aget_type(attribute);
  const H5T_class_t class = H5Tget_class(type);
  const bool variable = H5Tis_variable_str(type) > 0;
  H5Tclose(type);
  if (class == H5T_INTEGER) {
    item->kind = CVZ_ATTRIBUTE_INTEGER;
    return H5Aread(attribute, H5T_NATIVE_INT64, &item->integer) >= 0;
  }
  if (class == H5T_FLOAT) {
    item->kind = CVZ_ATTRIBUTE_REAL;
    return H5Aread(attribute, H5T_NATIVE_DOUBLE, &item->real) >= 0;
  }
  item->kind = CVZ_ATTRIBUTE_TEXT;
  item->text = variable ? text_value(attribute) : NULL;
  return item->text;
}

/* For H5Aiterate2. */
static herr_t take_attribute(hid_t object, const char *name, const H5A_info_t *about, void *context)
{
  cvz_attribute_list *list = context;
  (void)about;
  if (list->count == ATTRIBUTES_MAX) return -1;
  cvz_attribute *item = &list->items[list->count++];
  *item = (cvz_attribute){.key = strdup(name), .kind = CVZ_ATTRIBUTE_INTEGER};
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const bool good = item->key && attribute >= 0 && read_value(attribute, item);
  if (attribute >= 0) H5Aclose(attribute);
  return good ? 0 : -1;
}

static void forget_attribute(const cvz_attribute *item)
{
  if (item->kind == CVZ_ATTRIBUTE_TEXT) free((char *)item->text);
  free((char *)item->key);
}

void cvz_attribute_list_free(cvz_attribute_list *list)
{
  for (int i = 0; i < list->count; i++) forget_attribute(&list->items[i]);
  free(list->items);
  *list = (cvz_attribute_list){0};
}

void cvz_attribute_list_drop(cvz_attribute_list *list, int count)
{
  for (int i = 0; i < count; i++) forget_attribute(&list->items[i]);
  list->count -= count;
  memmove(list->items, list->items + count, (size_t)list->count * sizeof *list->items);
}

bool cvz_attribute_list_read(cvz_attribute_list *list, hid_t object)
{
  hsize_t start = 0;
  list->items = cvz_array(ATTRIBUTES_MAX, sizeof *list->items, NULL);
  return list->items && H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &start, take_attribute, list) >= 0;
}
