/* store/layer_script.h: what the atlas's pages read of a layer: one assignment of a script, since a page that was
 * opened from disk may not read other files. docs/format.md has its keys. */
#ifndef CVZ_STORE_LAYER_SCRIPT_H
#define CVZ_STORE_LAYER_SCRIPT_H

#include "base/text.h"
#include "job/result.h"
#include "store/layer_file.h"
#include "store/sheets.h"

#define CVZ_CURVE_POINTS 48 /**< of a loss curve, at most */

/** Of one of the layer's lists of pictures; they grow with the units. */
typedef struct cvz_script_lists {
  cvz_text statuses, first, last, score, low, high, curves, noise_mean, noise_deviation;
} cvz_script_lists;

typedef struct cvz_layer_script {
  cvz_text text;
  cvz_script_lists *lists; /**< of the layer itself, then of its variants */
  int list_count, units;
  const int *similar; /**< (units, similar_count) places of filters that are alike, -1 for none; or NULL */
  int similar_count;
  const cvz_layer_score *scores;
  int score_count;
} cvz_layer_script;

/** The script is zero but for `similar` and `scores`. Then a unit at a time in the order of the filters, and the end.
 *  Frees nothing on failure: cvz_layer_script_free. */
cvz_status cvz_layer_script_start(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error);

/** Its pictures are not looked at. */
void cvz_layer_script_add(cvz_layer_script *script, const cvz_layer_file_info *info, const cvz_result *result);

/** Completes script->text. */
cvz_status cvz_layer_script_finish(cvz_layer_script *script, const cvz_layer_file_info *info, cvz_error *error);

void cvz_layer_script_free(cvz_layer_script *script);

#endif
