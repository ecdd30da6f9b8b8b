/* store/layer_similar.h: which filters are alike, added to a finished layer's files. */
#ifndef CVZ_STORE_LAYER_SIMILAR_H
#define CVZ_STORE_LAYER_SIMILAR_H

#include "store/layer_file.h"

/** All borrowed; n filters as in the layer's file. */
typedef struct cvz_layer_similar {
  int count, most;         /**< n, m */
  const float *responses;  /**< (n, n): picture, filter */
  const int *similar;      /**< (n, m): places, -1 for none */
  const float *similarity; /**< (n, m) */
} cvz_layer_similar;

/** Adds the datasets `responses`, `similar` and `similarity` to DIRECTORY/layers/STEM.h5, or replaces them, and tells
 *  the atlas. The file is changed as a whole or not at all. */
cvz_status cvz_layer_similar_write(const char *directory, const char *stem, const cvz_layer_similar *similar,
                                   cvz_error *error);

#endif
