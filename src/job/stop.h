/* job/stop.h: the wish that this process stops at the next step: a signal came, or its time is over. */
#ifndef CVZ_JOB_STOP_H
#define CVZ_JOB_STOP_H

#include <stdbool.h>

/** From now on SIGUSR1, SIGUSR2, SIGINT and SIGTERM are remembered instead of deadly. The second SIGINT or SIGTERM
 * kills as ever: a user need not wait for a step. Starts the clock of cvz_stop_after. */
void cvz_stop_listen(void);

/** Stops `seconds` after cvz_stop_listen; 0 or less: never. */
void cvz_stop_after(double seconds);

/** True once a signal has come or the time is over. Cheap: asked between any two steps. */
bool cvz_stop_wanted(void);

/** "signal 10 (User defined signal 1)" or "time limit": why cvz_stop_wanted is true; "" if it is not. */
const char *cvz_stop_reason(void);

#endif
