/* app/telemetry.h: what happens in a job, as lines of JSON in a file (--log), and what it came to, as a few lines.
 *
 * Lines of the file: {"event": "start" | "unit" | "layer" | "summary", "time": seconds since 1970, ...}; docs/format.md
 * has their keys. A file that is there is appended to, so that a job that goes on has one log. */
#ifndef CVZ_APP_TELEMETRY_H
#define CVZ_APP_TELEMETRY_H

#include <stdio.h>

#include "base/attribute.h"
#include "base/log.h"
#include "job/observer.h"
#include "job/schedule.h"
#include "job/work.h"
#include "parallel/comm.h"

#define CVZ_TELEMETRY_HOST 64

/** Zero-initialise; the fields are for telemetry.c. Units and FLOPs are counted on rank 0. */
typedef struct cvz_telemetry {
  cvz_comm *comm;
  const cvz_log *log;
  const char *path; /**< of the file, NULL: none */
  FILE *file;
  const cvz_work *work;
  cvz_observer inner; /**< gets what is observed, too */
  char *hosts;        /**< of all ranks, CVZ_TELEMETRY_HOST bytes each */
  double started;
  int units;
  double flops; /**< by direct counting, of the steps that were made */
} cvz_telemetry;

/** A job's facts for the first line. */
typedef struct cvz_telemetry_job {
  const cvz_attribute *attributes;
  int attribute_count;
  int steps;
  double balance; /**< of the schedule */
} cvz_telemetry_job;

/** Opens the file and writes its first line. comm, log, path, work and inner must be set. Collective.
 *  @return CVZ_E_IO if it cannot be written */
cvz_status cvz_telemetry_start(cvz_telemetry *telemetry, const cvz_telemetry_job *job, cvz_error *error);

/** What rank 0 passes to the run loop. */
cvz_observer cvz_telemetry_observer(cvz_telemetry *telemetry);

/** Tells what it came to, and writes the last line. Collective.
 *  @param times  of this rank */
cvz_status cvz_telemetry_finish(cvz_telemetry *telemetry, const cvz_rank_times *times, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_telemetry_free(cvz_telemetry *telemetry);

#endif
