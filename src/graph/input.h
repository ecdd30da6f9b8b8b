/* graph/input.h: the numbers that a network expects of its image: their range, and the order of the colours.
 *
 * Everybody outside of a network thinks in colours from 0 to 1, in the order red, green, blue. For each pixel
 *
 *     x[c] = scale[c] * rgb[order[c]] + offset[c]
 *
 * is what the network reads in channel c. Source of the numbers: keras/src/applications/imagenet_utils.py,
 * preprocess_input, whose argument is 255 * rgb. */
#ifndef CVZ_GRAPH_INPUT_H
#define CVZ_GRAPH_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/** Keras's modes, and two of networks that do without. */
typedef enum cvz_preprocess {
  CVZ_PREPROCESS_TF,    /**< -1 to 1 */
  CVZ_PREPROCESS_CAFFE, /**< blue, green, red, 0 to 255 less ImageNet's mean; three channels */
  CVZ_PREPROCESS_TORCH, /**< less ImageNet's mean, divided by its deviation; three channels */
  CVZ_PREPROCESS_NONE,  /**< 0 to 255: pixels as they are */
  CVZ_PREPROCESS_UNIT,  /**< 0 to 1 */
  CVZ_PREPROCESS_COUNT
} cvz_preprocess;

/** "tf", "caffe", "torch", "none", "unit". */
const char *cvz_preprocess_name(cvz_preprocess preprocess);

/** @return CVZ_E_USAGE for a name that is not one of these */
cvz_status cvz_preprocess_from_name(cvz_preprocess *preprocess, const char *name, cvz_error *error);

/** Whether a network of that many channels can have it: caffe and torch are for three. */
bool cvz_preprocess_fits(cvz_preprocess preprocess, int channels);

#define CVZ_INPUT_COLOURS 4

/** The line above. An image of one channel is gray, one of four has alpha behind blue; in one of two, or of five and
 *  more, every channel has order c and the scale and offset of channel 0. */
typedef struct cvz_input_range {
  int channels;
  int order[CVZ_INPUT_COLOURS];
  float scale[CVZ_INPUT_COLOURS], offset[CVZ_INPUT_COLOURS];
} cvz_input_range;

/** `preprocess` must fit the channels. */
cvz_input_range cvz_input_range_of(cvz_preprocess preprocess, int channels);

/** Of the network's channels, those that a picture shows: gray of one or two, RGB of three, RGBA of four, RGB (the
 *  first three) of more. */
int cvz_input_picture_channels(int channels);

/** The channel of the network that holds a colour: order[cvz_input_place(range, i)] == i. */
int cvz_input_place(const cvz_input_range *range, int colour);

/** Between colours and the network's numbers, both (pixels, channels), which must not overlap. Nothing is clipped. */
void cvz_input_from_rgb(const cvz_input_range *range, const float *rgb, size_t pixels, float *image);
void cvz_input_to_rgb(const cvz_input_range *range, const float *image, size_t pixels, float *rgb);

/** In place: the network's numbers of colours below 0 and above 1 become those of 0 and 1. */
void cvz_input_clip(const cvz_input_range *range, size_t pixels, float *image);

/** From the derivative by the network's numbers to that by the colours: the adjoint of cvz_input_from_rgb. */
void cvz_input_gradient(const cvz_input_range *range, const float *image_gradient, size_t pixels, float *rgb_gradient);

#endif
