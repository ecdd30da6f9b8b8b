/* app/watch.h: what shows how far a job is: the bar on the terminal, the lines of --log and the pages of the atlas. */
#ifndef CVZ_APP_WATCH_H
#define CVZ_APP_WATCH_H

#include "app/live.h"
#include "app/progress.h"
#include "app/telemetry.h"

/** Zero-initialise; free with cvz_watch_free. */
typedef struct cvz_watch {
  cvz_progress progress;
  cvz_telemetry telemetry;
  cvz_live live; /**< rank 0 */
} cvz_watch;

/** All borrowed. */
typedef struct cvz_watch_job {
  cvz_comm *comm;
  const cvz_log *log;
  const cvz_options *options;
  const cvz_work *work;
  const cvz_manifest *manifest; /**< rank 0; its layers change as they are written */
  int done_before;              /**< filters that earlier runs rendered */
  cvz_telemetry_job telemetry;
} cvz_watch_job;

/** Collective. */
cvz_status cvz_watch_start(cvz_watch *watch, const cvz_watch_job *job, cvz_error *error);

/** What rank 0 passes to the run loop; `watch` must outlive it. */
cvz_observer cvz_watch_observer(cvz_watch *watch);

/** Shows how far it came; a job that was stopped is told of, too. Collective.
 *  @param times   of this rank
 *  @param status  how the job ended, the same on all ranks
 *  @return that, or what failed in telling it */
cvz_status cvz_watch_stop(cvz_watch *watch, const cvz_rank_times *times, cvz_status status, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_watch_free(cvz_watch *watch);

#endif
