/* app/show_plan.h: the table of --plan. */
#ifndef CVZ_APP_SHOW_PLAN_H
#define CVZ_APP_SHOW_PLAN_H

#include <stdio.h>

#include "job/planner.h"

/** Prints for each layer of the work the steps of its plan: algorithms, shape of what is stored, FLOPs by direct
 *  counting and planned, bytes of packed weights and buffers, and the time to expect from this core's FMA peak. */
cvz_status cvz_show_plan(FILE *stream, const cvz_planner *planner, const cvz_work *work, cvz_error *error);

#endif
