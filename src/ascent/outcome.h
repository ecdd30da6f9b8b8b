/* ascent/outcome.h: how ascents ended, and which of them are kept. */
#ifndef CVZ_ASCENT_OUTCOME_H
#define CVZ_ASCENT_OUTCOME_H

#include "ascent/ascent.h"

/** How a repeat ended: the best of its attempts. */
typedef struct cvz_outcome {
  cvz_unit_status status; /**< CVZ_UNIT_MISSING: nothing has been kept yet */
  int repeat, attempt;
  float score;   /**< of the image without transforms; NaN if the status is */
  float *loss;   /**< (iterations), before each update; NaN from an early stop on */
  float *image;  /**< (H, W, C), after the last update */
  float *mass;   /**< (H, W), what the gradients add up to; NULL if the workspace has none */
  uint8_t *film; /**< ascent/film.h; NULL likewise */
} cvz_outcome;

/** Floats of a loss, an image and a mass, bytes of a film; 0: there is none. */
typedef struct cvz_outcome_sizes {
  size_t loss, image, mass, film;
} cvz_outcome_sizes;

/** Outcomes in places, of which each has the best that was put there. */
typedef struct cvz_outcomes {
  cvz_outcome *places; /**< with arrays of their own */
  int count;
  cvz_outcome_sizes sizes;
} cvz_outcomes;

cvz_status cvz_outcomes_create(cvz_outcomes *outcomes, int count, cvz_outcome_sizes sizes, cvz_error *error);

/** Harmless on zeroed or partly created outcomes. */
void cvz_outcomes_free(cvz_outcomes *outcomes);

/** Forgets all. */
void cvz_outcomes_clear(cvz_outcomes *outcomes);

/** Copies an outcome with its arrays to a place, unless what is there is as good: of a better kind of end (not finite,
 *  dead, weak, the others), or of the same with as high a score. */
void cvz_outcomes_keep(cvz_outcomes *outcomes, int place, const cvz_outcome *outcome);

/** The best of `count` places from `first` on, of equals the first. */
const cvz_outcome *cvz_outcomes_best(const cvz_outcomes *outcomes, int first, int count);

/** Floats of what cvz_outcomes_save writes. */
size_t cvz_outcomes_state_count(const cvz_outcomes *outcomes);

/** Both give the place behind what was written or read. */
float *cvz_outcomes_save(const cvz_outcomes *outcomes, float *state);
const float *cvz_outcomes_restore(cvz_outcomes *outcomes, const float *state);

#endif
