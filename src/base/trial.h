/* base/trial.h: calls of code that may crash. */
#ifndef CVZ_BASE_TRIAL_H
#define CVZ_BASE_TRIAL_H

#include <stdbool.h>

/** Calls attempt(context) in a process of its own, of which nothing is seen but how it ends, and waits for that.
 *  @param seconds  of processor time that it may take
 *  @return false if it crashed or took longer; true if it returned, or if there can be no other process */
bool cvz_trial(void (*attempt)(void *context), void *context, int seconds);

#endif
