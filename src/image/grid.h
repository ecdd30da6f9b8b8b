/* image/grid.h: where each tile lies in a layer's picture. */
#ifndef CVZ_IMAGE_GRID_H
#define CVZ_IMAGE_GRID_H

#include "base/status.h"

#define CVZ_GRID_MARGIN 5       /**< pixels between tiles, as in the Keras example */
#define CVZ_IMAGE_MAX   1000000 /**< pixels a side; what libpng takes by default */

typedef struct cvz_point {
  int x, y;
} cvz_point;

/** A picture of rows x columns tiles. All lengths in pixels. */
typedef struct cvz_grid {
  int columns, rows;
  int tile_width, tile_height;
  int margin; /**< between tiles; none at the border */
} cvz_grid;

/** Lays out `count` tiles row by row in ceil(sqrt(count)) columns, as the Keras example does for 64.
 *
 *  @param[out] grid   filled on success, untouched on failure
 *  @param      count  number of tiles, >= 1
 *  @return CVZ_OK; CVZ_E_RANGE if count < 1 or the picture would pass CVZ_IMAGE_MAX pixels a side
 */
cvz_status cvz_grid_layout(cvz_grid *grid, int count, int tile_width, int tile_height, int margin, cvz_error *error);

int cvz_grid_width(const cvz_grid *grid);
int cvz_grid_height(const cvz_grid *grid);

/** Upper left corner of tile `index` in the picture; index in [0, rows * columns). */
cvz_point cvz_grid_tile(const cvz_grid *grid, int index);

#endif
