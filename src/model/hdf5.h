/* model/hdf5.h: Keras's legacy HDF5 layout (.h5). Inside model/ only.
 *
 *   /                model_config, keras_version      a full model
 *   /model_weights   layer_names                      of a weights-only file this is / itself
 *   .../LAYER        weight_names                     a list too long for one attribute: weight_names0, weight_names1
 * ..
 *   .../LAYER/NAME   a dataset for each weight; NAME often has a '/' of its own
 */
#ifndef CVZ_MODEL_HDF5_H
#define CVZ_MODEL_HDF5_H

#include <jansson.h>
#include <stddef.h>

#include "base/status.h"

typedef struct cvz_hdf5 cvz_hdf5;

/** Opens a file, which stays open.
 *  @return CVZ_E_IO (missing, unreadable, a directory); CVZ_E_FORMAT (not HDF5, truncated, no weights in Keras's
 *          layout); CVZ_E_UNSUPPORTED (a container of Keras 3) */
cvz_status cvz_hdf5_open(cvz_hdf5 **file, const char *path, cvz_error *error);

/** Harmless on NULL. */
void cvz_hdf5_close(cvz_hdf5 *file);

/** The configuration's JSON; NULL in a weights-only file. */
const char *cvz_hdf5_config(const cvz_hdf5 *file);

/** Keras's version, "" if the file does not tell. */
const char *cvz_hdf5_version(const cvz_hdf5 *file);

/** A new list of the weights, see model/weight.h. */
cvz_status cvz_hdf5_index(cvz_hdf5 *file, json_t **index, cvz_error *error);

/** Reads the dataset at `name` of the index, of any numeric type, as floats.
 *  @return CVZ_E_FORMAT if it is not `rank` numbers `dims` in size, not numeric or damaged */
cvz_status cvz_hdf5_read(cvz_hdf5 *file, const char *name, int rank, const int *dims, float *values, cvz_error *error);

#endif
