#include "store/layer_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/grid.h"
#include "store/layer_file_parts.h"
#include "store/sheets.h"

cvz_status cvz_layer_file_name(cvz_named_file *file, const cvz_layer_file_info *info, const char *folder,
                               const char *end, cvz_error *error)
{
  const int length = snprintf(file->path, sizeof file->path, "%s/%s/%s%s", info->directory, folder, info->stem, end);
  if (length < 0 || (size_t)length >= sizeof file->path) return cvz_file_fail(error, "write", info->stem, ENAMETOOLONG);
  return cvz_file_temporary_name(file->path, file->temporary, sizeof file->temporary, error);
}

size_t cvz_layer_tile_bytes(const cvz_layer_file *file, int pictures)
{
  const cvz_layer_variant *of = &file->pictures[pictures];
  return (size_t)of->tile_height * (size_t)of->tile_width * (size_t)file->info.channels;
}

static size_t film_bytes(const cvz_layer_variant *of)
{
  return (size_t)of->frames * (size_t)of->tile_height * (size_t)of->tile_width * (size_t)of->frame_channels;
}

static size_t raw_bytes(const cvz_layer_variant *of)
{
  return (size_t)of->raw_height * (size_t)of->raw_width * (size_t)of->raw_channels * sizeof(float);
}

static cvz_status put_bytes(const cvz_layer_file *file, uint64_t offset, const void *data, size_t bytes,
                            cvz_error *error)
{
  const char *next = data;
  while (bytes) {
    const ssize_t count = pwrite(file->descriptor, next, bytes, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cvz_file_fail(error, "write", file->h5.path, errno);
    next += count, offset += (uint64_t)count, bytes -= (size_t)count;
  }
  return CVZ_OK;
}

cvz_status cvz_layer_file_get(const cvz_layer_file *file, uint64_t offset, void *data, size_t bytes, cvz_error *error)
{
  char *next = data;
  while (bytes) {
    const ssize_t count = pread(file->descriptor, next, bytes, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return cvz_file_fail(error, "read", file->h5.path, count ? errno : EIO);
    next += count, offset += (uint64_t)count, bytes -= (size_t)count;
  }
  return CVZ_OK;
}

/* NaN in `count` places from `offset` on. */
static cvz_status put_unknown(const cvz_layer_file *file, uint64_t offset, int count, const float *unknown,
                              cvz_error *error)
{
  return put_bytes(file, offset, unknown, (size_t)count * sizeof *unknown, error);
}

/* Numbers that are not known yet. */
static cvz_status put_start_of(const cvz_layer_file *file, int pictures, const float *unknown, cvz_error *error)
{
  const cvz_layer_datasets *places = &file->layout.pictures[pictures];
  const int steps = file->pictures[pictures].steps;
  const int count = file->info.count;
  if (file->pictures[pictures].noise) {
    CVZ_TRY(put_unknown(file, places->noise_mean, count, unknown, error));
    CVZ_TRY(put_unknown(file, places->noise_deviation, count, unknown, error));
  }
  CVZ_TRY(put_unknown(file, places->score, count, unknown, error));
  for (int i = 0; i < count; i++)
    CVZ_TRY(put_unknown(file, places->loss + (uint64_t)i * (uint64_t)steps * sizeof(float), steps, unknown, error));
  return CVZ_OK;
}

static int most_steps(const cvz_layer_file *file)
{
  int most = 0;
  for (int i = 0; i < file->layout.count; i++)
    if (file->pictures[i].steps > most) most = file->pictures[i].steps;
  return most;
}

/* What is known before the first unit: the filters' numbers, and losses and scores that are NaN. */
static cvz_status put_start(const cvz_layer_file *file, cvz_error *error)
{
  const int steps = most_steps(file), most = steps > file->info.count ? steps : file->info.count;
  float *unknown = cvz_array((size_t)most, sizeof *unknown, error);
  cvz_status status;
  if (!unknown) return CVZ_E_MEMORY;
  for (int i = 0; i < most; i++) unknown[i] = NAN;
  CVZ_TRY_GOTO(put_bytes(file, file->layout.filters, file->filters, (size_t)file->info.count * sizeof(int), error),
               done);
  for (int i = 0; i < file->layout.count; i++) CVZ_TRY_GOTO(put_start_of(file, i, unknown, error), done);
  status = CVZ_OK;
done:
  free(unknown);
  return status;
}

static cvz_status check(const cvz_layer_file_info *info, cvz_error *error)
{
  CVZ_REQUIRE(info->channels == 1 || info->channels == 3 || info->channels == 4, error, CVZ_E_RANGE,
              "layer '%s': pictures of %d channels, expected 1, 3 or 4", info->stem, info->channels);
  assert(info->steps >= 0);
  assert(!info->keep_raw || (info->raw_height >= 1 && info->raw_width >= 1 && info->raw_channels >= 1));
  return CVZ_OK;
}

static cvz_status copy_labels(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  if (!info->labels) return CVZ_OK;
  file->labels = cvz_array((size_t)info->count, sizeof *file->labels, error);
  for (int i = 0; file->labels && i < info->count; i++) {
    file->labels[i] = cvz_copy_text(info->labels[i], error);
    if (!file->labels[i]) return CVZ_E_MEMORY;
  }
  return file->labels ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status copy_info(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  file->info = *info;
  file->directory = cvz_copy_text(info->directory, error);
  file->stem = cvz_copy_text(info->stem, error);
  file->filters = cvz_array((size_t)info->count, sizeof(int), error);
  file->pictures = cvz_array((size_t)info->variant_count + 1, sizeof *file->pictures, error);
  if (!file->directory || !file->stem || !file->filters || !file->pictures) return CVZ_E_MEMORY;
  memcpy(file->filters, info->filters, (size_t)info->count * sizeof(int));
  file->pictures[0] = cvz_layer_main(info);
  for (int i = 0; i < info->variant_count; i++) {
    file->pictures[i + 1] = info->variants[i];
    file->pictures[i + 1].attributes = NULL, file->pictures[i + 1].attribute_count = 0;
  }
  CVZ_TRY(copy_labels(file, info, error));
  file->info.directory = file->directory, file->info.stem = file->stem, file->info.filters = file->filters;
  file->info.attributes = NULL, file->info.attribute_count = 0;
  file->info.labels = (const char *const *)file->labels, file->info.variants = file->pictures + 1;
  return CVZ_OK;
}

static cvz_status start(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_grid grid;
  CVZ_TRY(check(info, error));
  CVZ_TRY(cvz_sheets_first_grid(&grid, info->count, info->tile_width, info->tile_height, info->margin, error));
  CVZ_TRY(copy_info(file, info, error));
  CVZ_TRY(cvz_layer_file_name(&file->h5, info, "layers", ".h5", error));
  file->descriptor = open(file->h5.temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file->descriptor < 0) return cvz_file_fail(error, "write", file->h5.path, errno);
  CVZ_TRY(cvz_layer_layout_create(&file->layout, file->descriptor, file->h5.path, info, error));
  return put_start(file, error);
}

cvz_status cvz_layer_file_create(cvz_layer_file **file, const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_layer_file *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  created->descriptor = -1;
  const cvz_status status = start(created, info, error);
  if (status == CVZ_OK)
    *file = created;
  else
    cvz_layer_file_discard(created);
  return status;
}

static cvz_status put_noise(const cvz_layer_file *file, int pictures, uint64_t i, const cvz_result *result,
                            cvz_error *error)
{
  const cvz_layer_datasets *places = &file->layout.pictures[pictures];
  const uint64_t at = i * sizeof(float);
  if (!file->pictures[pictures].noise) return CVZ_OK;
  CVZ_TRY(put_bytes(file, places->noise_mean + at, &result->noise_mean, sizeof(float), error));
  return put_bytes(file, places->noise_deviation + at, &result->noise_deviation, sizeof(float), error);
}

static cvz_status put_picture(const cvz_layer_file *file, int pictures, uint64_t i, const cvz_result *result,
                              cvz_error *error)
{
  const cvz_layer_datasets *places = &file->layout.pictures[pictures];
  const cvz_layer_variant *of = &file->pictures[pictures];
  const size_t loss_bytes = (size_t)of->steps * sizeof(float), tile_bytes = cvz_layer_tile_bytes(file, pictures);
  const uint8_t unit_status = (uint8_t)result->status, attempt = (uint8_t)result->attempt;
  const int32_t repeat = result->repeat;
  CVZ_TRY(put_noise(file, pictures, i, result, error));
  CVZ_TRY(put_bytes(file, places->tiles + i * tile_bytes, result->tile, tile_bytes, error));
  CVZ_TRY(put_bytes(file, places->loss + i * loss_bytes, result->loss, loss_bytes, error));
  if (of->frames && result->film)
    CVZ_TRY(put_bytes(file, places->film + i * film_bytes(of), result->film, film_bytes(of), error));
  if (of->keep_raw && result->raw)
    CVZ_TRY(put_bytes(file, places->raw + i * raw_bytes(of), result->raw, raw_bytes(of), error));
  CVZ_TRY(put_bytes(file, places->repeat + i * sizeof repeat, &repeat, sizeof repeat, error));
  CVZ_TRY(put_bytes(file, places->attempt + i, &attempt, 1, error));
  CVZ_TRY(put_bytes(file, places->score + i * sizeof(float), &result->score, sizeof(float), error));
  return put_bytes(file, places->status + i, &unit_status, 1, error); /* last: then all is there */
}

cvz_status cvz_layer_file_put(cvz_layer_file *file, int index, const cvz_result *result, cvz_error *error)
{
  assert(index >= 0 && index < file->info.count && result->filter == file->filters[index]);
  const cvz_layer_layout *layout = &file->layout;
  const uint64_t i = (uint64_t)index;
  for (int k = 1; k < layout->count; k++)
    if (result->repeats[k - 1].status != CVZ_UNIT_MISSING)
      CVZ_TRY(put_picture(file, k, i, &result->repeats[k - 1], error));
  return put_picture(file, 0, i, result, error);
}

void cvz_layer_file_scores(cvz_layer_file *file, const cvz_layer_score *scores, int count)
{
  file->scores = scores;
  file->score_count = count;
}

static cvz_status close_h5(cvz_layer_file *file, cvz_error *error)
{
  const int failed = close(file->descriptor);
  file->descriptor = -1;
  return failed ? cvz_file_fail(error, "write", file->h5.path, errno) : CVZ_OK;
}

/* The .h5 is the last: where it is, all is. */
static cvz_status write_all(cvz_layer_file *file, cvz_error *error)
{
  CVZ_TRY(cvz_layer_pages_write(file, error));
  CVZ_TRY(close_h5(file, error));
  return cvz_file_publish(file->h5.temporary, file->h5.path, error);
}

cvz_status cvz_layer_file_finish(cvz_layer_file *file, cvz_error *error)
{
  const cvz_status status = write_all(file, error);
  if (status != CVZ_OK) {
    cvz_layer_pages_remove(file);
    unlink(file->h5.path);
  }
  cvz_layer_file_discard(file);
  return status;
}

void cvz_layer_file_discard(cvz_layer_file *file)
{
  if (!file) return;
  if (file->descriptor >= 0) close(file->descriptor);
  if (*file->h5.temporary) unlink(file->h5.temporary);
  for (int i = 0; file->labels && i < file->info.count; i++) free(file->labels[i]);
  free(file->labels);
  free(file->directory);
  free(file->stem);
  cvz_layer_layout_free(&file->layout);
  free(file->pictures);
  free(file->filters);
  free(file);
}
