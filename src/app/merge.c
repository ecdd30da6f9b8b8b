#include "app/merge.h"

#include "app/directories.h"
#include "job/stop.h"
#include "site/pages.h"
#include "store/merge.h"

static cvz_status join_layers(cvz_merge *merge, const char *out, cvz_error *error)
{
  const int count = cvz_merge_layers(merge);
  for (int i = 0; i < count; i++) {
    CVZ_REQUIRE(!cvz_stop_wanted(), error, CVZ_E_STOPPED, "merge: stopped (%s) after %d of %d layers",
                cvz_stop_reason(), i, count);
    CVZ_TRY(cvz_merge_layer(merge, i, out, error));
  }
  return CVZ_OK;
}

static cvz_status write_all(void *context, const char *out, cvz_error *error)
{
  cvz_merge *merge = context;
  cvz_manifest manifest = {0};
  CVZ_TRY(join_layers(merge, out, error));
  CVZ_TRY(cvz_merge_manifest(merge, &manifest, error));
  return cvz_pages_finish(out, &manifest, error);
}

cvz_status cvz_merge_shards(const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  cvz_directories parts;
  cvz_merge *merge = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(cvz_directories_split(&parts, options->merge, error), done);
  CVZ_TRY_GOTO(cvz_directories_apart(&parts, "merge", options->out, error), done);
  CVZ_TRY_GOTO(cvz_merge_open(&merge, parts.names, parts.count, error), done);
  CVZ_TRY_GOTO(cvz_directories_write(options, write_all, merge, error), done);
  cvz_tell(log, "%d parts joined\n%s/index.html", parts.count, options->out);
done:
  cvz_merge_close(merge);
  cvz_directories_free(&parts);
  return status;
}
