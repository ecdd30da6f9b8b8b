/* model/hdf5.h: the weights of a Keras model in HDF5. Inside model/ only. Two layouts:
 *
 * by names, Keras 1 to 3 (keras/src/legacy/saving/legacy_h5_format.py):
 *   /                model_config, keras_version      a full model
 *   /model_weights   layer_names                      of a weights-only file this is / itself
 *   .../LAYER        weight_names                     a list too long for one attribute: weight_names0, weight_names1
 * ...
 *   .../LAYER/NAME   a dataset for each weight; NAME often has a '/' of its own
 *
 * by paths, .weights.h5 and .keras since Keras 2.12 (keras/src/saving/saving_lib.py):
 *   /layers/CLASS_N/vars/I                            the I-th weight of the N-th layer of a class
 *   /layers/functional/layers/CLASS_N/vars/I          the same in a nested model
 * Keras 2.12 to 2.14 write _layer_checkpoint_dependencies for layers. */
#ifndef CVZ_MODEL_HDF5_H
#define CVZ_MODEL_HDF5_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct cvz_hdf5 cvz_hdf5;

/** Opens a file, which stays open.
 *  @param name  what messages call it
 *  @param archived  the file is of a .keras archive, which has the configuration elsewhere, and is in memory: `path`
 *                   need not have a name on disk
 *  @return CVZ_E_IO (unreadable); CVZ_E_FORMAT (truncated, damaged, no weights in a layout of Keras) */
cvz_status cvz_hdf5_open(cvz_hdf5 **file, const char *path, const char *name, bool archived, cvz_error *error);

/** Harmless on NULL. */
void cvz_hdf5_close(cvz_hdf5 *file);

/** The configuration's JSON; NULL in a weights-only file. */
const char *cvz_hdf5_config(const cvz_hdf5 *file);

/** Keras's version, NULL if the file does not tell. */
const char *cvz_hdf5_version(const cvz_hdf5 *file);

/** Whether the index tells paths and not names of layers. */
bool cvz_hdf5_by_paths(const cvz_hdf5 *file);

/** A new list of the weights, see model/weight.h. */
cvz_status cvz_hdf5_index(cvz_hdf5 *file, json_t **index, cvz_error *error);

/** Reads the dataset at `name` of the index, of any numeric type, as floats.
 *  @return CVZ_E_FORMAT if it is not `rank` numbers `dims` in size, not numeric or damaged */
cvz_status cvz_hdf5_read(cvz_hdf5 *file, const char *name, int rank, const int *dims, float *values, cvz_error *error);

/** Does what a reader of all weights does, to see whether the library survives it: of each dataset of the index, what
 *  the library has to find, unpack or convert. */
void cvz_hdf5_rehearse(cvz_hdf5 *file);

#endif
