#include "store/sheets.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "image/shrink.h"

cvz_sheets cvz_sheets_divide(int tiles, int tile_width, int tile_height)
{
  const int64_t fit = CVZ_SHEET_PIXELS / ((int64_t)tile_width * tile_height);
  const int most = fit < 1 ? 1 : fit > CVZ_SHEET_TILES ? CVZ_SHEET_TILES : (int)fit;
  const int count = (tiles - 1) / most + 1;
  return (cvz_sheets){count, (tiles - 1) / count + 1};
}

int cvz_sheet_tiles(cvz_sheets sheets, int sheet, int tiles)
{
  const int left = tiles - sheet * sheets.per_sheet;
  return left < sheets.per_sheet ? left : sheets.per_sheet;
}

void cvz_sheet_end(char end[CVZ_SHEET_END], const char *variant, int sheet, const char *extension)
{
  char number[16] = "";
  if (sheet) snprintf(number, sizeof number, "+%d", sheet + 1);
  snprintf(end, CVZ_SHEET_END, "%s%.31s%s%.5s", *variant ? "@" : "", variant, number, extension);
}

cvz_status cvz_sheets_first_grid(cvz_grid *grid, int tiles, int tile_width, int tile_height, int margin,
                                 cvz_error *error)
{
  CVZ_REQUIRE(tiles >= 1 && tile_width >= 1 && tile_height >= 1, error, CVZ_E_RANGE,
              "sheet: %d tiles of %d x %d pixels, expected at least 1 of 1 x 1", tiles, tile_width, tile_height);
  const cvz_sheets sheets = cvz_sheets_divide(tiles, tile_width, tile_height);
  return cvz_grid_layout(grid, cvz_sheet_tiles(sheets, 0, tiles), tile_width, tile_height, margin, error);
}

/* Tiles of another source, chosen and made smaller. */
typedef struct shrunk {
  const cvz_tile_source *from;
  const int *indices;
  uint8_t *tile; /* as it comes */
  int width, height, to_width, to_height;
} shrunk;

static cvz_status read_shrunk(void *context, int index, uint8_t *tile, cvz_error *error)
{
  const shrunk *s = context;
  CVZ_TRY(s->from->read(s->from->context, s->indices[index], s->tile, error));
  cvz_shrink(s->tile, s->width, s->height, s->from->channels, tile, s->to_width, s->to_height);
  return CVZ_OK;
}

/* The shorter side in proportion, at least 1 pixel. */
static int strip_length(int length, int other)
{
  const int longest = length > other ? length : other;
  if (longest <= CVZ_STRIP_SIDE) return length;
  const int to = (int)((int64_t)length * CVZ_STRIP_SIDE / longest);
  return to < 1 ? 1 : to;
}

cvz_status cvz_strip_write(const cvz_tile_source *source, int tile_width, int tile_height, const int *indices,
                           int count, const char *path, const char *name, cvz_error *error)
{
  shrunk s = {source,
              indices,
              NULL,
              tile_width,
              tile_height,
              strip_length(tile_width, tile_height),
              strip_length(tile_height, tile_width)};
  const cvz_tile_source small = {read_shrunk, &s, source->channels};
  const cvz_grid row = {count, 1, s.to_width, s.to_height, 0};
  s.tile = cvz_array((size_t)tile_height * (size_t)tile_width, (size_t)source->channels, error);
  if (!s.tile) return CVZ_E_MEMORY;
  const cvz_status status = cvz_stitch(&small, &row, 0, count, path, name, error);
  free(s.tile);
  return status;
}
