/* site/times.h: which rank rendered a filter and how long it took: site/times.js, a line for each. */
#ifndef CVZ_SITE_TIMES_H
#define CVZ_SITE_TIMES_H

#include "base/status.h"

typedef struct cvz_times cvz_times;

/** Opens DIRECTORY/site/times.js. A file that is there is appended to, so that a job that goes on has one. */
cvz_status cvz_times_open(cvz_times **times, const char *directory, cvz_error *error);

/** Appends a line at once: the file is a sound script at any moment.
 *  @param stem  of the layer's files */
cvz_status cvz_times_add(cvz_times *times, const char *stem, int filter, int rank, double seconds, cvz_error *error);

/** Harmless on NULL. */
void cvz_times_close(cvz_times *times);

#endif
