/* ascent/diversity.h: how alike what several pictures do to a layer is.
 *
 * With A the layer's map of one picture as a matrix (pixels, C), its Gram matrix is G = A^T A, and
 * N = G / sqrt(max(sum G^2, 1e-10)). The diversity term of picture i is the sum of <N_i, N_j> over the other pictures
 * j. Summed over n pictures that is n times Lucid's `diversity` (lucid/optvis/objectives.py); a negative weight makes
 * the pictures differ. */
#ifndef CVZ_ASCENT_DIVERSITY_H
#define CVZ_ASCENT_DIVERSITY_H

#include <stddef.h>

#include "kernel/view.h"

/** One picture's side of the term; arrays are borrowed. */
typedef struct cvz_diversity {
  float *gram;   /**< (C, C): its N */
  double length; /**< sqrt(sum G^2) */
  float *others; /**< (C, C): the sum of the others' N */
  float *slope;  /**< (C, C): scratch */
} cvz_diversity;

/** Sets gram and length of what the network answers. */
void cvz_diversity_measure(cvz_diversity *diversity, cvz_view map);

/** The term, from gram and others. */
double cvz_diversity_value(const cvz_diversity *diversity, int channels);

/** dx += factor times the derivative of the sum of all pictures' terms by this one's map, which was measured before. */
void cvz_diversity_gradient(const cvz_diversity *diversity, cvz_view map, double factor, cvz_view dx);

#endif
