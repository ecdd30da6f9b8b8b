/* app/live.h: keeps the atlas up to date while the job runs. */
#ifndef CVZ_APP_LIVE_H
#define CVZ_APP_LIVE_H

#include "base/log.h"
#include "job/observer.h"
#include "job/work.h"
#include "site/pages.h"
#include "site/times.h"

/** Rank 0's; the upper fields are set by the caller and borrowed, the others are for live.c. */
typedef struct cvz_live {
  const cvz_log *log;
  const char *directory;
  const cvz_manifest *manifest; /**< its layers change as they are written */
  const cvz_work *work;
  cvz_pages_progress progress; /**< at the start: what earlier runs did */
  cvz_observer inner;          /**< gets what is observed, too */

  int done_before;
  cvz_times *times; /**< NULL once it cannot be written */
  double written;   /**< when */
} cvz_live;

/** Writes the pages with what is there already. */
cvz_status cvz_live_start(cvz_live *live, cvz_error *error);

/** What to pass to the run loop; `live` must outlive it. A page that cannot be written is no reason to lose the work:
 *  it is left as it is. */
cvz_observer cvz_live_observer(cvz_live *live);

/** Writes how far the job came. Harmless on a zeroed struct, and the second time. */
void cvz_live_finish(cvz_live *live);

#endif
