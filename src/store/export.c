#include "store/export.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "image/label.h"
#include "image/png.h"
#include "image/stitch.h"
#include "store/layer_read.h"
#include "store/sheets.h"

enum { EDGE = 12, HEAD = 40, CAPTION = 14, BETWEEN = 6, INK = 40, PAPER = 255 };

/* One layer's sheet while it is written, a row of tiles at a time. */
typedef struct labelled {
  cvz_layer_read *read;
  const cvz_layer_file_info *info;
  cvz_grid grid;
  cvz_canvas band; /* a row of tiles with their captions */
} labelled;

static cvz_status put_canvas(cvz_png_writer *writer, const cvz_canvas *canvas, int rows, cvz_error *error)
{
  const size_t bytes = (size_t)canvas->width * (size_t)canvas->channels;
  for (int y = 0; y < rows; y++) CVZ_TRY(cvz_png_row(writer, canvas->pixels + (size_t)y * bytes, error));
  return CVZ_OK;
}

static void clear(const cvz_canvas *canvas)
{
  memset(canvas->pixels, PAPER, (size_t)canvas->width * (size_t)canvas->height * (size_t)canvas->channels);
}

static void paste(const cvz_canvas *canvas, int x, int y, const uint8_t *tile, int width, int height, size_t tile_row)
{
  const size_t channels = (size_t)canvas->channels, row = (size_t)canvas->width * channels;
  for (int i = 0; i < height; i++)
    memcpy(canvas->pixels + (size_t)(y + i) * row + (size_t)x * channels, tile + (size_t)i * tile_row,
           (size_t)width * channels);
}

static void caption(char *text, size_t bytes, const cvz_result *result, int steps, int width)
{
  const float last = cvz_result_last_loss(result->loss, steps);
  const bool fine = isfinite(last) && result->status != CVZ_UNIT_DEAD && result->status != CVZ_UNIT_NAN;
  if (fine)
    snprintf(text, bytes, "%d  %.3g", result->filter, (double)last);
  else
    snprintf(text, bytes, "%d  %s", result->filter, cvz_unit_status_name(result->status));
  if ((int)strlen(text) * CVZ_LABEL_WIDTH > width) snprintf(text, bytes, "%d", result->filter);
}

static cvz_status put_tile(const labelled *l, int index, int column, cvz_error *error)
{
  const int x = EDGE + column * (l->grid.tile_width + BETWEEN);
  char text[64];
  cvz_result result;
  CVZ_TRY(cvz_layer_read_unit(l->read, index, &result, error));
  caption(text, sizeof text, &result, l->info->steps, l->grid.tile_width);
  paste(&l->band, x, 0, result.tile, l->grid.tile_width, l->grid.tile_height,
        (size_t)l->grid.tile_width * (size_t)l->info->channels);
  cvz_label_draw(&l->band, x, l->grid.tile_height + 3, 1, INK, text);
  return CVZ_OK;
}

static cvz_status put_head(const labelled *l, cvz_png_writer *writer, const cvz_results_layer *layer,
                           const char *network, cvz_error *error)
{
  cvz_canvas head = {NULL, l->band.width, HEAD, l->band.channels};
  char text[1024];
  snprintf(text, sizeof text, "%s  %s  %s %s", network, layer->name, layer->class_name, layer->shape);
  const int scale = (int)strlen(text) * CVZ_LABEL_WIDTH * 2 > head.width - 2 * EDGE ? 1 : 2;
  head.pixels = cvz_array((size_t)head.width * (size_t)head.channels, HEAD, error);
  if (!head.pixels) return CVZ_E_MEMORY;
  clear(&head);
  cvz_label_draw(&head, EDGE, EDGE, scale, INK, text);
  const cvz_status status = put_canvas(writer, &head, HEAD, error);
  free(head.pixels);
  return status;
}

static cvz_status put_bands(const labelled *l, cvz_png_writer *writer, cvz_error *error)
{
  for (int row = 0; row < l->grid.rows; row++) {
    clear(&l->band);
    for (int column = 0; column < l->grid.columns; column++) {
      const int index = row * l->grid.columns + column;
      if (index < l->info->count) CVZ_TRY(put_tile(l, index, column, error));
    }
    CVZ_TRY(put_canvas(writer, &l->band, l->band.height, error));
  }
  return CVZ_OK;
}

/* What fills a PNG. */
typedef cvz_status (*painter)(const void *context, cvz_png_writer *writer, cvz_error *error);

static cvz_status paint_stream(FILE *stream, const char *path, int width, int height, int channels, painter paint,
                               const void *context, cvz_error *error)
{
  cvz_png_writer *writer;
  CVZ_TRY(cvz_png_begin(&writer, stream, path, width, height, channels, error));
  const cvz_status status = paint(context, writer, error);
  if (status == CVZ_OK) return cvz_png_end(writer, error);
  cvz_png_end(writer, NULL);
  return status;
}

/* A PNG that appears whole or not at all. */
static cvz_status write_png(const char *path, int width, int height, int channels, painter paint, const void *context,
                            cvz_error *error)
{
  char temporary[PATH_MAX];
  CVZ_TRY(cvz_file_temporary_name(path, temporary, sizeof temporary, error));
  FILE *stream = fopen(temporary, "wbe");
  if (!stream) return cvz_file_fail(error, "write", path, errno);
  cvz_status status = paint_stream(stream, path, width, height, channels, paint, context, error);
  if (fclose(stream) && status == CVZ_OK) status = cvz_file_fail(error, "write", path, errno);
  if (status == CVZ_OK) return cvz_file_publish(temporary, path, error);
  unlink(temporary);
  return status;
}

typedef struct sheet_job {
  const labelled *l;
  const cvz_results_layer *layer;
  const char *network;
} sheet_job;

static cvz_status paint_sheet(const void *context, cvz_png_writer *writer, cvz_error *error)
{
  const sheet_job *job = context;
  CVZ_TRY(put_head(job->l, writer, job->layer, job->network, error));
  return put_bands(job->l, writer, error);
}

static cvz_status write_sheet(labelled *l, const cvz_results_layer *layer, const char *network, const char *out,
                              cvz_error *error)
{
  const cvz_layer_file_info *info = l->info;
  const sheet_job job = {l, layer, network};
  char path[PATH_MAX];
  CVZ_TRY(cvz_grid_layout(&l->grid, info->count, info->tile_width, info->tile_height, BETWEEN, error));
  l->band =
      (cvz_canvas){NULL, 2 * EDGE + cvz_grid_width(&l->grid), info->tile_height + CAPTION + BETWEEN, info->channels};
  l->band.pixels = cvz_array((size_t)l->band.width * (size_t)l->band.channels, (size_t)l->band.height, error);
  if (!l->band.pixels) return CVZ_E_MEMORY;
  snprintf(path, sizeof path, "%s/%s.png", out, layer->stem);
  return write_png(path, l->band.width, HEAD + l->grid.rows * l->band.height, l->band.channels, paint_sheet, &job,
                   error);
}

static cvz_status paint_tile(const void *context, cvz_png_writer *writer, cvz_error *error)
{
  const cvz_canvas *tile = context;
  return put_canvas(writer, tile, tile->height, error);
}

static cvz_status write_tiles(const labelled *l, const char *stem, const char *out, cvz_error *error)
{
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", out, stem);
  CVZ_TRY(cvz_file_make_directory(path, error));
  for (int i = 0; i < l->info->count; i++) {
    cvz_result result;
    CVZ_TRY(cvz_layer_read_unit(l->read, i, &result, error));
    const cvz_canvas tile = {(uint8_t *)result.tile, l->info->tile_width, l->info->tile_height, l->info->channels};
    snprintf(path, sizeof path, "%s/%s/%d.png", out, stem, result.filter);
    CVZ_TRY(write_png(path, tile.width, tile.height, tile.channels, paint_tile, &tile, error));
  }
  return CVZ_OK;
}

cvz_status cvz_export_layer(const char *directory, const cvz_results_layer *layer, const char *network, bool tiles,
                            const char *out, cvz_error *error)
{
  labelled l = {0};
  CVZ_TRY(cvz_layer_read_open(&l.read, directory, layer->stem, error));
  l.info = cvz_layer_read_info(l.read);
  cvz_status status = write_sheet(&l, layer, network, out, error);
  if (status == CVZ_OK && tiles) status = write_tiles(&l, layer->stem, out, error);
  free(l.band.pixels);
  cvz_layer_read_close(l.read);
  return status;
}

/* A cell of the contact sheet: the layer's name above its strip. */
enum { CELL_WIDTH = CVZ_STRIP_SIDE * 8 + 2 * EDGE, CELL_HEIGHT = CVZ_STRIP_SIDE + 26 };

static cvz_status put_strip(const cvz_canvas *canvas, int x, int y, const char *directory, const char *stem,
                            cvz_error *error)
{
  char path[PATH_MAX];
  cvz_picture strip;
  snprintf(path, sizeof path, "%s/site/layers/%s.png", directory, stem);
  if (access(path, F_OK)) return CVZ_OK; /* all of its filters are dead */
  CVZ_TRY(cvz_png_read(&strip, path, canvas->channels, error));
  const int width = strip.width < CELL_WIDTH - 2 * EDGE ? strip.width : CELL_WIDTH - 2 * EDGE;
  const int height = strip.height < CVZ_STRIP_SIDE ? strip.height : CVZ_STRIP_SIDE;
  paste(canvas, x, y, strip.pixels, width, height, (size_t)strip.width * (size_t)strip.channels);
  free(strip.pixels);
  return CVZ_OK;
}

static cvz_status fill_contact(const cvz_canvas *canvas, const char *directory, const cvz_results *results, int rows,
                               cvz_error *error)
{
  clear(canvas);
  for (int i = 0; i < results->layer_count; i++) {
    const int x = i / rows * CELL_WIDTH + EDGE, y = i % rows * CELL_HEIGHT + EDGE;
    char text[128];
    snprintf(text, sizeof text, "%.80s  %.40s", results->layers[i].name, results->layers[i].shape);
    cvz_label_draw(canvas, x, y, 1, INK, text);
    CVZ_TRY(put_strip(canvas, x, y + 12, directory, results->layers[i].stem, error));
  }
  return CVZ_OK;
}

cvz_status cvz_export_contact(const char *directory, const cvz_results *results, const char *out, cvz_error *error)
{
  const int count = results->layer_count;
  const int columns = (int)ceil(sqrt((double)count * CELL_HEIGHT / CELL_WIDTH)), rows = (count - 1) / columns + 1;
  cvz_canvas canvas = {NULL, columns * CELL_WIDTH, rows * CELL_HEIGHT + EDGE, 3};
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/contact+sheet.png", out);
  canvas.pixels = cvz_array((size_t)canvas.width * 3, (size_t)canvas.height, error);
  if (!canvas.pixels) return CVZ_E_MEMORY;
  cvz_status status = fill_contact(&canvas, directory, results, rows, error);
  if (status == CVZ_OK) status = write_png(path, canvas.width, canvas.height, 3, paint_tile, &canvas, error);
  free(canvas.pixels);
  return status;
}
