#include "store/layer_similar.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "image/grid.h"
#include "store/layer_layout.h"
#include "store/layer_read.h"
#include "store/layer_script.h"

static cvz_status copy_file(const char *from, const char *to, cvz_error *error)
{
  char buffer[1 << 16];
  size_t bytes;
  cvz_status status = CVZ_OK;
  FILE *in = fopen(from, "rbe"), *out = in ? fopen(to, "wbe") : NULL;
  if (!out) status = cvz_file_fail(error, in ? "write" : "read", in ? to : from, errno);
  while (status == CVZ_OK && (bytes = fread(buffer, 1, sizeof buffer, in)))
    if (fwrite(buffer, 1, bytes, out) != bytes) status = cvz_file_fail(error, "write", to, errno);
  if (status == CVZ_OK && ferror(in)) status = cvz_file_fail(error, "read", from, errno);
  if (out && fclose(out) && status == CVZ_OK) status = cvz_file_fail(error, "write", to, errno);
  if (in) fclose(in);
  return status;
}

static cvz_status write_data(const char *directory, const char *stem, const cvz_layer_similar *similar,
                             cvz_error *error)
{
  char path[PATH_MAX], temporary[PATH_MAX];
  snprintf(path, sizeof path, "%s/layers/%s.h5", directory, stem);
  CVZ_TRY(cvz_file_temporary_name(path, temporary, sizeof temporary, error));
  cvz_status status = copy_file(path, temporary, error);
  if (status == CVZ_OK) status = cvz_layer_layout_append(temporary, path, similar, error);
  if (status == CVZ_OK) return cvz_file_publish(temporary, path, error);
  unlink(temporary);
  return status;
}

static cvz_status fill_script(cvz_layer_script *script, cvz_layer_read *read, cvz_error *error)
{
  cvz_layer_file_info info = *cvz_layer_read_info(read);
  info.margin = CVZ_GRID_MARGIN;
  CVZ_TRY(cvz_layer_script_start(script, &info, error));
  for (int i = 0; i < info.count; i++) {
    cvz_result result;
    CVZ_TRY(cvz_layer_read_unit(read, i, &result, error));
    cvz_layer_script_add(script, &info, &result);
  }
  return cvz_layer_script_finish(script, &info, error);
}

static cvz_status write_script(const char *directory, const char *stem, const cvz_layer_similar *similar,
                               cvz_error *error)
{
  cvz_layer_script script = {.similar = similar->similar, .similar_count = similar->most};
  cvz_layer_read *read;
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/site/layers/%s.js", directory, stem);
  CVZ_TRY(cvz_layer_read_open(&read, directory, stem, error));
  cvz_status status = fill_script(&script, read, error);
  if (status == CVZ_OK) status = cvz_file_write(path, script.text.data, script.text.length, error);
  cvz_layer_script_free(&script);
  cvz_layer_read_close(read);
  return status;
}

cvz_status cvz_layer_similar_write(const char *directory, const char *stem, const cvz_layer_similar *similar,
                                   cvz_error *error)
{
  CVZ_TRY(write_data(directory, stem, similar, error));
  return write_script(directory, stem, similar, error);
}
