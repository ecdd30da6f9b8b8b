/* app/run.h: a whole job, from the model file to the atlas. */
#ifndef CVZ_APP_RUN_H
#define CVZ_APP_RUN_H

#include "base/log.h"
#include "job/options.h"
#include "parallel/comm.h"

/** Does what the options ask for, --help and --version excepted.  Collective over `comm`.
 *  @param log  of rank 0; the others' tell nothing
 *  @return the same status and error on all ranks */
cvz_status cvz_run_job(cvz_comm *comm, const cvz_options *options, const cvz_log *log, cvz_error *error);

#endif
