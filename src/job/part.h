/* job/part.h: a part of the work: the units of one shard, or those that are left of an interrupted job. */
#ifndef CVZ_JOB_PART_H
#define CVZ_JOB_PART_H

#include "job/schedule.h"
#include "job/work.h"

/** How large the whole was of which a work is a shard. */
typedef struct cvz_whole {
  int layer_count;
  int *place;        /**< for each layer of the work its place among the layers of the whole */
  int *filter_count; /**< and how many filters it has there */
} cvz_whole;

/** Leaves of the work the units of one shard: every shard.count-th, so that all shards get the same number of filters
 *  of each layer, up to one. It depends on the numbers of filters alone, never on costs.
 *
 *  @param[out] whole  free with cvz_whole_free
 *  @return CVZ_E_USAGE if no unit is left */
cvz_status cvz_part_shard(cvz_work *work, cvz_shard shard, cvz_whole *whole, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_whole_free(cvz_whole *whole);

/** As cvz_schedule_create, for the units that are not done.
 *  @param done  for each unit of the work */
cvz_status cvz_part_schedule(cvz_schedule *schedule, const cvz_work *work, const bool *done, int ranks,
                             cvz_error *error);

#endif
