/* parallel/parcel.h: a finished unit as bytes, as it travels and as it lies in the journal; docs/format.md has them. */
#ifndef CVZ_PARALLEL_PARCEL_H
#define CVZ_PARALLEL_PARCEL_H

#include "base/status.h"
#include "job/result.h"

/** Bytes of the arrays of one picture, and how many pictures there are beside the best. */
typedef struct cvz_parcel_sizes {
  size_t loss, raw, tile, film; /**< raw, film 0: not kept */
  int repeats;
} cvz_parcel_sizes;

size_t cvz_parcel_bytes(const cvz_parcel_sizes *sizes);

/** @param[out] data  cvz_parcel_bytes, all of them written, aligned for 8 */
void cvz_parcel_pack(const cvz_parcel_sizes *sizes, int unit, const cvz_result *result, double seconds, char *data);

/** The unit's number. */
int cvz_parcel_unit(const char *data);

/** All but result->filter; its arrays lie in `data`, and the repeats, so many as the sizes say, in `repeats`. */
void cvz_parcel_unpack(const cvz_parcel_sizes *sizes, const char *data, cvz_result *result, cvz_result *repeats);

#endif
