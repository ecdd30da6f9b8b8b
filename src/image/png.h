/* image/png.h: PNG files, 8 bits a channel. */
#ifndef CVZ_IMAGE_PNG_H
#define CVZ_IMAGE_PNG_H

#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

#define CVZ_PNG_READ_MAX (1 << 28) /**< pixels of a picture that is read: 16384 x 16384 */

typedef struct cvz_png_writer cvz_png_writer;

/** Starts a PNG in an open stream; `name` is for messages and is borrowed until the end. channels 1 gray, 3 RGB, 4
 * RGBA. The same pixels give the same bytes: no time stamp, a fixed compression level. */
cvz_status cvz_png_begin(cvz_png_writer **writer, FILE *stream, const char *name, int width, int height, int channels,
                         cvz_error *error);

/** Appends one row of width * channels bytes. */
cvz_status cvz_png_row(cvz_png_writer *writer, const uint8_t *row, cvz_error *error);

/** Completes the picture, flushes the stream and frees the writer whatever happens; the stream stays open. With rows
 *  missing the picture is given up, which is CVZ_E_IO; so `error` may be NULL in a clean-up. */
cvz_status cvz_png_end(cvz_png_writer *writer, cvz_error *error);

/** A decoded picture; palettes, 16 bits, gray and alpha are converted to `channels`. Free pixels with free(). */
typedef struct cvz_picture {
  int width, height, channels;
  uint8_t *pixels; /**< (height, width, channels) */
} cvz_picture;

/** Reads a PNG as gray (1; luma of ITU-R 601), RGB (3; alpha is dropped) or RGBA (4), as Pillow converts them.
 *
 *  @param[out] picture  filled on success, untouched on failure
 *  @return CVZ_OK; CVZ_E_IO if the file cannot be read, CVZ_E_FORMAT if it is not a sound PNG, CVZ_E_RANGE if it has
 *          more than CVZ_PNG_READ_MAX pixels */
cvz_status cvz_png_read(cvz_picture *picture, const char *path, int channels, cvz_error *error);

#endif
