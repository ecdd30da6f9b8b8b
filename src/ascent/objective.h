/* ascent/objective.h: the number that the ascent raises: a weighted sum of terms.
 *
 * A term is the mean of a number of each pixel over a part of a map (x: the pixel's channels, C of them):
 *
 *  - channel    x[k]: the loss of the Keras example; over one pixel it is a neuron, over a vector a logit
 *  - direction  (x . v) max(0.1, cos)^p with cos = (x . v) / ((1e-4 + |x|) (1e-4 + |v|)): Lucid's direction with
 *               cossim_pow = p (lucid/optvis/objectives.py, _dot_cossim); with p = 0 it is x . v alone
 *  - square     the mean of x[c]^2 over the channels: Lucid's deepdream (same file), after Mordvintsev et al. 2015
 *
 * Sums are in double precision and in the order of the pixels. docs/objectives.md tells of them. */
#ifndef CVZ_ASCENT_OBJECTIVE_H
#define CVZ_ASCENT_OBJECTIVE_H

#include <stdbool.h>

#include "ascent/diversity.h"
#include "engine/run.h"

/** The part of a map over which the channel objective takes the mean: `border` pixels less a side, as the Keras example
 *  does with activation[:, 2:-2, 2:-2, k] to keep clear of border artefacts.
 *  @param[out] whole  (may be NULL) true if the crop would be empty and the whole map serves instead */
cvz_region cvz_objective_region(cvz_shape map, int border, bool *whole);

typedef enum cvz_term_kind {
  CVZ_TERM_CHANNEL,
  CVZ_TERM_DIRECTION,
  CVZ_TERM_SQUARE,
  CVZ_TERM_DIVERSITY /**< no mean over pixels: see ascent/diversity.h */
} cvz_term_kind;

#define CVZ_TERMS_MAX      32 /**< of one objective */
#define CVZ_TERM_POWER_MAX 16

typedef struct cvz_term {
  cvz_term_kind kind;
  double weight;
  int map;                        /**< of the run, see cvz_run_map */
  cvz_region part;                /**< of that map as the run shows it; empty: all of it */
  int channel;                    /**< CHANNEL: among those that the run shows */
  const float *vector;            /**< DIRECTION: (C), borrowed */
  int power;                      /**< DIRECTION: from 0 to CVZ_TERM_POWER_MAX */
  const cvz_diversity *diversity; /**< DIVERSITY: borrowed; NULL: there are no others, and the term is 0 */
} cvz_term;

typedef struct cvz_objective {
  const cvz_term *terms; /**< borrowed */
  int count;             /**< 1 to CVZ_TERMS_MAX */
} cvz_objective;

/** The mean of the channel that a run has selected. */
cvz_objective cvz_objective_channel(void);

/** The part of a map that a term reads, after a forward pass. */
cvz_view cvz_objective_part(const cvz_term *term, const cvz_run *run);

/** The objective of what the run has computed forward. */
double cvz_objective_value(const cvz_objective *objective, const cvz_run *run);

/** The run's backward pass from the objective, divided by `views`. */
void cvz_objective_backward(const cvz_objective *objective, cvz_run *run, int views);

/** Sums over pixels, perhaps of several images. */
typedef struct cvz_term_sums {
  double sum, squares, count;
} cvz_term_sums;

/** Adds the pixels of each term, without its weight, to sums[count]. */
void cvz_objective_measure(const cvz_objective *objective, const cvz_run *run, cvz_term_sums *sums);

/** Mean and population deviation of the objective over the pixels that were measured; those of several terms add as
 *  those of independent numbers do. */
void cvz_objective_spread(const cvz_objective *objective, const cvz_term_sums *sums, double *mean, double *deviation);

#endif
