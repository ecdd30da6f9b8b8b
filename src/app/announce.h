/* app/announce.h: what a job tells people at its start and at its end. */
#ifndef CVZ_APP_ANNOUNCE_H
#define CVZ_APP_ANNOUNCE_H

#include "app/compute.h"
#include "app/method.h"
#include "base/log.h"
#include "store/manifest.h"

/** What is done, how often, with what; what is left out. */
void cvz_announce_start(const cvz_log *log, const cvz_graph *graph, const cvz_work *work, const cvz_method *method,
                        const cvz_compute *compute, int ranks);

/** How the filters ended that did not end well, and where the pictures are.
 *  @param layers  of the work, on rank 0 */
void cvz_announce_end(const cvz_log *log, const cvz_work *work, const cvz_output_layer *layers, const char *out);

#endif
