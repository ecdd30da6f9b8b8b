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

/** Sends a finished unit to the owner of its layer and tells rank 0.
 *  @param result  its arrays have the sizes that the job's recipe gives */
cvz_status cvz_gather_send(cvz_gather *gather, int unit, const cvz_result *result, cvz_error *error);

/** True when nothing more is expected here: the own layers are written, and rank 0 knows of all layers
 *  and units. */
bool cvz_gather_complete(const cvz_gather *gather);

/** True if another rank has failed. */
bool cvz_gather_stopped(const cvz_gather *gather);

/** Tells all other ranks to stop. */
void cvz_gather_stop(cvz_gather *gather);

#endif
