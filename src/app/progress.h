/* app/progress.h: how far the job is, on the terminal: a bar that is redrawn in place, or now and then a line where
 * the output goes to a file. */
#ifndef CVZ_APP_PROGRESS_H
#define CVZ_APP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "job/observer.h"

/** One job's progress; the fields are for progress.c and its tests. */
typedef struct cvz_progress {
  FILE *stream; /**< NULL: show nothing */
  bool terminal, verbose;
  double (*now)(void);   /**< seconds of a clock that never goes back */
  double started, shown; /**< when; `shown` of the last bar or line */
  bool drawn;            /**< a bar stands in the current line */
  int units_done, units_total;
  double cost_done, cost_total;
} cvz_progress;

/** Starts the clock. `log` says where to and how much: nothing if quiet, also each layer written if verbose. */
void cvz_progress_start(cvz_progress *progress, const cvz_log *log);

/** The callbacks that show it; `progress` must outlive them. */
cvz_observer cvz_progress_observer(cvz_progress *progress);

/** Takes the bar away, so that other lines can be printed. It comes back with the next event. */
void cvz_progress_clear(cvz_progress *progress);

/** Takes the bar away for good; in place of a bar, tells the end in a line. Also to be called after a failure. */
void cvz_progress_finish(cvz_progress *progress);

/** Writes one bar of at most `width` columns into `line`. */
void cvz_progress_bar(const cvz_progress *progress, double elapsed, int width, char *line, size_t bytes);

#endif
