#include "image/grid.h"

#include <math.h>
#include <stdint.h>

/* Pixels that `count` tiles with margins between them take. */
static int64_t span(int count, int tile, int margin)
{
  return (int64_t)count * tile + (int64_t)(count - 1) * margin;
}

cvz_status cvz_grid_layout(cvz_grid *grid, int count, int tile_width, int tile_height, int margin, cvz_error *error)
{
  CVZ_REQUIRE(count >= 1, error, CVZ_E_RANGE, "grid: %d tiles, expected at least 1", count);
  CVZ_REQUIRE(tile_width >= 1 && tile_height >= 1, error, CVZ_E_RANGE,
              "grid: tiles of %d x %d pixels, expected at least 1 x 1", tile_width, tile_height);
  CVZ_REQUIRE(margin >= 0, error, CVZ_E_RANGE, "grid: a margin of %d pixels, expected at least 0", margin);
  const int columns = (int)ceil(sqrt(count)), rows = (count - 1) / columns + 1;
  const int64_t width = span(columns, tile_width, margin), height = span(rows, tile_height, margin);
  CVZ_REQUIRE(width <= CVZ_IMAGE_MAX && height <= CVZ_IMAGE_MAX, error, CVZ_E_RANGE,
              "grid: a picture of %lld x %lld pixels, expected at most %d a side", (long long)width, (long long)height,
              CVZ_IMAGE_MAX);
  *grid = (cvz_grid){columns, rows, tile_width, tile_height, margin};
  return CVZ_OK;
}

int cvz_grid_width(const cvz_grid *grid)
{
  return (int)span(grid->columns, grid->tile_width, grid->margin);
}

int cvz_grid_height(const cvz_grid *grid)
{
  return (int)span(grid->rows, grid->tile_height, grid->margin);
}

cvz_point cvz_grid_tile(const cvz_grid *grid, int index)
{
  return (cvz_point){index % grid->columns * (grid->tile_width + grid->margin),
                     index / grid->columns * (grid->tile_height + grid->margin)};
}
