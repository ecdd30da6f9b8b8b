/* ascent/ascent.h: one unit: from a start image uphill to the picture that excites one filter most.
 *
 * A step: the parametrization has made the image of the parameters; for each view of the step the transforms make of
 * the image what the network reads, and carry the gradient back; regularizers add to it; the parametrization carries it
 * to the parameters; the optimizer changes them, and the image is made anew.
 *
 * Source of the recipe `keras`: F. Chollet, "Visualizing what convnets learn",
 * keras.io/examples/vision/visualizing_what_convnets_learn. */
#ifndef CVZ_ASCENT_ASCENT_H
#define CVZ_ASCENT_ASCENT_H

#include <stdint.h>

#include "ascent/objective.h"
#include "ascent/workspace.h"

/** How a unit ended. */
typedef enum cvz_unit_status {
  CVZ_UNIT_MISSING, /**< not rendered (yet) */
  CVZ_UNIT_OK,
  CVZ_UNIT_DEAD,    /**< the gradient was zero: the picture is plain */
  CVZ_UNIT_NAN,     /**< loss or gradient was not finite: the picture is plain */
  CVZ_UNIT_RESCUED, /**< as OK, but only after another attempt, see ascent/climb.h */
  CVZ_UNIT_WEAK     /**< the picture excites the filter no more than random images may */
} cvz_unit_status;

#define CVZ_UNIT_STATUSES 6

/** "missing", "ok", "dead", "nan", "rescued", "weak". */
const char *cvz_unit_status_name(cvz_unit_status status);

/** Which unit: its random numbers come from layer, channel, repeat and the seed alone. */
typedef struct cvz_ascent_unit {
  uint64_t layer; /**< cvz_hash_text of the layer's name */
  int channel;    /**< filter, which is also the channel that the run selects */
  int repeat;
  const cvz_objective *objective; /**< borrowed; NULL: the mean of that channel */
} cvz_ascent_unit;

/** What a unit raises. */
cvz_objective cvz_ascent_objective(const cvz_ascent_unit *unit);

/** The state of one unit between two steps. */
typedef struct cvz_ascent {
  const cvz_ascent_recipe *recipe; /**< borrowed */
  cvz_workspace *workspace;        /**< borrowed: its arrays are those of this unit */
  cvz_run *run;                    /**< borrowed */
  cvz_ascent_unit unit;
  cvz_objective objective; /**< of the unit */
  float *loss;             /**< borrowed: (iterations), before each update; NaN from an early stop on */
  int step;
  bool live;              /**< the gradient has been other than zero */
  cvz_unit_status status; /**< CVZ_UNIT_MISSING while it goes on */
} cvz_ascent;

/** Starts a unit: makes its start image. The run's plan must be for images as the workspace's view. */
void cvz_ascent_begin(cvz_ascent *ascent, cvz_workspace *workspace, cvz_run *run, cvz_ascent_unit unit, float *loss);

/** Before the first step: multiplies the start's parameters, from which its contrast grows. */
void cvz_ascent_brighten(cvz_ascent *ascent, float factor);

/** Between two steps: goes on in another run, of the same image and channel; both may lie in the same arena.
 *  @param scratch  room for an image that the network reads */
void cvz_ascent_move(cvz_ascent *ascent, cvz_run *run, float *scratch);

/** Forward through what the network reads first in the step to come, which is left as it is. Not for recipes whose
 *  transforms change the image for good. */
void cvz_ascent_preview(cvz_ascent *ascent);

/** One step: loss, gradient, update. The loss is that of what the network read, the mean over the views.
 *  @return false when the unit has ended; then status says how */
bool cvz_ascent_step(cvz_ascent *ascent);

/** The image (H, W, C) of workspace->image, in the network's input range; after the last update. */
const float *cvz_ascent_image(const cvz_ascent *ascent);

/** Writes the image as it is into the run, to see how the network answers to it without transforms: resampled where the
 *  sizes differ. The next step does not need what was in the run. */
void cvz_ascent_show(cvz_ascent *ascent);

/** Floats of what cvz_ascent_save writes. */
size_t cvz_ascent_state_count(const cvz_ascent *ascent);

/** All of a unit's state between two steps but ascent->step: (state count) floats: parameters, the optimizer's moments,
 *  whether it is live, the mass of the gradients, the film, losses. */
void cvz_ascent_save(const cvz_ascent *ascent, float *state);

/** Puts a unit that has begun to where it was saved after `step` steps: it goes on with the same bits. */
void cvz_ascent_restore(cvz_ascent *ascent, int step, const float *state);

/** Rows or columns of the picture of an image of `length`. */
int cvz_picture_length(const cvz_ascent_recipe *recipe, int length, int other);

/** Channels of the picture of an image of `channels`: cvz_input_picture_channels, or with recipe->alpha 4. */
int cvz_picture_channels(const cvz_ascent_recipe *recipe, int channels);

/** Makes the picture of an image (H, W, C) of the network's range: (height, width, cvz_picture_channels) bytes,
 * in the order red, green, blue, alpha whatever the network's is. A dead or NaN unit's is plain gray, and opaque.
 *
 *  - standardized: ((x - mean) / (deviation + 1e-5) * 0.15, cropped, + 0.5, clipped to [0, 1]) * 255, truncated; mean
 * and population standard deviation are those of the whole image
 *  - direct: the colours of the range, clipped to [0, 1], times 255, rounded
 *
 *  With recipe->alpha the picture is as opaque as its pixel's part of the mass: mass / its 80th percentile over the
 * whole image, clipped to 1. Source: plot_maco in Horama, horama/plots.py; mass: T. Fel et al., see docs/recipes.md
 *  @param mass  (H, W) of workspace->mass, with recipe->alpha */
void cvz_picture_render(const cvz_ascent_recipe *recipe, cvz_shape shape, const float *image, const float *mass,
                        cvz_unit_status status, uint8_t *picture);

#endif
