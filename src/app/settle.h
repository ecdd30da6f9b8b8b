/* app/settle.h: what of the options only the model can settle. */
#ifndef CVZ_APP_SETTLE_H
#define CVZ_APP_SETTLE_H

#include "app/directions.h"
#include "graph/graph.h"
#include "job/labels.h"
#include "job/options.h"
#include "parallel/comm.h"

typedef struct cvz_settled {
  cvz_options options; /**< as given, whose texts it borrows; but for `size`, and numbers for names in `filters` */
  cvz_labels labels;   /**< of --labels */
  cvz_text filters;
  cvz_directions directions; /**< of --directions */
} cvz_settled;

/** Sets graph->preprocess as the options say, reads --labels and --directions on rank 0, looks up the names in
 * `filters` and decides the size (job/size.h). Collective.
 *  @param[out] settled  free it after a failure, too; borrows `options` */
cvz_status cvz_settle(cvz_settled *settled, cvz_comm *comm, cvz_graph *graph, const cvz_options *options,
                      cvz_error *error);

/** Names in `filters` are meant for layers with as many filters as there are labels.
 *  @return CVZ_E_USAGE, naming the layer */
cvz_status cvz_settle_check_filters(const cvz_settled *settled, const char *layer, int filters, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_settled_free(cvz_settled *settled);

#endif
