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

/** The same on ranks that differ, each with its share (`--schedule static`) or taking over those of others
 *  (`--schedule dynamic`), as job/share decides it and with answers at once.
 *  @param seconds  on a rank of speed 1
 *  @param speeds   of each rank, > 0; the total and the balance are those of all ranks' speeds together
 *  @return CVZ_E_MEMORY */
cvz_status cvz_simulate_uneven(cvz_simulation *simulation, const cvz_schedule *schedule, const cvz_work *work,
                               const double *seconds, const double *speeds, bool dynamic, cvz_error *error);

#endif
