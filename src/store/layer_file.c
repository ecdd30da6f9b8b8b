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
#include "store/layer_layout.h"
#include "store/layer_script.h"
#include "store/layer_summary.h"
#include "store/sheets.h"

/* A file under its two names. */
typedef struct named_file {
  char path[PATH_MAX], temporary[PATH_MAX];
} named_file;

struct cvz_layer_file {
  cvz_layer_file_info info; /* with copies of its texts and filters, without attributes */
  char *directory, *stem;
  int *filters;
  named_file h5;
  int descriptor; /* of the .h5 */
  cvz_layer_layout layout;
  size_t tile_bytes, raw_bytes; /* of one unit; raw_bytes 0: not kept */
  const cvz_layer_score *scores;
  int score_count;
};

/* DIRECTORY/FOLDER/STEM + end. */
static cvz_status name_file(named_file *file, const cvz_layer_file_info *info, const char *folder, const char *end,
                            cvz_error *error)
{
  const int length = snprintf(file->path, sizeof file->path, "%s/%s/%s%s", info->directory, folder, info->stem, end);
  if (length < 0 || (size_t)length >= sizeof file->path) return cvz_file_fail(error, "write", info->stem, ENAMETOOLONG);
  return cvz_file_temporary_name(file->path, file->temporary, sizeof file->temporary, error);
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

static cvz_status get_bytes(const cvz_layer_file *file, uint64_t offset, void *data, size_t bytes, cvz_error *error)
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
static cvz_status put_start_of(const cvz_layer_file *file, const cvz_layer_datasets *places, const float *unknown,
                               cvz_error *error)
{
  const uint64_t row = (uint64_t)file->info.steps * sizeof(float);
  CVZ_TRY(put_unknown(file, places->score, file->info.count, unknown, error));
  for (int i = 0; i < file->info.count; i++)
    CVZ_TRY(put_unknown(file, places->loss + (uint64_t)i * row, file->info.steps, unknown, error));
  return CVZ_OK;
}

/* What is known before the first unit: the filters' numbers, and losses and scores that are NaN. */
static cvz_status put_start(const cvz_layer_file *file, cvz_error *error)
{
  const int most = file->info.steps > file->info.count ? file->info.steps : file->info.count;
  float *unknown = cvz_array((size_t)most, sizeof *unknown, error);
  cvz_status status;
  if (!unknown) return CVZ_E_MEMORY;
  for (int i = 0; i < most; i++) unknown[i] = NAN;
  CVZ_TRY_GOTO(put_bytes(file, file->layout.filters, file->filters, (size_t)file->info.count * sizeof(int), error),
               done);
  CVZ_TRY_GOTO(put_unknown(file, file->layout.noise_mean, file->info.count, unknown, error), done);
  CVZ_TRY_GOTO(put_unknown(file, file->layout.noise_deviation, file->info.count, unknown, error), done);
  CVZ_TRY_GOTO(put_start_of(file, &file->layout.best, unknown, error), done);
  for (int i = 0; i < file->info.repeats; i++)
    CVZ_TRY_GOTO(put_start_of(file, &file->layout.repeats[i], unknown, error), done);
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

static cvz_status copy_info(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  file->directory = cvz_copy_text(info->directory, error);
  file->stem = cvz_copy_text(info->stem, error);
  file->filters = cvz_array((size_t)info->count, sizeof(int), error);
  if (!file->directory || !file->stem || !file->filters) return CVZ_E_MEMORY;
  memcpy(file->filters, info->filters, (size_t)info->count * sizeof(int));
  file->info = *info;
  file->info.directory = file->directory, file->info.stem = file->stem, file->info.filters = file->filters;
  file->info.repeat_names = NULL;
  file->info.attributes = NULL, file->info.attribute_count = 0, file->info.labels = NULL;
  file->tile_bytes = (size_t)info->tile_height * (size_t)info->tile_width * (size_t)info->channels;
  if (info->keep_raw)
    file->raw_bytes = (size_t)info->raw_height * (size_t)info->raw_width * (size_t)info->raw_channels * sizeof(float);
  return CVZ_OK;
}

static cvz_status start(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  cvz_grid grid;
  CVZ_TRY(check(info, error));
  CVZ_TRY(cvz_sheets_first_grid(&grid, info->count, info->tile_width, info->tile_height, info->margin, error));
  CVZ_TRY(copy_info(file, info, error));
  CVZ_TRY(name_file(&file->h5, info, "layers", ".h5", error));
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

static cvz_status put_picture(const cvz_layer_file *file, const cvz_layer_datasets *places, uint64_t i,
                              const cvz_result *result, cvz_error *error)
{
  const size_t loss_bytes = (size_t)file->info.steps * sizeof(float);
  const uint8_t unit_status = (uint8_t)result->status, attempt = (uint8_t)result->attempt;
  const int32_t repeat = result->repeat;
  CVZ_TRY(put_bytes(file, places->tiles + i * file->tile_bytes, result->tile, file->tile_bytes, error));
  CVZ_TRY(put_bytes(file, places->loss + i * loss_bytes, result->loss, loss_bytes, error));
  if (result->raw) CVZ_TRY(put_bytes(file, places->raw + i * file->raw_bytes, result->raw, file->raw_bytes, error));
  CVZ_TRY(put_bytes(file, places->repeat + i * sizeof repeat, &repeat, sizeof repeat, error));
  CVZ_TRY(put_bytes(file, places->attempt + i, &attempt, 1, error));
  CVZ_TRY(put_bytes(file, places->score + i * sizeof(float), &result->score, sizeof(float), error));
  return put_bytes(file, places->status + i, &unit_status, 1, error); /* last: then all is there */
}

cvz_status cvz_layer_file_put(cvz_layer_file *file, int index, const cvz_result *result, cvz_error *error)
{
  assert(index >= 0 && index < file->info.count && result->filter == file->filters[index]);
  const cvz_layer_layout *layout = &file->layout;
  const uint64_t i = (uint64_t)index, number = i * sizeof(float);
  for (int k = 0; k < file->info.repeats; k++)
    CVZ_TRY(put_picture(file, &layout->repeats[k], i, &result->repeats[k], error));
  CVZ_TRY(put_bytes(file, layout->noise_mean + number, &result->noise_mean, sizeof(float), error));
  CVZ_TRY(put_bytes(file, layout->noise_deviation + number, &result->noise_deviation, sizeof(float), error));
  return put_picture(file, &layout->best, i, result, error);
}

void cvz_layer_file_scores(cvz_layer_file *file, const cvz_layer_score *scores, int count)
{
  file->scores = scores;
  file->score_count = count;
}

static cvz_status read_tile(void *context, int index, uint8_t *tile, cvz_error *error)
{
  const cvz_layer_file *file = context;
  return get_bytes(file, file->layout.best.tiles + (uint64_t)index * file->tile_bytes, tile, file->tile_bytes, error);
}

static cvz_tile_source tiles_of(cvz_layer_file *file)
{
  return (cvz_tile_source){read_tile, file, file->info.channels};
}

/* Gives a file that was made its name; one that was not is removed. */
static cvz_status settle(const named_file *file, cvz_status made, cvz_error *error)
{
  if (made == CVZ_OK) return cvz_file_publish(file->temporary, file->path, error);
  unlink(file->temporary);
  return made;
}

static cvz_status write_sheet(cvz_layer_file *file, cvz_sheets sheets, int sheet, cvz_error *error)
{
  const cvz_layer_file_info *info = &file->info;
  const cvz_tile_source source = tiles_of(file);
  const int first = sheet * sheets.per_sheet, count = cvz_sheet_tiles(sheets, sheet, info->count);
  named_file png;
  cvz_grid grid;
  char end[CVZ_SHEET_END];
  cvz_sheet_end(end, sheet);
  CVZ_TRY(name_file(&png, info, "layers", end, error));
  CVZ_TRY(cvz_grid_layout(&grid, count, info->tile_width, info->tile_height, info->margin, error));
  return settle(&png, cvz_stitch(&source, &grid, first, count, png.temporary, png.path, error), error);
}

/* Reads back how all units ended. */
static cvz_status review(const cvz_layer_file *file, cvz_layer_summary *summary, cvz_layer_script *script,
                         cvz_error *error)
{
  const int steps = file->info.steps;
  const size_t bytes = (size_t)steps * sizeof(float);
  cvz_status status = CVZ_OK;
  float *loss = cvz_array((size_t)steps, sizeof *loss, error);
  if (!loss) return CVZ_E_MEMORY;
  *summary = cvz_layer_summary_empty();
  for (int i = 0; i < file->info.count; i++) {
    uint8_t ended;
    CVZ_TRY_GOTO(get_bytes(file, file->layout.best.loss + (uint64_t)i * bytes, loss, bytes, error), done);
    CVZ_TRY_GOTO(get_bytes(file, file->layout.best.status + (uint64_t)i, &ended, 1, error), done);
    cvz_layer_summary_add(summary, i, (cvz_unit_status)ended, cvz_result_last_loss(loss, steps));
    cvz_layer_script_add(script, (cvz_unit_status)ended, loss, steps);
  }
done:
  free(loss);
  return status;
}

/* What the atlas shows of the layer before its sheets are loaded; the summary has places, not filters. */
static cvz_status write_strip(cvz_layer_file *file, const cvz_layer_summary *summary, cvz_error *error)
{
  const cvz_tile_source source = tiles_of(file);
  named_file png;
  if (!summary->best_count) return CVZ_OK;
  CVZ_TRY(name_file(&png, &file->info, "site/layers", ".png", error));
  return settle(&png,
                cvz_strip_write(&source, file->info.tile_width, file->info.tile_height, summary->best,
                                summary->best_count, png.temporary, png.path, error),
                error);
}

static cvz_status write_script(const cvz_layer_file *file, cvz_layer_script *script, cvz_error *error)
{
  named_file js;
  CVZ_TRY(name_file(&js, &file->info, "site/layers", ".js", error));
  CVZ_TRY(cvz_layer_script_finish(script, &file->info, error));
  return cvz_file_write(js.path, script->text.data, script->text.length, error);
}

static cvz_status write_pages(cvz_layer_file *file, cvz_error *error)
{
  cvz_layer_script script = {.scores = file->scores, .score_count = file->score_count};
  cvz_layer_summary summary;
  cvz_status status = review(file, &summary, &script, error);
  if (status == CVZ_OK) status = write_strip(file, &summary, error);
  if (status == CVZ_OK) status = write_script(file, &script, error);
  cvz_layer_script_free(&script);
  return status;
}

static cvz_status close_h5(cvz_layer_file *file, cvz_error *error)
{
  const int failed = close(file->descriptor);
  file->descriptor = -1;
  return failed ? cvz_file_fail(error, "write", file->h5.path, errno) : CVZ_OK;
}

/* The .h5 is the last: where it is, all is. */
static cvz_status write_all(cvz_layer_file *file, cvz_sheets sheets, cvz_error *error)
{
  for (int sheet = 0; sheet < sheets.count; sheet++) CVZ_TRY(write_sheet(file, sheets, sheet, error));
  CVZ_TRY(write_pages(file, error));
  CVZ_TRY(close_h5(file, error));
  return cvz_file_publish(file->h5.temporary, file->h5.path, error);
}

static void unlink_file(const cvz_layer_file *file, const char *folder, const char *end)
{
  named_file name;
  if (name_file(&name, &file->info, folder, end, NULL) == CVZ_OK) unlink(name.path);
}

static void unlink_all(const cvz_layer_file *file, cvz_sheets sheets)
{
  char end[CVZ_SHEET_END];
  for (int sheet = 0; sheet < sheets.count; sheet++) {
    cvz_sheet_end(end, sheet);
    unlink_file(file, "layers", end);
  }
  unlink_file(file, "layers", ".h5");
  unlink_file(file, "site/layers", ".png");
  unlink_file(file, "site/layers", ".js");
}

cvz_status cvz_layer_file_finish(cvz_layer_file *file, cvz_error *error)
{
  const cvz_sheets sheets = cvz_sheets_divide(file->info.count, file->info.tile_width, file->info.tile_height);
  const cvz_status status = write_all(file, sheets, error);
  if (status != CVZ_OK) unlink_all(file, sheets);
  cvz_layer_file_discard(file);
  return status;
}

void cvz_layer_file_discard(cvz_layer_file *file)
{
  if (!file) return;
  if (file->descriptor >= 0) close(file->descriptor);
  if (*file->h5.temporary) unlink(file->h5.temporary);
  free(file->directory);
  free(file->stem);
  cvz_layer_layout_free(&file->layout);
  free(file->filters);
  free(file);
}
