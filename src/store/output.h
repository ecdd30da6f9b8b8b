/* store/output.h: the job's output directory. Only rank 0 calls these. */
#ifndef CVZ_STORE_OUTPUT_H
#define CVZ_STORE_OUTPUT_H

#include <stdbool.h>

#include "base/status.h"
#include "store/manifest.h"

/** What is done about the results and the journal of an earlier job. */
typedef enum cvz_output_mode {
  CVZ_OUTPUT_NEW,       /**< there must be none: CVZ_E_USAGE */
  CVZ_OUTPUT_OVERWRITE, /**< they are removed: only files that this program writes */
  CVZ_OUTPUT_RESUME     /**< they stay */
} cvz_output_mode;

/** Makes DIRECTORY with layers/, site/ and journal/ and checks that files can be made there. Temporary files that a
 * dead job left are removed. */
cvz_status cvz_output_prepare(const char *directory, cvz_output_mode mode, cvz_error *error);

/** Does the manifest of an earlier run, if there is one, have these layers with as many filters?
 *  @return CVZ_E_USAGE if it does not */
cvz_status cvz_output_same_layers(const char *directory, const cvz_output_layer *layers, int layer_count,
                                  cvz_error *error);

#endif
