/* image/apng.h: an animation as one PNG file that viewers without animation show as its first picture (APNG, W3C PNG
 * specification, third edition). */
#ifndef CVZ_IMAGE_APNG_H
#define CVZ_IMAGE_APNG_H

#include <stdio.h>

#include "base/status.h"

#define CVZ_APNG_DELAY 100  /**< milliseconds that a picture is shown */
#define CVZ_APNG_LAST  2000 /**< the same of the last; then all begins anew */

typedef struct cvz_apng cvz_apng;

/** Starts an animation of `frames` pictures in an open stream, all of width x height pixels and of the same channels.
 *  No picture is held in memory, and the same pictures give the same bytes.
 *  @param stream, name  borrowed until the end; the name is for messages */
cvz_status cvz_apng_begin(cvz_apng **apng, FILE *stream, const char *name, int width, int height, int frames,
                          cvz_error *error);

/** The stream of the next picture, into which all of it is to be written as a PNG of its own, with cvz_png_begin to
 *  cvz_png_end. Borrowed until the next call. NULL with `error` filled in if the one before could not be written. */
FILE *cvz_apng_next(cvz_apng *apng, cvz_error *error);

/** Completes the file, flushes the stream and frees the writer whatever happens; the stream stays open. With pictures
 *  missing it is given up, which is CVZ_E_IO; so `error` may be NULL in a clean-up. */
cvz_status cvz_apng_end(cvz_apng *apng, cvz_error *error);

#endif
