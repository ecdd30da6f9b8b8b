/* ascent/climb.h: all of a unit: its repeats, and the attempts of each until its picture stands out of noise.
 *
 * A repeat is an ascent from a random start of its own. If it has no gradient, rescue tries again until a picture
 * stands out of random images: with redirected ReLUs (engine/redirect.h) in the first steps, then from other starts,
 * then from brighter ones. The best is kept. Rescue leaves all pictures but those of dead filters as they are. */
#ifndef CVZ_ASCENT_CLIMB_H
#define CVZ_ASCENT_CLIMB_H

#include "ascent/outcome.h"
#include "ascent/score.h"

#define CVZ_REDIRECT_STEPS 16 /**< as Lucid has it */
#define CVZ_ATTEMPTS       6  /**< at most, of each repeat */
#define CVZ_REPEATS_MAX    65536

/** What all units of a job share. */
typedef struct cvz_climb_settings {
  int repeats; /**< at least 1 */
  bool keep;   /**< the outcome of every repeat, not of the best alone */
  bool rescue;
  int redirect;  /**< steps of every ascent that are redirected; 0: only those of a rescue */
  bool negative; /**< the objective is lowered: its negative raised, but for a diversity */
  size_t grams;  /**< floats of one picture's Gram matrices where repeats depend on each other (ascent/ensemble.h); 0:
                    they do not */
  bool both;     /**< first as `negative` says, then the other way */
} cvz_climb_settings;

/** How many ascents a unit takes, if none is tried again. */
int cvz_climb_ascents(const cvz_climb_settings *settings);

typedef struct cvz_climb cvz_climb;

/** Room for one unit at a time.
 *  @param settings, workspace  borrowed until cvz_climb_free */
cvz_status cvz_climb_create(cvz_climb **climb, const cvz_climb_settings *settings, cvz_workspace *workspace,
                            cvz_error *error);

/** Harmless on NULL. */
void cvz_climb_free(cvz_climb *climb);

/** Begins a unit; its `repeat` is not read.
 *  @param run, redirected  of the unit's plan and of its variant with redirected ReLUs, in the same arena or in two;
 *                          NULL if there is no ReLU or neither rescue nor redirection is wanted. Borrowed until the end
 *                          of the unit
 *  @param unit             its objective is copied
 *  @param noise            of the unit's objective: what its pictures must stand out of */
void cvz_climb_begin(cvz_climb *climb, cvz_run *run, cvz_run *redirected, cvz_ascent_unit unit, cvz_noise noise);

/** One step of the ascent. @return false when the unit has ended */
bool cvz_climb_step(cvz_climb *climb);

bool cvz_climb_ended(const cvz_climb *climb);

/** How many steps the unit has taken, of all its ascents. */
int cvz_climb_steps(const cvz_climb *climb);

/** The best repeat of a unit that has ended; of both signs the first. */
const cvz_outcome *cvz_climb_best(const cvz_climb *climb);

/** What is kept of a unit beside its best, in the order of the names: with `both` the best of the other sign and, with
 *  `keep`, its repeats; then, with `keep`, every repeat of the first. */
int cvz_climb_variants(const cvz_climb_settings *settings);

/** Variant `index` of a unit that has ended. */
const cvz_outcome *cvz_climb_variant(const cvz_climb *climb, int index);

#define CVZ_CLIMB_NAME 32

/** "repeat_0", "negative", "negative_repeat_0" */
void cvz_climb_variant_name(const cvz_climb_settings *settings, int index, char name[CVZ_CLIMB_NAME]);

/** Floats of what cvz_climb_save writes. */
size_t cvz_climb_state_count(const cvz_climb *climb);

/** All of a unit's state between two steps. */
void cvz_climb_save(const cvz_climb *climb, float *state);

/** Puts a unit that has begun to where it was saved: it goes on with the same bits. */
void cvz_climb_restore(cvz_climb *climb, const float *state);

#endif
