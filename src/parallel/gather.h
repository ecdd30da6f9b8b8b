/* parallel/gather.h: what a rank does with the units that reach it: the files of the layers that it owns and, on
 * rank 0, the picture of the whole. */
#ifndef CVZ_PARALLEL_GATHER_H
#define CVZ_PARALLEL_GATHER_H

#include "parallel/mail.h"
#include "parallel/render.h"

typedef struct cvz_gather cvz_gather;

/** @param layers  on rank 0 filled in as layers are written, else NULL; borrowed like all else */
cvz_status cvz_gather_create(cvz_gather **gather, cvz_comm *comm, const cvz_render_job *job, cvz_output_layer *layers,
                             cvz_error *error);

/** Discards the files that are not complete. */
void cvz_gather_free(cvz_gather *gather);

/** The mail that this rank sends and takes. */
cvz_mail *cvz_gather_mail(cvz_gather *gather);

/** Puts a finished unit into the journal, sends it to the owner of its layer and tells rank 0.
 *  @param result   its arrays have the sizes that the job's recipe gives
 *  @param seconds  that it took */
cvz_status cvz_gather_send(cvz_gather *gather, int unit, const cvz_result *result, double seconds, cvz_error *error);

/** Sends what this rank has found in the journal of an earlier run to the owners. */
cvz_status cvz_gather_replay(cvz_gather *gather, cvz_error *error);

/** Puts a unit that is not finished into the journal.
 *  @param seconds  that it has taken so far */
cvz_status cvz_gather_save(cvz_gather *gather, int unit, const cvz_climb *climb, double seconds, cvz_error *error);

/** Takes a unit that has begun to where the journal says that it was.
 *  @param seconds  grows by those that it had taken */
cvz_status cvz_gather_restore(cvz_gather *gather, int unit, cvz_climb *climb, double *seconds, cvz_error *error);

/** Seconds in which units that arrived were written. */
double cvz_gather_writing(const cvz_gather *gather);

/** True when nothing more is expected here: the own layers are written, and rank 0 knows of all layers
 *  and units. */
bool cvz_gather_complete(const cvz_gather *gather);

/** True if nothing more is to be done: another rank has failed, or one was asked to stop. */
bool cvz_gather_stopped(const cvz_gather *gather);

/** True if a rank was asked to stop: then what is not finished is to be saved. */
bool cvz_gather_halted(const cvz_gather *gather);

/** This rank was asked to stop: tells the others, by way of rank 0.
 *  @param reason  a few words */
cvz_status cvz_gather_halt(cvz_gather *gather, const char *reason, cvz_error *error);

/** The words of the rank that was the first to be asked, as far as this rank knows. */
const char *cvz_gather_reason(const cvz_gather *gather);

/** Tells all other ranks to stop. */
void cvz_gather_stop(cvz_gather *gather);

#endif
