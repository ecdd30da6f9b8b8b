#include "app/combine.h"

#include "app/directories.h"
#include "job/stop.h"
#include "site/pages.h"
#include "store/combine.h"

static cvz_status write_all(void *context, const char *out, cvz_error *error)
{
  cvz_combine *combine = context;
  const int count = cvz_combine_layers(combine);
  cvz_manifest manifest = {0};
  for (int i = 0; i < count; i++) {
    CVZ_REQUIRE(!cvz_stop_wanted(), error, CVZ_E_STOPPED, "combine: stopped (%s) after %d of %d layers",
                cvz_stop_reason(), i, count);
    CVZ_TRY(cvz_combine_layer(combine, i, out, error));
  }
  cvz_combine_manifest(combine, &manifest);
  return cvz_pages_finish(out, &manifest, error);
}

cvz_status cvz_combine_jobs(const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  cvz_directories jobs;
  cvz_combine *combine = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(cvz_directories_split(&jobs, options->combine, error), done);
  CVZ_TRY_GOTO(cvz_directories_apart(&jobs, "combine", options->out, error), done);
  CVZ_TRY_GOTO(cvz_combine_open(&combine, jobs.names, jobs.count, error), done);
  CVZ_TRY_GOTO(cvz_directories_write(options, write_all, combine, error), done);
  cvz_tell(log, "%d jobs combined\n%s/index.html", jobs.count, options->out);
done:
  cvz_combine_close(combine);
  cvz_directories_free(&jobs);
  return status;
}
