/* app/summary.h: how the ranks have spent their time. */
#ifndef CVZ_APP_SUMMARY_H
#define CVZ_APP_SUMMARY_H

#include "base/log.h"
#include "job/observer.h"

/** Least, mean and most of all ranks, in seconds. */
typedef struct cvz_spread {
  double least, mean, most;
} cvz_spread;

typedef struct cvz_summary_of_ranks {
  int ranks, units;
  double seconds; /**< of the rank that took longest */
  double flops;   /**< by direct counting */
  double balance; /**< mean of what the ranks computed and wrote / the most of it, in (0, 1] */
  cvz_spread computing, waiting, writing;
} cvz_summary_of_ranks;

/** @param times  of all ranks, at least one */
cvz_summary_of_ranks cvz_summary_make(const cvz_rank_times *times, int ranks, int units, double flops);

/** Two lines for people. */
void cvz_summary_tell(const cvz_log *log, const cvz_summary_of_ranks *summary);

#endif
