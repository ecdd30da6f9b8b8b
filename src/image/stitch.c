#include "image/stitch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/png.h"

/* Reads the tiles of one row of the grid into `band`: (tile height, picture width, channels), through `tile`. */
static cvz_status read_band(const cvz_tile_source *source, const cvz_grid *grid, int first, int count, uint8_t *tile,
                            uint8_t *band, cvz_error *error)
{
  const size_t pixel = (size_t)source->channels, width = (size_t)cvz_grid_width(grid);
  const size_t tile_row = (size_t)grid->tile_width * pixel;
  memset(band, 0, (size_t)grid->tile_height * width * pixel);
  for (int column = 0; column < count; column++) {
    const size_t left = (size_t)cvz_grid_tile(grid, column).x;
    CVZ_TRY(source->read(source->context, first + column, tile, error));
    for (size_t y = 0; y < (size_t)grid->tile_height; y++)
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

static cvz_status put_tiles(const cvz_tile_source *source, const cvz_grid *grid, int first, int count,
                            cvz_png_writer *writer, cvz_error *error)
{
  const size_t pixel = (size_t)source->channels, bytes = (size_t)cvz_grid_width(grid) * pixel;
  cvz_status status = CVZ_E_MEMORY;
  uint8_t *black = NULL, *tile = NULL, *band = cvz_array((size_t)grid->tile_height, bytes, error);
  if (band) tile = cvz_array((size_t)grid->tile_height, (size_t)grid->tile_width * pixel, error);
  if (tile) black = cvz_array(1, bytes, error);
  if (!black) goto done;
  for (int row = 0; row < grid->rows; row++) {
    const int before = row * grid->columns, left = count - before;
    const int tiles = left < grid->columns ? left : grid->columns;
    CVZ_TRY_GOTO(read_band(source, grid, first + before, tiles, tile, band, error), done);
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

cvz_status cvz_stitch_into(const cvz_tile_source *source, const cvz_grid *grid, int first, int count, FILE *stream,
                           const char *name, cvz_error *error)
{
  cvz_png_writer *writer;
  CVZ_TRY(cvz_png_begin(&writer, stream, name, cvz_grid_width(grid), cvz_grid_height(grid), source->channels, error));
  const cvz_status status = put_tiles(source, grid, first, count, writer, error);
  if (status == CVZ_OK) return cvz_png_end(writer, error);
  cvz_png_end(writer, NULL);
  return status;
}

cvz_status cvz_stitch(const cvz_tile_source *source, const cvz_grid *grid, int first, int count, const char *path,
                      const char *name, cvz_error *error)
{
  FILE *stream = fopen(path, "wbe");
  if (!stream) return cvz_file_fail(error, "write", name, errno);
  const cvz_status status = cvz_stitch_into(source, grid, first, count, stream, name, error);
  if (fclose(stream) && status == CVZ_OK) return cvz_file_fail(error, "write", name, errno);
  return status;
}
