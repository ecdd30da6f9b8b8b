/* store/sheets.h: a layer's pictures as PNG files: grids of up to some hundred tiles, and a small strip of the best. */
#ifndef CVZ_STORE_SHEETS_H
#define CVZ_STORE_SHEETS_H

#include "image/stitch.h"

#define CVZ_SHEET_TILES 1024 /**< most tiles of a sheet */
#define CVZ_SHEET_PIXELS                                                                                               \
  (1 << 24) /**< most pixels of its tiles, unless one tile alone has more: what a browser decodes                      \
             *   at once */
#define CVZ_SHEET_END  64
#define CVZ_STRIP_SIDE 96 /**< longest side of a tile in a strip */

/** How a layer's tiles are divided. */
typedef struct cvz_sheets {
  int count;     /**< files */
  int per_sheet; /**< tiles of each but the last, which may have fewer */
} cvz_sheets;

/** As few sheets as the limits allow, of the same size. A layer with one sheet has the grid of the Keras example. */
cvz_sheets cvz_sheets_divide(int tiles, int tile_width, int tile_height);

/** Tiles of one sheet of a layer with `tiles`. */
int cvz_sheet_tiles(cvz_sheets sheets, int sheet, int tiles);

/** What stands behind the stem in a sheet's name: ".png", "+2.png", "+3.png", and of a variant "@NAME.png",
 *  "@NAME+2.png"; neither '+' nor '@' is in a stem or a variant's name.
 *  @param variant    "": the layer itself
 *  @param extension  ".png", or ".apng" of the sheet's animation */
void cvz_sheet_end(char end[CVZ_SHEET_END], const char *variant, int sheet, const char *extension);

/** Lays out the first sheet of a layer with `tiles`; see cvz_grid_layout. */
cvz_status cvz_sheets_first_grid(cvz_grid *grid, int tiles, int tile_width, int tile_height, int margin,
                                 cvz_error *error);

/** Writes one row of tiles, shrunk to at most CVZ_STRIP_SIDE pixels, without margins.
 *  @param indices  of the tiles in the source, `count` >= 1
 *  @param path, name  as in cvz_stitch */
cvz_status cvz_strip_write(const cvz_tile_source *source, int tile_width, int tile_height, const int *indices,
                           int count, const char *path, const char *name, cvz_error *error);

#endif
