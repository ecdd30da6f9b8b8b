#include "app/watch.h"

static cvz_status start_live(cvz_watch *watch, const cvz_watch_job *job, cvz_error *error)
{
  watch->live = (cvz_live){.log = job->log,
                           .directory = job->options->out,
                           .manifest = job->manifest,
                           .work = job->work,
                           .progress = {job->done_before, job->work->unit_count},
                           .inner = cvz_telemetry_observer(&watch->telemetry)};
  return cvz_live_start(&watch->live, error);
}

cvz_status cvz_watch_start(cvz_watch *watch, const cvz_watch_job *job, cvz_error *error)
{
  cvz_progress_start(&watch->progress, job->log);
  watch->telemetry = (cvz_telemetry){.comm = job->comm,
                                     .log = job->log,
                                     .path = job->options->log,
                                     .work = job->work,
                                     .inner = cvz_progress_observer(&watch->progress)};
  CVZ_TRY(cvz_telemetry_start(&watch->telemetry, &job->telemetry, error));
  const bool root = cvz_comm_rank(job->comm) == 0;
  return cvz_comm_agree(job->comm, root ? start_live(watch, job, error) : CVZ_OK, error);
}

cvz_observer cvz_watch_observer(cvz_watch *watch)
{
  return cvz_live_observer(&watch->live);
}

cvz_status cvz_watch_stop(cvz_watch *watch, const cvz_rank_times *times, cvz_status status, cvz_error *error)
{
  cvz_progress_finish(&watch->progress);
  cvz_live_finish(&watch->live);
  if (status != CVZ_OK && status != CVZ_E_STOPPED) return status;
  const cvz_status told = cvz_telemetry_finish(&watch->telemetry, times, status == CVZ_OK ? error : NULL);
  return status == CVZ_OK ? told : status;
}

void cvz_watch_free(cvz_watch *watch)
{
  cvz_times_close(watch->live.times);
  cvz_telemetry_free(&watch->telemetry);
}
