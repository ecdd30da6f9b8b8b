/* store/layer_summary.h: how a layer's filters ended, and which are the best. */
#ifndef CVZ_STORE_LAYER_SUMMARY_H
#define CVZ_STORE_LAYER_SUMMARY_H

#include "ascent/ascent.h"

#define CVZ_SUMMARY_BEST 8 /**< filters that stand for their layer in the overview */

/** Has no pointers: it travels between ranks as it is. */
typedef struct cvz_layer_summary {
  int by_status[CVZ_UNIT_STATUSES]; /**< how many of each cvz_unit_status */
  float best_loss;                  /**< largest last loss, NaN if none */
  int best_count;
  int best[CVZ_SUMMARY_BEST]; /**< filters with a picture to look at, by falling last loss, then by number */
  float best_losses[CVZ_SUMMARY_BEST];
} cvz_layer_summary;

/** A layer of which no unit has ended. */
cvz_layer_summary cvz_layer_summary_empty(void);

/** Counts one unit; the result does not depend on the order.
 *  @param last  loss before the last update, NaN if there is none */
void cvz_layer_summary_add(cvz_layer_summary *summary, int filter, cvz_unit_status status, float last);

#endif
