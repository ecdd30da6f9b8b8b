/* image/shrink.h: smaller copies of pictures. */
#ifndef CVZ_IMAGE_SHRINK_H
#define CVZ_IMAGE_SHRINK_H

#include <stdint.h>

/** Shrinks (height, width, channels) to (to_height, to_width, channels), neither side larger than before: each pixel is
 *  the mean of the area that it covers, in whole numbers, so the bytes are the same everywhere. */
void cvz_shrink(const uint8_t *from, int width, int height, int channels, uint8_t *to, int to_width, int to_height);

#endif
