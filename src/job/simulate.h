/* job/simulate.h: how long a schedule would take, without running it. */
#ifndef CVZ_JOB_SIMULATE_H
#define CVZ_JOB_SIMULATE_H

#include "job/schedule.h"

typedef struct cvz_simulation {
  double total;     /**< of all units */
  double makespan;  /**< of the rank that ends last */
  double balance;   /**< total / ranks / makespan, in (0, 1] */
  int fewest, most; /**< units of a rank */
} cvz_simulation;

/** @param seconds  that one unit of each layer of the work takes, in any unit; NULL: the costs of the work */
cvz_simulation cvz_simulate(const cvz_schedule *schedule, const cvz_work *work, const double *seconds);

#endif
