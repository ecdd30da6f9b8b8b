/* image/stitch.h: a picture of many tiles as one PNG, read tile by tile. */
#ifndef CVZ_IMAGE_STITCH_H
#define CVZ_IMAGE_STITCH_H

#include <stdint.h>
#include <stdio.h>

#include "image/grid.h"

/** Where tiles come from, one at a time. */
typedef struct cvz_tile_source {
  /** Fills in tile `index`: (tile height, tile width, channels). */
  cvz_status (*read)(void *context, int index, uint8_t *tile, cvz_error *error);
  void *context;
  int channels; /**< 1 gray, 3 RGB, 4 RGBA */
} cvz_tile_source;

/** Writes tiles first .. first + count - 1 of the source into a PNG, row by row of the grid; what has no tile is 0.
 *  Holds one row of tiles in memory.
 *  @param path  of the file that is made
 *  @param name  its final name, for messages
 *  @return CVZ_OK; CVZ_E_IO; or what `read` says. After a failure a part of the file may be left */
cvz_status cvz_stitch(const cvz_tile_source *source, const cvz_grid *grid, int first, int count, const char *path,
                      const char *name, cvz_error *error);

/** The same into an open stream, which stays open. */
cvz_status cvz_stitch_into(const cvz_tile_source *source, const cvz_grid *grid, int first, int count, FILE *stream,
                           const char *name, cvz_error *error);

#endif
