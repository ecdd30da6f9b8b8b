/* ascent/workspace.h: the tables and the memory that a recipe's parts need at one size, for one unit at a time.
 *
 * What the parts of a recipe need not, is not there: under the Keras example's recipe the parameters, the image and
 * what the network reads are one array, that of the run. */
#ifndef CVZ_ASCENT_WORKSPACE_H
#define CVZ_ASCENT_WORKSPACE_H

#include "ascent/blur.h"
#include "ascent/parametrization.h"

typedef struct cvz_workspace {
  const cvz_ascent_recipe *recipe; /**< borrowed */
  const cvz_kernels *kernels;      /**< borrowed */
  cvz_shape image;                 /**< of the picture that is made */
  cvz_shape view;                  /**< of what the network reads */
  bool sees_all; /**< what the network reads is the image: no transforms, or such as change the image itself */
  bool random;   /**< steps draw random numbers */
  cvz_parametrization *parametrization;
  float *parameters;     /**< NULL: they are the image */
  float *pixels;         /**< (H, W, C), the image; NULL: it is the run's */
  float *image_gradient; /**< (H, W, C); NULL: it is the run's */
  float *mass;           /**< (H, W): what all steps' gradients by the image add up to; NULL: nobody asks */
  uint8_t *film;         /**< pictures of the ascent, see ascent/film.h; NULL: none are wanted */
  float *gradient;       /**< of the parameters; NULL: it is that of the image */
  float *moments;        /**< of the optimizer; NULL: it keeps none */
  float *scratch;        /**< the larger of image and view; NULL: nobody needs it */
  float *fill;           /**< (C): the colour beyond the edge */
  cvz_blur blur, smoothing;
} cvz_workspace;

/** Whether the parts of a recipe go together. @return CVZ_E_USAGE if not */
cvz_status cvz_workspace_check(const cvz_ascent_recipe *recipe, cvz_shape image, cvz_shape view, cvz_error *error);

/** @param recipe, kernels  borrowed until cvz_workspace_free
 *  @param image  (H, W, C) of the picture; `view`: what the network reads, of as many channels
 *  @param[out] workspace  free with cvz_workspace_free, also after a failure
 *  @return what cvz_workspace_check says; CVZ_E_MEMORY */
cvz_status cvz_workspace_create(cvz_workspace *workspace, const cvz_ascent_recipe *recipe, cvz_shape image,
                                cvz_shape view, const cvz_kernels *kernels, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_workspace_free(cvz_workspace *workspace);

#endif
