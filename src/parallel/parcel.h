/* parallel/parcel.h: a unit in a message and in the journal. */
#ifndef CVZ_PARALLEL_PARCEL_H
#define CVZ_PARALLEL_PARCEL_H

#include "ascent/ascent.h"
#include "parallel/resume.h"

/** Of a finished unit: this, then the losses, the tile and perhaps the raw image. In the journal also before a unit's
 *  state, with the status missing. */
typedef struct cvz_parcel {
  int32_t unit, status;
  double seconds;
} cvz_parcel;

/** Reads a record's content, which must have `bytes` bytes. */
cvz_status cvz_parcel_read(const char *directory, const cvz_record *record, void *content, size_t bytes,
                           cvz_error *error);

/** Puts a unit that is not finished into the journal.
 *  @param seconds  that it has taken so far */
cvz_status cvz_parcel_save(cvz_journal *journal, int unit, const cvz_ascent *ascent, double seconds, cvz_error *error);

/** Takes a unit that has begun to where an earlier run saved it, if it did.
 *  @param seconds  grows by those that it had taken */
cvz_status cvz_parcel_restore(const char *directory, const cvz_resume *resume, int unit, cvz_ascent *ascent,
                              double *seconds, cvz_error *error);

#endif
