#include "site/pages.h"

#include <string.h>

#include "base/file.h"
#include "site/embedded.h"
#include "site/times.h"

/* The way in lies beside the folder of all else. */
static cvz_status write_asset(const char *directory, const char *name, const cvz_embedded *asset, cvz_error *error)
{
  cvz_text path = {0};
  cvz_text_add(&path, "%s/%s%s", directory, strcmp(name, "index.html") ? "site/" : "", name);
  cvz_status status = cvz_text_check(&path, error);
  if (status == CVZ_OK) status = cvz_file_write(path.data, asset->start, (size_t)(asset->end - asset->start), error);
  cvz_text_free(&path);
  return status;
}

cvz_status cvz_pages_write(const char *directory, cvz_error *error)
{
  for (int i = 0; cvz_embedded_asset_names[i]; i++)
    CVZ_TRY(write_asset(directory, cvz_embedded_asset_names[i], &cvz_embedded_asset_files[i], error));
  return CVZ_OK;
}

cvz_status cvz_pages_job(const char *directory, const cvz_manifest *manifest, cvz_pages_progress progress,
                         cvz_error *error)
{
  cvz_text script = {0}, path = {0};
  cvz_text_add(&path, "%s/site/job.js", directory);
  cvz_status status = cvz_text_check(&path, error);
  cvz_text_add(&script, "atlas.setJob({\"done\":%d,\"total\":%d},", progress.done, progress.total);
  if (status == CVZ_OK) status = cvz_manifest_text(manifest, &script, error);
  cvz_text_add(&script, ");\n");
  if (status == CVZ_OK) status = cvz_text_check(&script, error);
  if (status == CVZ_OK) status = cvz_file_write(path.data, script.data, script.length, error);
  cvz_text_free(&script);
  cvz_text_free(&path);
  return status;
}

cvz_status cvz_pages_finish(const char *directory, const cvz_manifest *manifest, cvz_error *error)
{
  cvz_pages_progress progress = {0};
  cvz_times *times;
  for (int i = 0; i < manifest->layer_count; i++) progress.total += manifest->layers[i].count;
  progress.done = progress.total;
  CVZ_TRY(cvz_pages_write(directory, error));
  CVZ_TRY(cvz_pages_job(directory, manifest, progress, error));
  CVZ_TRY(cvz_times_open(&times, directory, error)); /* a page asks for it, be it empty */
  cvz_times_close(times);
  return cvz_manifest_write(directory, manifest, error);
}
