/* parallel/unit_state.h: a unit that is not finished, in the journal; docs/format.md has the bytes. */
#ifndef CVZ_PARALLEL_UNIT_STATE_H
#define CVZ_PARALLEL_UNIT_STATE_H

#include "ascent/climb.h"
#include "parallel/resume.h"

/** Puts a unit that is not finished into the journal.
 *  @param seconds  that it has taken so far */
cvz_status cvz_unit_state_save(cvz_journal *journal, int unit, const cvz_climb *climb, double seconds,
                               cvz_error *error);

/** Takes a unit that has begun to where an earlier run saved it, if it did.
 *  @param seconds  grows by those that it had taken */
cvz_status cvz_unit_state_restore(const char *directory, const cvz_resume *resume, int unit, cvz_climb *climb,
                                  double *seconds, cvz_error *error);

#endif
