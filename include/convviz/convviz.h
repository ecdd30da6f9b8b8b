/* convviz/convviz.h: Keras networks and the pictures of their filters, for programs of your own. docs/embedding.md has
 * an example.
 *
 * A network is a file in memory. A target is one of its layers with all that is needed to compute it and its gradient.
 *
 * Errors: functions that can fail return a cvz_status and, unless `error` is NULL, write one line for a user into it.
 * Results are written on success only.
 *
 * Ownership: what an _open function made, its _close function frees; NULL is harmless there. A network must outlive its
 * targets. Texts belong to the network. Arrays are the caller's, unless it says otherwise.
 *
 * Threads: networks are opened and closed by one thread at a time (HDF5). A network that is open may be used by any
 * number of threads at once, a target by one at a time. To read a file safely, a child process reads it first (fork).
 * OpenBLAS is set to one thread: threads of your own, each with a target, are faster.
 *
 * Arrays: images are float32 (height, width, channels), rows from the top, in the range and the order of colours that
 * the network expects; see cvz_network_from_rgb. */
#ifndef CONVVIZ_CONVVIZ_H
#define CONVVIZ_CONVVIZ_H

#include <stddef.h>
#include <stdint.h>

#include "convviz/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** "0.1.0" */
const char *cvz_version(void);

/** A trained network: its layers and weights. */
typedef struct cvz_network cvz_network;

/** Reads a Keras file, recognised by its content, with all its weights.
 *  @param arch  NULL for a full model; for a file of weights only the constructor of keras.applications
 *  @return CVZ_E_IO, CVZ_E_FORMAT, CVZ_E_UNSUPPORTED for a file that cannot be read; CVZ_E_USAGE for an arch that is
 *          unknown, missing or too much; CVZ_E_MEMORY */
cvz_status cvz_network_open(cvz_network **network, const char *path, const char *arch, cvz_error *error);

void cvz_network_close(cvz_network *network);

/** Sizes of an array. */
typedef struct cvz_dimensions {
  int height, width, channels;
} cvz_dimensions;

/** The image that the network takes; height and width are 0 where any will do. */
cvz_dimensions cvz_network_image(const cvz_network *network);

/** A layer, in the file's order. */
typedef struct cvz_layer_info {
  const char *name;       /**< "conv2d", "inner/conv2d" inside a nested model, "inner:1/conv2d" of its second call */
  const char *class_name; /**< Keras's, "Conv2D" */
  const char *problem;    /**< why it cannot be computed, NULL if it can */
} cvz_layer_info;

int cvz_network_layer_count(const cvz_network *network);

/** @param index  in [0, cvz_network_layer_count) */
cvz_layer_info cvz_network_layer(const cvz_network *network, int index);

/** Overrules what the file tells of the numbers that the network expects: "tf" (-1 to 1), "caffe", "torch", "none" (0
 * to 255), "unit" (0 to 1). Before targets are opened.
 *  @return CVZ_E_USAGE for another name, or one that is not for the network's channels */
cvz_status cvz_network_expect(cvz_network *network, const char *preprocess, cvz_error *error);

/** From colours in [0, 1] (red, green, blue; gray; with alpha) to the numbers that the network expects.
 *  @param rgb, image  (pixels, channels of the network), which must not overlap */
void cvz_network_from_rgb(const cvz_network *network, const float *rgb, size_t pixels, float *image);

/** A layer of a network at one size of the image. */
typedef struct cvz_target cvz_target;

/** Prepares a layer.
 *  @param layer     its name, or "last"
 *  @param settings  NULL, or texts "name=value" ended by NULL, as in "iterations=60": the options of `convviz-mpi
 * --help` under "How to render", and "classes". What is not set has the default of the recipe
 *  @return CVZ_E_USAGE for an unknown layer or setting, a value that is none, or a size that the layer cannot have;
 *          CVZ_E_UNSUPPORTED for a layer with a problem; CVZ_E_RANGE, CVZ_E_FORMAT, CVZ_E_MEMORY */
cvz_status cvz_target_open(cvz_target **target, const cvz_network *network, const char *layer,
                           const char *const *settings, cvz_error *error);

void cvz_target_close(cvz_target *target);

/** The image that the functions below take: setting `size`, channels of the network. */
cvz_dimensions cvz_target_image(const cvz_target *target);

/** The layer's output for it; channels are the filters. Height and width are 1 of a vector. */
cvz_dimensions cvz_target_output(const cvz_target *target);

/** The layer's output for an image. Of a vector that ends in a softmax or sigmoid what is before it, unless the setting
 *  `classes` is `probabilities`.
 *  @param      image   as cvz_target_image
 *  @param[out] output  (height, width, channels) as cvz_target_output
 *  @return CVZ_E_MEMORY, in the first call */
cvz_status cvz_target_forward(cvz_target *target, const float *image, float *output, cvz_error *error);

/** The mean of one filter's output over its height and width, and the derivative of that by the image.
 *  @param      filter    in [0, channels of the output), else CVZ_E_RANGE
 *  @param[out] mean      may be NULL
 *  @param[out] gradient  as the image
 *  @return CVZ_E_RANGE; CVZ_E_MEMORY, in the first call */
cvz_status cvz_target_gradient(cvz_target *target, int filter, const float *image, float *mean, float *gradient,
                               cvz_error *error);

/** What a filter responds to. Free with cvz_rendering_free. */
typedef struct cvz_rendering {
  int width, height, channels; /**< channels: 1 gray, 3 RGB, 4 RGBA */
  uint8_t *pixels;             /**< (height, width, channels), the picture as convviz-mpi makes it */
  float *image;                /**< as cvz_target_image: the image after the last update */
  float *losses;               /**< (steps): before each update; NaN after an early stop */
  int steps;
  const char *status; /**< as convviz-mpi's: "ok", "rescued", "weak"; "dead" and "nan", whose pictures are plain gray */
} cvz_rendering;

/** Climbs from a start image to the picture that excites a filter most: the bytes of convviz-mpi on this computer.
 *  @param      start      as cvz_target_image, or NULL for the random start of the setting `seed`
 *  @param[out] rendering  filled in on success
 *  @return CVZ_E_RANGE for a filter that is not there; CVZ_E_MEMORY */
cvz_status cvz_target_render(cvz_target *target, int filter, const float *start, cvz_rendering *rendering,
                             cvz_error *error);

/** Writes the picture as PNG, whole or not at all. */
cvz_status cvz_rendering_write(const cvz_rendering *rendering, const char *path, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_rendering_free(cvz_rendering *rendering);

#ifdef __cplusplus
}
#endif

#endif
