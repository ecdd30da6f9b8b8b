/* ascent/score.h: how much a picture excites its filter, and how much random images do. */
#ifndef CVZ_ASCENT_SCORE_H
#define CVZ_ASCENT_SCORE_H

#include <stdbool.h>

#include "ascent/ascent.h"

#define CVZ_NOISE_IMAGES 4

/** The objective on random images: mean and population deviation over all pixels that the objective reads, of
 *  CVZ_NOISE_IMAGES images. */
typedef struct cvz_noise {
  float mean, deviation;
} cvz_noise;

/** The objective of the unit's image as it is, without transforms. */
float cvz_score_image(cvz_ascent *ascent);

/** Shows the network random images over the whole range of colours: half of them of independent pixels, half of 5 x 5
 *  areas of one colour. They depend on the layer and the seed alone, and the noise of a unit on nothing else but its
 * objective, however many are asked for together, which costs little more than one. What was in the run is lost.
 *  @param units       (count) of one layer
 *  @param[out] noise  (count) */
cvz_status cvz_score_noise(cvz_run *run, const cvz_ascent_recipe *recipe, const cvz_ascent_unit *units, int count,
                           cvz_noise *noise, cvz_error *error);

/** Whether a score stands out of random images: it is above their mean by more than twice their deviation. Where a ReLU
 *  is shut for all of them both are 0, and any score above 0 does. docs/dead_filters.md has what was measured. */
bool cvz_score_stands_out(float score, cvz_noise noise);

#endif
