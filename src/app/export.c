#include "app/export.h"

#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "store/export.h"

static cvz_status write_all(const cvz_options *options, const cvz_results *results, const char *out, cvz_error *error)
{
  const char *model = json_string_value(json_object_get(json_object_get(results->manifest, "job"), "model_name"));
  CVZ_TRY(cvz_file_make_directory(out, error));
  for (int i = 0; i < results->layer_count; i++)
    CVZ_TRY(cvz_export_layer(options->export, &results->layers[i], model ? model : "", options->tiles, out, error));
  return cvz_export_contact(options->export, results, out, error);
}

cvz_status cvz_export(const cvz_options *options, const cvz_log *log, cvz_error *error)
{
  char out[PATH_MAX];
  cvz_results results;
  const bool given = options->origin[CVZ_OPTION_out] == CVZ_ORIGIN_COMMAND_LINE;
  snprintf(out, sizeof out, given ? "%s" : "%s/export", given ? options->out : options->export);
  cvz_status status = cvz_results_open(&results, options->export, "export", error);
  if (status == CVZ_OK) status = write_all(options, &results, out, error);
  if (status == CVZ_OK) cvz_tell(log, "%s/contact+sheet.png", out);
  cvz_results_close(&results);
  return status;
}
