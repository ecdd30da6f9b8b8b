/* app/start_image.h: --init FILE. */
#ifndef CVZ_APP_START_IMAGE_H
#define CVZ_APP_START_IMAGE_H

#include <stdint.h>

#include "graph/graph.h"

/** Maps `count` pixels of a picture, gray, RGB or RGBA as the network's image, into the network's input range.
 *  @param stored  channels of a pixel; those beyond the network's are left out */
void cvz_start_image_map(const cvz_graph *graph, const uint8_t *pixels, int stored, size_t count, float *image);

/** Reads the image from which every unit starts: a PNG, mapped into the network's input range, or dataset `image` of an
 *  HDF5 file, float32 (H, W, C), taken as it is.
 *  @param      graph  tells the input's range: [0, 255] before a Rescaling layer, else [-1, 1]
 *  @param      shape  that it must have
 *  @param[out] image  free with free(), also after a failure */
cvz_status cvz_start_image_read(float **image, const char *path, const cvz_graph *graph, cvz_shape shape,
                                cvz_error *error);

#endif
