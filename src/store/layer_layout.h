/* store/layer_layout.h: the HDF5 objects of a layer's file, and where in the file their data lie. docs/format.md has
 * the format. */
#ifndef CVZ_STORE_LAYER_LAYOUT_H
#define CVZ_STORE_LAYER_LAYOUT_H

#include <stdint.h>

#include "store/layer_file.h"
#include "store/layer_similar.h"

/** Offsets in bytes of the datasets' first elements; 0 of a dataset that is empty or not wanted. Every dataset is
 *  contiguous and in the machine's byte order, so its elements can be written without HDF5. */
typedef struct cvz_layer_datasets {
  uint64_t noise_mean, noise_deviation, status, repeat, attempt, score, loss, tiles, film, raw;
} cvz_layer_datasets;

typedef struct cvz_layer_layout {
  uint64_t filters;
  cvz_layer_datasets *pictures; /**< of the layer itself, then of its variants */
  int count;                    /**< of pictures */
} cvz_layer_layout;

/** Harmless on a zeroed struct. */
void cvz_layer_layout_free(cvz_layer_layout *layout);

/** Writes the HDF5 file with all datasets (their data not yet: zero) and attributes, at its full size.
 *
 *  @param descriptor  of an empty file open for reading and writing; stays open
 *  @param path        for messages
 *  @param[out] layout  free with cvz_layer_layout_free, also after a failure */
cvz_status cvz_layer_layout_create(cvz_layer_layout *layout, int descriptor, const char *path,
                                   const cvz_layer_file_info *info, cvz_error *error);

/** Adds the datasets of cvz_layer_similar to a layer's file, or replaces their data.
 *  @param path  of the file; `name` is for messages */
cvz_status cvz_layer_layout_append(const char *path, const char *name, const cvz_layer_similar *similar,
                                   cvz_error *error);

#endif
