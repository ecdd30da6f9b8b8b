/* job/result.h: what one unit leaves. */
#ifndef CVZ_JOB_RESULT_H
#define CVZ_JOB_RESULT_H

#include <stdint.h>

#include "ascent/ascent.h"

/** Everything about one finished unit. Arrays are borrowed. */
typedef struct cvz_result {
  int filter;
  cvz_unit_status status;
  const uint8_t *tile; /**< (tile height, tile width, channels) */
  const uint8_t *film; /**< (frames, tile height, tile width, channels) of ascent/film.h, or NULL if there is none */
  const float *loss;   /**< (steps), before each update; NaN after an early stop */
  const float *raw;    /**< (H, W, C) after the last update in the network's input range, or NULL if not kept */
  int repeat, attempt; /**< which of them this is, see ascent/climb.h */
  float score;         /**< activation of the image without transforms; NaN if there is none */
  float noise_mean, noise_deviation; /**< of the activation on random images; of `repeats` only
                                        where they are another job's */
  const struct cvz_result *repeats;  /**< each of them by itself, or NULL if only the best is kept */
} cvz_result;

/** The loss before the last update, NaN if there is none. */
float cvz_result_last_loss(const float *loss, int steps);

#endif
