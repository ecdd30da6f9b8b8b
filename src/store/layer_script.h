/* store/layer_script.h: what the atlas's pages read of a layer: one assignment of a script, since a page that was
 * opened from disk may not read other files. docs/format.md has its keys. */
#ifndef CVZ_STORE_LAYER_SCRIPT_H
#define CVZ_STORE_LAYER_SCRIPT_H

#include "base/text.h"
#include "job/result.h"
#include "store/layer_file.h"
#include "store/sheets.h"

#define CVZ_CURVE_POINTS 48 /**< of a loss curve, at most */

typedef struct cvz_layer_script {
  cvz_text text;
  cvz_text statuses, first, last, low, high, curves; /* lists that grow with the units */
  int steps, units;
  const int *similar; /**< (units, similar_count) places of filters that are alike, -1 for none; or NULL */
  int similar_count;
  const cvz_layer_score *scores;
  int score_count;
} cvz_layer_script;

/** Zero-initialise the script; then a unit at a time in the order of the filters, and the end. */
void cvz_layer_script_add(cvz_layer_script *script, cvz_unit_status status, const float *loss, int steps);

/** Completes script->text. */
cvz_status cvz_layer_script_finish(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error);

void cvz_layer_script_free(cvz_layer_script *script);

#endif
