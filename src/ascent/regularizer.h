/* ascent/regularizer.h: what is taken from the loss for the sake of the image. x: (H, W, C), the image as the network
 * reads it; n: its numbers.
 *
 *  variation: weight * sum |x of a pixel - x of its right and lower neighbour| / n
 *  l1, l2, lp: weight * (sum |x|^p / n)^(1 / p)
 *
 * Source: tf_keras_vis/activation_maximization/regularizers.py, TotalVariation2D and Norm. */
#ifndef CVZ_ASCENT_REGULARIZER_H
#define CVZ_ASCENT_REGULARIZER_H

#include "ascent/recipe.h"
#include "graph/shape.h"

/** True if any has a weight. */
bool cvz_regularizer_is_used(const cvz_regularizer_recipe *recipe);

/** The sum of all, which is to be small. */
double cvz_regularizer_value(const cvz_regularizer_recipe *recipe, cvz_shape image, const float *x);

/** gradient -= its derivative by x, 0 where it has none. */
void cvz_regularizer_gradient(const cvz_regularizer_recipe *recipe, cvz_shape image, const float *x, float *gradient);

#endif
