/* app/place.h: the directory of a job's results while the job runs: its lock, its journal, and what is there from an
 * earlier run. */
#ifndef CVZ_APP_PLACE_H
#define CVZ_APP_PLACE_H

#include "base/log.h"
#include "job/options.h"
#include "parallel/resume.h"
#include "store/lock.h"
#include "store/output.h"

/** Zero-initialise; release with cvz_place_release. */
typedef struct cvz_place {
  cvz_comm *comm;
  const cvz_options *options;
  const cvz_work *work;
  const cvz_log *log;
  cvz_text job; /**< what tells whether two runs are of the same job */
  cvz_lock *lock;
  cvz_resume resume;
  cvz_journal *journal;
  bool complete; /**< all layers are final: nothing is left but the index */
} cvz_place;

/** What a job is, beside its options. */
typedef struct cvz_place_job {
  const cvz_attribute *attributes;
  int attribute_count;
  const float *start; /**< the start image, NULL if it is random */
  size_t start_bytes;
  cvz_output_layer *layers; /**< rank 0: gets what final layers tell */
} cvz_place_job;

/** The instruction set of the job that --resume goes on with, "" if there is none: a requeued job may come to newer
 *  processors. Collective. */
cvz_status cvz_place_earlier_isa(cvz_comm *comm, const cvz_options *options, char isa[16], cvz_error *error);

/** With --resume looks for what is there and takes the lock if anything is; without it, nothing is there. Changes no
 *  results. Collective.
 *  @return CVZ_E_USAGE if the directory is of another job, or in use for 10 s */
cvz_status cvz_place_look(cvz_place *place, const cvz_place_job *job, cvz_error *error);

/** Makes the directory ready and takes the lock unless it is held. What fails until cvz_place_begin leaves a directory
 *  that a new job may have. Collective. */
cvz_status cvz_place_prepare(cvz_place *place, cvz_error *error);

/** Opens the journals. Collective. */
cvz_status cvz_place_begin(cvz_place *place, cvz_error *error);

/** All is written: removes the journal. Collective. */
cvz_status cvz_place_finish(cvz_place *place, cvz_error *error);

/** Gives the lock back. Collective. */
void cvz_place_release(cvz_place *place);

#endif
