/* store/output.h: the job's output directory. Only rank 0 calls these. */
#ifndef CVZ_STORE_OUTPUT_H
#define CVZ_STORE_OUTPUT_H

#include <stdbool.h>

#include "base/attribute.h"
#include "base/status.h"
#include "store/layer_file.h"

/** Makes DIRECTORY and DIRECTORY/layers and checks that files can be made there.
 *  With `overwrite` removes the results of an earlier job (only files that this program writes); without it,
 *  a directory that has results is CVZ_E_USAGE. Temporary files that a dead job left are removed in both cases. */
cvz_status cvz_output_prepare(const char *directory, bool overwrite, cvz_error *error);

/** One layer's line in the manifest and in the page. */
typedef struct cvz_output_layer {
  const char *name, *class_name, *stem;
  char shape[64];
  int count;                        /**< filters rendered */
  int columns;                      /**< of the grid */
  int width, height;                /**< of the grid in pixels; 0 if not known */
  int by_status[CVZ_UNIT_STATUSES]; /**< how many of each cvz_unit_status */
  float best_loss;                  /**< largest last loss, NaN if none */
} cvz_output_layer;

/** What manifest.json tells: program, version, model, checksum and every parameter as `attributes`; then the layers. */
cvz_status cvz_output_manifest(const char *directory, const cvz_attribute *attributes, int attribute_count,
                               const cvz_output_layer *layers, int layer_count, cvz_error *error);

#endif
