/* ascent/ensemble.h: several ascents of one unit in step with each other: what each raises may depend on all. */
#ifndef CVZ_ASCENT_ENSEMBLE_H
#define CVZ_ASCENT_ENSEMBLE_H

#include "ascent/ascent.h"

typedef struct cvz_ensemble cvz_ensemble;

/** Whether a unit's ascents depend on each other: its objective has a diversity. */
bool cvz_ensemble_is_wanted(const cvz_objective *objective);

/** @param like   recipe, sizes and kernels of each member's workspace; the recipe has one view a step and does not
 * change the image for good
 *  @param grams  floats of one picture's Gram matrices, C^2 for each term of diversity; the most of any unit */
cvz_status cvz_ensemble_create(cvz_ensemble **ensemble, const cvz_workspace *like, int count, size_t grams,
                               cvz_error *error);

/** Harmless on NULL. */
void cvz_ensemble_free(cvz_ensemble *ensemble);

/** Starts repeats 0 to count - 1 of a unit, whose objective is copied. */
void cvz_ensemble_begin(cvz_ensemble *ensemble, cvz_run *run, cvz_ascent_unit unit);

/** A step of every member that has not ended, in this run: first all of them look, then each goes on.
 *  @return false when all have ended */
bool cvz_ensemble_step(cvz_ensemble *ensemble, cvz_run *run);

/** How many steps there were. */
int cvz_ensemble_steps(const cvz_ensemble *ensemble);

/** A member, with its image in the run. The next turn, or step, takes it out again. */
cvz_ascent *cvz_ensemble_turn(cvz_ensemble *ensemble, int index, cvz_run *run);

/** All state between two steps, as cvz_ascent_save; restored into an ensemble that has begun. */
size_t cvz_ensemble_state_count(const cvz_ensemble *ensemble);
void cvz_ensemble_save(cvz_ensemble *ensemble, cvz_run *run, float *state);
void cvz_ensemble_restore(cvz_ensemble *ensemble, cvz_run *run, const float *state);

#endif
