/* The ascents of a layer's filters as animations of its grids. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "image/apng.h"
#include "image/stitch.h"
#include "store/layer_file_parts.h"
#include "store/sheets.h"

/* One picture of every filter's film, in one of the layer's lists of pictures. */
typedef struct frames {
  const cvz_layer_file *file;
  int pictures, frame;
} frames;

static cvz_status read_frame(void *context, int index, uint8_t *tile, cvz_error *error)
{
  const frames *of = context;
  const cvz_layer_variant *list = &of->file->pictures[of->pictures];
  const uint64_t bytes = (uint64_t)list->tile_height * (uint64_t)list->tile_width * (uint64_t)list->frame_channels;
  const uint64_t place = (uint64_t)index * (uint64_t)list->frames + (uint64_t)of->frame;
  return cvz_layer_file_get(of->file, of->file->layout.pictures[of->pictures].film + place * bytes, tile, bytes, error);
}

/* The sheet's grid once for each picture of the films. */
static cvz_status write_frames(cvz_layer_file *file, int pictures, int first, int count, cvz_apng *apng,
                               const cvz_grid *grid, const char *name, cvz_error *error)
{
  const cvz_layer_variant *of = &file->pictures[pictures];
  for (int frame = 0; frame < of->frames; frame++) {
    frames from = {file, pictures, frame};
    const cvz_tile_source source = {read_frame, &from, of->frame_channels};
    FILE *stream = cvz_apng_next(apng, error);
    if (!stream) return CVZ_E_IO;
    CVZ_TRY(cvz_stitch_into(&source, grid, first, count, stream, name, error));
  }
  return CVZ_OK;
}

static cvz_status write_stream(cvz_layer_file *file, int pictures, int sheet, FILE *stream, const char *name,
                               cvz_error *error)
{
  const cvz_layer_variant *of = &file->pictures[pictures];
  const cvz_sheets sheets = cvz_sheets_divide(file->info.count, of->tile_width, of->tile_height);
  const int count = cvz_sheet_tiles(sheets, sheet, file->info.count);
  cvz_grid grid;
  cvz_apng *apng;
  CVZ_TRY(cvz_grid_layout(&grid, count, of->tile_width, of->tile_height, file->info.margin, error));
  CVZ_TRY(cvz_apng_begin(&apng, stream, name, cvz_grid_width(&grid), cvz_grid_height(&grid), of->frames, error));
  const cvz_status status = write_frames(file, pictures, sheet * sheets.per_sheet, count, apng, &grid, name, error);
  if (status == CVZ_OK) return cvz_apng_end(apng, error);
  cvz_apng_end(apng, NULL);
  return status;
}

cvz_status cvz_layer_animation_write(cvz_layer_file *file, int pictures, int sheet, cvz_error *error)
{
  cvz_named_file named;
  char end[CVZ_SHEET_END];
  cvz_sheet_end(end, file->pictures[pictures].name, sheet, ".apng");
  CVZ_TRY(cvz_layer_file_name(&named, &file->info, "layers", end, error));
  FILE *stream = fopen(named.temporary, "wbe");
  if (!stream) return cvz_file_fail(error, "write", named.path, errno);
  cvz_status status = write_stream(file, pictures, sheet, stream, named.path, error);
  if (fclose(stream) && status == CVZ_OK) status = cvz_file_fail(error, "write", named.path, errno);
  if (status == CVZ_OK) return cvz_file_publish(named.temporary, named.path, error);
  unlink(named.temporary);
  return status;
}
