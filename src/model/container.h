/* model/container.h: Keras's files as one: a configuration, perhaps, and weights. Inside model/ only. */
#ifndef CVZ_MODEL_CONTAINER_H
#define CVZ_MODEL_CONTAINER_H

#include <jansson.h>

#include "model/hdf5.h"

typedef struct cvz_container cvz_container;

/** Opens a file, recognised by its content: HDF5 or a .keras archive. A process of its own reads it first, so that
 *  damage which crashes a library is an error.
 *  @return the errors of cvz_file_look, cvz_archive_read and cvz_hdf5_open */
cvz_status cvz_container_open(cvz_container **container, const char *path, cvz_error *error);

/** Harmless on NULL. */
void cvz_container_close(cvz_container *container);

/** The configuration's JSON; NULL in a weights-only file. */
const char *cvz_container_config(const cvz_container *container);

/** Keras's version, "" if the file does not tell. */
const char *cvz_container_version(const cvz_container *container);

/** The weights. */
cvz_hdf5 *cvz_container_weights(const cvz_container *container);

#endif
