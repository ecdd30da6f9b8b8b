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
#include "image/png.h"
#include "store/layer_layout.h"

/* A file under its two names. */
typedef struct named_file {
  char path[PATH_MAX], temporary[PATH_MAX];
} named_file;

struct cvz_layer_file {
  named_file h5, png;
  int descriptor; /* of the .h5 */
  cvz_layer_layout layout;
  cvz_grid grid;
  int count, channels, steps, repeats;
  int *filters;
  size_t tile_bytes, raw_bytes; /* of one unit; raw_bytes 0: not kept */
};

static cvz_status name_file(named_file *file, const cvz_layer_file_info *info, const char *extension, cvz_error *error)
{
  const int length = snprintf(file->path, sizeof file->path, "%s/layers/%s.%s", info->directory, info->stem, extension);
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
  const uint64_t row = (uint64_t)file->steps * sizeof(float);
  CVZ_TRY(put_unknown(file, places->score, file->count, unknown, error));
  for (int i = 0; i < file->count; i++)
    CVZ_TRY(put_unknown(file, places->loss + (uint64_t)i * row, file->steps, unknown, error));
  return CVZ_OK;
}

/* What is known before the first unit: the filters' numbers, and losses and scores that are NaN. */
static cvz_status put_start(const cvz_layer_file *file, cvz_error *error)
{
  const int most = file->steps > file->count ? file->steps : file->count;
  float *unknown = cvz_array((size_t)most, sizeof *unknown, error);
  cvz_status status;
  if (!unknown) return CVZ_E_MEMORY;
  for (int i = 0; i < most; i++) unknown[i] = NAN;
  CVZ_TRY_GOTO(put_bytes(file, file->layout.filters, file->filters, (size_t)file->count * sizeof(int), error), done);
  CVZ_TRY_GOTO(put_unknown(file, file->layout.noise_mean, file->count, unknown, error), done);
  CVZ_TRY_GOTO(put_unknown(file, file->layout.noise_deviation, file->count, unknown, error), done);
  CVZ_TRY_GOTO(put_start_of(file, &file->layout.best, unknown, error), done);
  for (int i = 0; i < file->repeats; i++)
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

static cvz_status start(cvz_layer_file *file, const cvz_layer_file_info *info, cvz_error *error)
{
  CVZ_TRY(check(info, error));
  CVZ_TRY(cvz_grid_layout(&file->grid, info->count, info->tile_width, info->tile_height, info->margin, error));
  CVZ_TRY(name_file(&file->h5, info, "h5", error));
  CVZ_TRY(name_file(&file->png, info, "png", error));
  file->filters = cvz_array((size_t)info->count, sizeof(int), error);
  if (!file->filters) return CVZ_E_MEMORY;
  memcpy(file->filters, info->filters, (size_t)info->count * sizeof(int));
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
  created->count = info->count, created->channels = info->channels, created->steps = info->steps;
  created->repeats = info->repeats;
  created->tile_bytes = (size_t)info->tile_height * (size_t)info->tile_width * (size_t)info->channels;
  if (info->keep_raw)
    created->raw_bytes =
        (size_t)info->raw_height * (size_t)info->raw_width * (size_t)info->raw_channels * sizeof(float);
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
  const size_t loss_bytes = (size_t)file->steps * sizeof(float);
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
  assert(index >= 0 && index < file->count && result->filter == file->filters[index]);
  const cvz_layer_layout *layout = &file->layout;
  const uint64_t i = (uint64_t)index, number = i * sizeof(float);
  for (int k = 0; k < file->repeats; k++)
    CVZ_TRY(put_picture(file, &layout->repeats[k], i, &result->repeats[k], error));
  CVZ_TRY(put_bytes(file, layout->noise_mean + number, &result->noise_mean, sizeof(float), error));
  CVZ_TRY(put_bytes(file, layout->noise_deviation + number, &result->noise_deviation, sizeof(float), error));
  return put_picture(file, &layout->best, i, result, error);
}

/* Reads the tiles of one row of the grid into `band`: (tile height, picture width, channels), through `tile`. */
static cvz_status get_band(const cvz_layer_file *file, int row, uint8_t *tile, uint8_t *band, cvz_error *error)
{
  const size_t pixel = (size_t)file->channels, width = (size_t)cvz_grid_width(&file->grid);
  const size_t tile_row = (size_t)file->grid.tile_width * pixel;
  memset(band, 0, (size_t)file->grid.tile_height * width * pixel);
  for (int column = 0; column < file->grid.columns; column++) {
    const int index = row * file->grid.columns + column;
    if (index >= file->count) break;
    const size_t left = (size_t)cvz_grid_tile(&file->grid, index).x;
    CVZ_TRY(
        get_bytes(file, file->layout.best.tiles + (uint64_t)index * file->tile_bytes, tile, file->tile_bytes, error));
    for (size_t y = 0; y < (size_t)file->grid.tile_height; y++)
      memcpy(band + (y * width + left) * pixel, tile + y * tile_row, tile_row);
  }
  return CVZ_OK;
}

/* `rows` rows of `bytes` bytes each; `step` 0 repeats the first. */
static cvz_status put_rows(cvz_png_writer *writer, const uint8_t *first, int rows, size_t step, cvz_error *error)
{
  for (int y = 0; y < rows; y++) CVZ_TRY(cvz_png_row(writer, first + (size_t)y * step, error));
  return CVZ_OK;
}

static cvz_status put_grid(const cvz_layer_file *file, cvz_png_writer *writer, cvz_error *error)
{
  const cvz_grid *grid = &file->grid;
  const size_t bytes = (size_t)cvz_grid_width(grid) * (size_t)file->channels;
  cvz_status status = CVZ_E_MEMORY;
  uint8_t *black = NULL, *tile = NULL, *band = cvz_array((size_t)grid->tile_height, bytes, error);
  if (!band || !(tile = cvz_array(1, file->tile_bytes, error)) || !(black = cvz_array(1, bytes, error))) goto done;
  for (int row = 0; row < grid->rows; row++) {
    CVZ_TRY_GOTO(get_band(file, row, tile, band, error), done);
    CVZ_TRY_GOTO(put_rows(writer, band, grid->tile_height, bytes, error), done);
    if (row + 1 < grid->rows) CVZ_TRY_GOTO(put_rows(writer, black, grid->margin, 0, error), done);
  }
  status = CVZ_OK;
done:
  free(black);
  free(tile);
  free(band);
  return status;
}

static cvz_status write_picture(const cvz_layer_file *file, FILE *stream, cvz_error *error)
{
  cvz_png_writer *writer;
  CVZ_TRY(cvz_png_begin(&writer, stream, file->png.path, cvz_grid_width(&file->grid), cvz_grid_height(&file->grid),
                        file->channels, error));
  const cvz_status status = put_grid(file, writer, error);
  if (status == CVZ_OK) return cvz_png_end(writer, error);
  cvz_png_end(writer, NULL);
  return status;
}

static cvz_status stitch(const cvz_layer_file *file, cvz_error *error)
{
  FILE *stream = fopen(file->png.temporary, "wbe");
  if (!stream) return cvz_file_fail(error, "write", file->png.path, errno);
  const cvz_status status = write_picture(file, stream, error);
  if (fclose(stream) && status == CVZ_OK) return cvz_file_fail(error, "write", file->png.path, errno);
  return status;
}

static cvz_status close_h5(cvz_layer_file *file, cvz_error *error)
{
  const int failed = close(file->descriptor);
  file->descriptor = -1;
  return failed ? cvz_file_fail(error, "write", file->h5.path, errno) : CVZ_OK;
}

cvz_status cvz_layer_file_finish(cvz_layer_file *file, cvz_error *error)
{
  cvz_status status;
  CVZ_TRY_GOTO(stitch(file, error), done);
  CVZ_TRY_GOTO(close_h5(file, error), done);
  CVZ_TRY_GOTO(cvz_file_publish(file->h5.temporary, file->h5.path, error), done);
  status = cvz_file_publish(file->png.temporary, file->png.path, error);
  if (status != CVZ_OK) unlink(file->h5.path);
done:
  cvz_layer_file_discard(file);
  return status;
}

void cvz_layer_file_discard(cvz_layer_file *file)
{
  if (!file) return;
  if (file->descriptor >= 0) close(file->descriptor);
  if (*file->h5.temporary) unlink(file->h5.temporary);
  if (*file->png.temporary) unlink(file->png.temporary);
  cvz_layer_layout_free(&file->layout);
  free(file->filters);
  free(file);
}
