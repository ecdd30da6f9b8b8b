/* model/hdf5_text.h: the texts in attributes of an HDF5 file. Inside model/ only. */
#ifndef CVZ_MODEL_HDF5_TEXT_H
#define CVZ_MODEL_HDF5_TEXT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/** A list of texts, owned. Zero-initialise. */
typedef struct cvz_hdf5_texts {
  char **items;
  size_t count, capacity;
} cvz_hdf5_texts;

void cvz_hdf5_texts_free(cvz_hdf5_texts *list);

/** Appends a copy of `text`. */
cvz_status cvz_hdf5_texts_add(cvz_hdf5_texts *list, const char *text, cvz_error *error);

/** The one text of attribute `name`: a new one; NULL if there is no such attribute.
 *  @param file  what a message calls the file
 *  @return CVZ_E_FORMAT if the attribute is no text, several or damaged */
cvz_status cvz_hdf5_text(const char *file, hid_t object, const char *name, char **text, cvz_error *error);

/** Appends the texts of attribute `name`, or of those that it was split into: name0, name1, ... None is no error. */
cvz_status cvz_hdf5_texts_read(const char *file, hid_t object, const char *name, cvz_hdf5_texts *list,
                               cvz_error *error);

/** Whether cvz_hdf5_texts_read would find such an attribute. */
bool cvz_hdf5_texts_there(hid_t object, const char *name);

#endif
