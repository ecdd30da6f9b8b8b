/* app/directions.h: the file of --directions. */
#ifndef CVZ_APP_DIRECTIONS_H
#define CVZ_APP_DIRECTIONS_H

#include "job/directions.h"
#include "parallel/comm.h"

/** Reads `path` on rank 0 and gives it to all: HDF5 with a dataset 'directions' of numbers (count, channels) or
 *  (channels), else text as cvz_directions_parse has it. Collective.
 *  @param[out] directions  free with cvz_directions_free, also after a failure */
cvz_status cvz_directions_share(cvz_directions *directions, cvz_comm *comm, const char *path, cvz_error *error);

#endif
