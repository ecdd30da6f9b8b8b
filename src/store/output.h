/* store/output.h: the job's output directory. Only rank 0 calls these. */
#ifndef CVZ_STORE_OUTPUT_H
#define CVZ_STORE_OUTPUT_H

#include <stdbool.h>

#include "base/attribute.h"
#include "base/status.h"
#include "job/part.h"
#include "store/layer_file.h"

/** What is done about the results and the journal of an earlier job. */
typedef enum cvz_output_mode {
  CVZ_OUTPUT_NEW,       /**< there must be none: CVZ_E_USAGE */
  CVZ_OUTPUT_OVERWRITE, /**< they are removed: only files that this program writes */
  CVZ_OUTPUT_RESUME     /**< they stay */
} cvz_output_mode;

/** Makes DIRECTORY with layers/ and journal/ and checks that files can be made there. Temporary files that a dead job
 *  left are removed. */
cvz_status cvz_output_prepare(const char *directory, cvz_output_mode mode, cvz_error *error);

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

/** What part of a job the results are. */
typedef struct cvz_output_part {
  cvz_shard shard;
  cvz_whole whole;
} cvz_output_part;

/** What manifest.json tells: program, version, model, checksum and every parameter as `attributes`; then the layers.
 *  @param part  NULL: the whole job */
cvz_status cvz_output_manifest(const char *directory, const cvz_output_part *part, const cvz_attribute *attributes,
                               int attribute_count, const cvz_output_layer *layers, int layer_count, cvz_error *error);

/** Does the manifest of an earlier run, if there is one, have these layers with as many filters?
 *  @return CVZ_E_USAGE if it does not */
cvz_status cvz_output_same_layers(const char *directory, const cvz_output_layer *layers, int layer_count,
                                  cvz_error *error);

#endif
