/* ascent/ascent.h: one unit: from a start image uphill to the picture that excites one filter most.
 *
 * Source: F. Chollet, "Visualizing what convnets learn", keras.io/examples/vision/visualizing_what_convnets_learn. */
#ifndef CVZ_ASCENT_ASCENT_H
#define CVZ_ASCENT_ASCENT_H

#include <stdint.h>

#include "engine/run.h"

/** How a unit ended. */
typedef enum cvz_unit_status {
  CVZ_UNIT_MISSING, /**< not rendered (yet) */
  CVZ_UNIT_OK,
  CVZ_UNIT_DEAD, /**< the gradient was zero: the picture is plain */
  CVZ_UNIT_NAN   /**< loss or gradient was not finite: the picture is plain */
} cvz_unit_status;

#define CVZ_UNIT_STATUSES 4

/** "missing", "ok", "dead", "nan". */
const char *cvz_unit_status_name(cvz_unit_status status);

/** The parameters that all units of a job share. */
typedef struct cvz_ascent_recipe {
  int iterations;
  float learning_rate;       /**< length of one step, in the network's input range */
  float init_spread;         /**< the start is uniform in [-spread / 2, spread / 2) */
  int picture_border;        /**< pixels cropped from each side of the picture; none if 2 * border or less are there */
  cvz_preprocess preprocess; /**< what the network expects of its image: the colours' order in the picture */
  uint64_t seed;
  const float *start; /**< (H, W, C) to start from, or NULL for random numbers */
} cvz_ascent_recipe;

/** Which unit: its random numbers come from these and the seed alone. */
typedef struct cvz_ascent_unit {
  uint64_t layer; /**< cvz_hash_text of the layer's name */
  int channel;    /**< filter */
  int repeat;
} cvz_ascent_unit;

/** The state of one unit between two steps. */
typedef struct cvz_ascent {
  const cvz_ascent_recipe *recipe; /**< borrowed */
  cvz_run *run;                    /**< borrowed */
  cvz_shape image;
  float *loss; /**< borrowed: (iterations), before each update; NaN from an early stop on */
  int step;
  cvz_unit_status status; /**< CVZ_UNIT_MISSING while it goes on */
} cvz_ascent;

/** Starts a unit: writes the start image into the run. */
void cvz_ascent_begin(cvz_ascent *ascent, const cvz_ascent_recipe *recipe, const cvz_plan *plan, cvz_run *run,
                      cvz_ascent_unit unit, float *loss);

/** One step: loss, gradient g, then x += learning_rate * g / max(|g|, 1e-6), the norm over the whole image.
 *  @return false when the unit has ended; then status says how */
bool cvz_ascent_step(cvz_ascent *ascent);

/** Floats of what cvz_ascent_save writes. */
size_t cvz_ascent_state_count(const cvz_ascent *ascent);

/** All of a unit's state between two steps but ascent->step: (state count) floats. */
void cvz_ascent_save(const cvz_ascent *ascent, float *state);

/** Puts a unit that has begun to where it was saved after `step` steps: it goes on with the same bits. */
void cvz_ascent_restore(cvz_ascent *ascent, int step, const float *state);

/** Rows or columns of the picture of an image of `length`. */
int cvz_picture_length(const cvz_ascent_recipe *recipe, int length, int other);

/** Makes the picture of the image: (height, width, cvz_input_picture_channels) bytes, in the order red, green, blue,
 *  alpha whatever the network's is. A dead or NaN unit's is plain gray, and opaque.
 *  Formula: ((x - mean) / (deviation + 1e-5) * 0.15, cropped, + 0.5, clipped to [0, 1]) * 255, truncated; mean and
 *  population standard deviation are those of the whole image. */
void cvz_picture_render(const cvz_ascent *ascent, uint8_t *picture);

#endif
