/* job/share.h: the units that a rank has yet to begin, and which of them another rank should take over. */
#ifndef CVZ_JOB_SHARE_H
#define CVZ_JOB_SHARE_H

#include <stdint.h>

#include "job/work.h"

#define CVZ_SHARE_ASKED 8 /**< ranks that one without units asks at a time */

/** Whom `rank` asks at place `index` of its `round`-th round of questions: everybody in turn where there are no more
 * than CVZ_SHARE_ASKED others, else somebody at random. To ask a few at random and to take the best of them is nearly
 * as good as asking all (M. Mitzenmacher, "The power of two choices in randomized load balancing", 2001). */
int cvz_share_whom(int rank, int ranks, uint64_t round, int index);

/** Costs are those of the work, times the steps of a unit. */
typedef struct cvz_share {
  const cvz_work *work;
  int steps;
  int *units; /**< in running order: units[next .. end - 1] are not begun */
  int next, end;
  double ahead;         /**< cost of those */
  double present;       /**< what is left of the unit that was begun last */
  double cost, seconds; /**< of the last steps */
} cvz_share;

/** @param units  in running order, all different; copied
 *  @param work   borrowed
 *  @param[out] share  free with cvz_share_free */
cvz_status cvz_share_create(cvz_share *share, const cvz_work *work, int steps, const int *units, int count,
                            cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_share_free(cvz_share *share);

/** How many units are not begun. */
int cvz_share_count(const cvz_share *share);

/** Begins the next unit; there must be one. */
int cvz_share_begin(cvz_share *share);

/** Of the unit that was begun last `left` steps are left, after one of `seconds`. */
void cvz_share_step(cvz_share *share, int unit, int left, double seconds);

/** Cost per second of the last steps, 0 before the first. */
double cvz_share_speed(const cvz_share *share);

/** Seconds until the rank has nothing to do; 0 if no unit is left to begin, that is, to take over. A rank that has not
 *  made a step yet counts as slow: one cost unit a second. */
double cvz_share_left(const cvz_share *share);

/** Takes from the end of the share those units that a rank of `speed` with nothing to do would have done no later than
 *  this one. A speed that is not known counts as this rank's.
 *  @param[out] units  room for cvz_share_count()
 *  @return how many */
int cvz_share_give(cvz_share *share, double speed, int *units);

/** Puts units that another rank gave behind the others. */
void cvz_share_add(cvz_share *share, const int *units, int count);

#endif
