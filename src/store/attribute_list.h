/* store/attribute_list.h: all attributes of an HDF5 object. Inside store/ only. */
#ifndef CVZ_STORE_ATTRIBUTE_LIST_H
#define CVZ_STORE_ATTRIBUTE_LIST_H

#include <hdf5.h>
#include <stdbool.h>

#include "base/attribute.h"

/** Zero-initialise. Keys and texts are owned. */
typedef struct cvz_attribute_list {
  cvz_attribute *items;
  int count;
} cvz_attribute_list;

/** Reads them in the order in which they were written: this kind of file keeps it, sorting by name would lose it.
 *  False if there are too many or one is neither a number nor a text. To be freed also then. */
bool cvz_attribute_list_read(cvz_attribute_list *list, hid_t object);

/** Forgets the first `count`. */
void cvz_attribute_list_drop(cvz_attribute_list *list, int count);

void cvz_attribute_list_free(cvz_attribute_list *list);

#endif
