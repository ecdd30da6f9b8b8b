/* parallel/resume.h: what is there already when a job goes on. */
#ifndef CVZ_PARALLEL_RESUME_H
#define CVZ_PARALLEL_RESUME_H

#include "parallel/comm.h"
#include "store/journal.h"

/** What the journal of a directory tells. `mine` differs from rank to rank, all else is the same. */
typedef struct cvz_resume {
  bool *done;  /**< per unit of the work: it need not be rendered */
  bool *final; /**< per layer of the work: its files are there */
  int left;    /**< units that are not done */
  cvz_journal_file *files;
  int file_count;
  cvz_record *mine; /**< finished units that this rank hands to the owners of their layers */
  int mine_count;
  cvz_record *states; /**< the furthest state of each unit that had begun; by unit */
  int state_count;
} cvz_resume;

/** A job of which nothing is there. */
cvz_status cvz_resume_nothing(cvz_resume *resume, const cvz_work *work, cvz_error *error);

/** Reads the journal; each rank reads some of its files, whoever wrote them. Changes nothing. Collective.
 *
 *  @param job    text of this job: CVZ_E_USAGE if a file is of another
 *  @param final  on rank 0 which layers of the work are final
 *  @param[out] resume  free with cvz_resume_free, also after a failure */
cvz_status cvz_resume_find(cvz_resume *resume, cvz_comm *comm, const char *directory, const cvz_work *work,
                           const char *job, const bool *final, cvz_error *error);

/** The state of a unit, NULL if it has to begin at the beginning. */
const cvz_record *cvz_resume_state(const cvz_resume *resume, int unit);

/** Harmless on a zeroed struct. */
void cvz_resume_free(cvz_resume *resume);

#endif
