/* job/similar.h: filters that answer to the same pictures. */
#ifndef CVZ_JOB_SIMILAR_H
#define CVZ_JOB_SIMILAR_H

#include <stdbool.h>

#include "engine/run.h"

#define CVZ_SIMILAR_MOST 8 /**< filters that are named for each */

/** The answers of some of a layer's filters to the image that has been through the run's forward pass: the mean of each
 *  channel over the plan's part of the map.
 *  @param run  of a plan without `one_channel` */
void cvz_similar_responses(cvz_run *run, const int *filters, int count, float *responses);

/** For each filter those whose answers go with its own the most: by Pearson's correlation of the columns, the largest
 *  first, ties by place.
 *
 *  @param      responses    (count, count): row i has the answers to the picture of filter i
 *  @param      counted      (count): whether a row takes part; a filter whose picture does not is nobody's neighbour
 *  @param[out] similar      (count, CVZ_SIMILAR_MOST): places of filters, -1 where there are no more
 *  @param[out] correlation  (count, CVZ_SIMILAR_MOST): NaN where there are no more
 *  @return CVZ_E_MEMORY */
cvz_status cvz_similar_find(const float *responses, const bool *counted, int count, int *similar, float *correlation,
                            cvz_error *error);

#endif
