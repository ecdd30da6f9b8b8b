/* job/schedule.h: which rank renders which unit. The longest first, each to the rank that has least to do: within
 * 4/3 of the best possible (R. Graham, "Bounds on multiprocessing timing anomalies", 1969). */
#ifndef CVZ_JOB_SCHEDULE_H
#define CVZ_JOB_SCHEDULE_H

#include "job/work.h"

/** The same on all ranks. */
typedef struct cvz_schedule {
  int ranks;
  int *first;     /**< ranks + 1 places: rank r has units[first[r] .. first[r + 1] - 1] */
  int *units;     /**< in running order */
  int *owner;     /**< for each layer of the work the rank that gathers and writes it */
  double balance; /**< mean load of the ranks / largest load, in (0, 1] */
} cvz_schedule;

/** @param[out] schedule  free with cvz_schedule_free; empty on failure
 *  @param      ranks     >= 1 */
cvz_status cvz_schedule_create(cvz_schedule *schedule, const cvz_work *work, int ranks, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_schedule_free(cvz_schedule *schedule);

/** The units of one rank in running order. */
const int *cvz_schedule_units(const cvz_schedule *schedule, int rank, int *count);

#endif
