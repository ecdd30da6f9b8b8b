/* job/filters.h: which filters of a layer, as text: "all" or numbers, ranges and names, "0-63,70,zebra". */
#ifndef CVZ_JOB_FILTERS_H
#define CVZ_JOB_FILTERS_H

#include <stdbool.h>

#include "base/status.h"

/** Whether `text` is of that form. */
bool cvz_filters_valid(const char *text);

/** Whether a valid text has names, which job/labels.h turns into numbers. What follows is for texts without. */
bool cvz_filters_has_names(const char *text);

/** The largest number in a valid text, -1 for "all". */
int cvz_filters_largest(const char *text);

/** The filters of a valid text that a layer of `channels` channels has, ascending, each once.
 *  @param[out] filters  free with free(); NULL on failure
 */
cvz_status cvz_filters_list(int **filters, int *count, const char *text, int channels, cvz_error *error);

#endif
