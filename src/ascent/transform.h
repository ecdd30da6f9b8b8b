/* ascent/transform.h: what the network sees of the image, anew at each step.
 *
 * Pad, jitter, scale, rotation, flip and crop boxes are all one resampling: a map from the pixels of the view to places
 * in the image, read by bilinear interpolation, whose adjoint carries the gradient back exactly. The view has the size
 * of the plan, whatever was drawn: it is the middle of the transformed image. Lucid runs its network on the transformed
 * image as a whole, whose size changes from step to step. */
#ifndef CVZ_ASCENT_TRANSFORM_H
#define CVZ_ASCENT_TRANSFORM_H

#include "ascent/recipe.h"
#include "base/random.h"
#include "graph/shape.h"
#include "kernel/kernels.h"

/** Random numbers of one view. */
#define CVZ_TRANSFORM_DRAWS 16

/** True if the view is always the image as it is: no transforms, and the same size. */
bool cvz_transform_is_none(const cvz_transform_recipe *recipe, cvz_shape image, cvz_shape view);

/** Draws where the view lies in the image.
 *
 *  From the view to the image, about the middles of both: shift by late jitter, flip, rotate, divide by the scale,
 *  multiply by the pixels of the image for one of the view (its side over the view's; a crop box's share of that; or
 *  the octave's), shift by jitter.
 *
 *  @param draws     CVZ_TRANSFORM_DRAWS uniform random numbers in [0, 1)
 *  @param progress  step / (iterations - 1), in [0, 1]
 *  @param fill      (C), borrowed by the result: the colour beyond the edge */
cvz_sampling cvz_transform_draw(const cvz_transform_recipe *recipe, cvz_shape image, cvz_shape view, const float *draws,
                                double progress, const float *fill);

/** The whole image in the middle of the view, without anything random: what the finished picture is judged by. */
cvz_sampling cvz_transform_plain(const cvz_transform_recipe *recipe, cvz_shape image, cvz_shape view,
                                 const float *fill);

#endif
