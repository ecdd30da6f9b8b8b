/* ascent/optimizer.h: from a gradient to new parameters. What is raised goes up: the formulas of those who lower a loss
 * are applied to its negative. */
#ifndef CVZ_ASCENT_OPTIMIZER_H
#define CVZ_ASCENT_OPTIMIZER_H

#include <stddef.h>

#include "ascent/recipe.h"

/** Numbers that a rule keeps for each parameter, zero at the start. */
int cvz_optimizer_moments(cvz_rule rule);

/** The learning rate of a step.
 *  cosine:      last + (first - last) * (1 + cos(pi * step / iterations)) / 2, as Keras's CosineDecay
 *  exponential: first * (last / first)^(step / iterations), as Keras's ExponentialDecay */
float cvz_optimizer_rate(const cvz_ascent_recipe *recipe, int step);

/** What is known of the gradient of a step. */
typedef struct cvz_gradient_size {
  double sum, squares; /**< of its numbers, and of their squares */
} cvz_gradient_size;

cvz_gradient_size cvz_gradient_measure(const float *gradient, size_t count);

/** Updates the parameters.
 *
 *  normalized:   x += rate * g / max(|g|, 1e-6), tf.math.l2_normalize
 *  standardized: x += rate * g / (deviation of g + 1e-8); source: TensorFlow's tutorial "DeepDream"
 *  sgd, adam, nadam, rmsprop: as keras.optimizers of Keras 3 have them
 *
 *  @param step     from 0
 *  @param moments  (cvz_optimizer_moments, count) */
void cvz_optimizer_update(const cvz_ascent_recipe *recipe, int step, float *parameters, const float *gradient,
                          const cvz_gradient_size *size, float *moments, size_t count);

/** True if the ascent has come to a plateau after so many steps: the mean loss of the last `patience` steps is not more
 *  than (1 + least_gain) times that of as many steps before, or, of means that are not positive, not more than it by
 *  least_gain times its size. Never with patience 0. */
bool cvz_optimizer_plateau(const cvz_optimizer_recipe *recipe, const float *loss, int steps);

#endif
