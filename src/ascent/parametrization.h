/* ascent/parametrization.h: what the image is made of: parameters -> image, and the gradient back.
 *
 * A basis makes numbers t: (H, W, C) of the parameters; the output makes values of the network's input range of them:
 * as they are, or by a matrix of colours and a sigmoid. */
#ifndef CVZ_ASCENT_PARAMETRIZATION_H
#define CVZ_ASCENT_PARAMETRIZATION_H

#include "ascent/recipe.h"
#include "base/random.h"
#include "graph/shape.h"
#include "kernel/kernels.h"

typedef struct cvz_parametrization cvz_parametrization;

/** The tables and the scratch memory of a parametrization, for one unit at a time.
 *  @param recipe   copied but for `start` and `magnitudes`, which are borrowed
 *  @param image    (H, W, C)
 *  @param kernels  borrowed
 *  @return CVZ_E_USAGE if a start image cannot be had in this basis; CVZ_E_MEMORY */
cvz_status cvz_parametrization_create(cvz_parametrization **parametrization, const cvz_ascent_recipe *recipe,
                                      cvz_shape image, const cvz_kernels *kernels, cvz_error *error);

/** Harmless on NULL. */
void cvz_parametrization_free(cvz_parametrization *parametrization);

/** True if the parameters are the image: pixels without an output function. The passes below are for the others. */
bool cvz_parametrization_is_image(const cvz_parametrization *parametrization);
bool cvz_parametrization_of_image(const cvz_parametrization_recipe *recipe);

/** The numbers of which the output would make these colours, but for its sigmoid: what spectra are taken of.
 *  @param colours       (pixels, channels) in [0, 1]
 *  @param[out] numbers  (pixels, channels), not the same array */
void cvz_parametrization_of_colours(const cvz_ascent_recipe *recipe, const float *colours, size_t pixels,
                                    float *numbers);

/** Number of parameters. */
size_t cvz_parametrization_count(const cvz_parametrization *parametrization);

/** The parameters at the start: those of the start image if there is one, else random.
 *  @param random  the unit's stream of CVZ_PURPOSE_INIT */
void cvz_parametrization_start(cvz_parametrization *parametrization, const cvz_random *random, float *parameters);

/** The image of the parameters. */
void cvz_parametrization_forward(cvz_parametrization *parametrization, const float *parameters, float *image);

/** The derivative by the parameters from that by the image, at the parameters of the last forward pass. */
void cvz_parametrization_backward(cvz_parametrization *parametrization, const float *image_gradient, float *gradient);

#endif
