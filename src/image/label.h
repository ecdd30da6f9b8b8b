/* image/label.h: short texts in pictures, in letters of 5 x 8 pixels. */
#ifndef CVZ_IMAGE_LABEL_H
#define CVZ_IMAGE_LABEL_H

#include <stdint.h>

#define CVZ_LABEL_WIDTH  6 /**< pixels from one letter to the next, at scale 1 */
#define CVZ_LABEL_HEIGHT 8

/** Part of a picture, or all of it: (height, width, channels). */
typedef struct cvz_canvas {
  uint8_t *pixels;
  int width, height, channels;
} cvz_canvas;

/** Draws ASCII text with its upper left corner at (x, y), each pixel `scale` wide and high, every channel `shade` but
 * an alpha channel, which becomes opaque. What is outside of the canvas is left out; other bytes appear as '?', a
 *  character of several bytes as one. */
void cvz_label_draw(const cvz_canvas *canvas, int x, int y, int scale, uint8_t shade, const char *text);

#endif
