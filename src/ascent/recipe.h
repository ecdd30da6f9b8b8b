/* ascent/recipe.h: the parameters that all units of a job share, plain data. docs/recipes.md tells of each.
 *
 * All that is zero is the Keras example: pixels in the network's input range, no transforms, normalised ascent. */
#ifndef CVZ_ASCENT_RECIPE_H
#define CVZ_ASCENT_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/input.h"
#include "kernel/resample.h"

/** What the parameters are of which the image is made. */
typedef enum cvz_basis {
  CVZ_BASIS_PIXELS,  /**< the pixels themselves */
  CVZ_BASIS_FOURIER, /**< a spectrum, scaled by 1 / frequency (Lucid) */
  CVZ_BASIS_PYRAMID, /**< the sum of images of falling size, enlarged (Lucid) */
  CVZ_BASIS_PHASE    /**< the phases of a spectrum whose magnitudes are given (MaCo) */
} cvz_basis;

/** How numbers of any size become values of the network's input range. */
typedef enum cvz_output {
  CVZ_OUTPUT_NONE,   /**< they are such values, and may leave the range */
  CVZ_OUTPUT_CLIP,   /**< cut to [0, 1], then to the range; pixels are cut to the range after every update */
  CVZ_OUTPUT_SIGMOID /**< sigmoid, then from [0, 1] to the range */
} cvz_output;

/** The colour space of what goes into the sigmoid. */
typedef enum cvz_colour {
  CVZ_COLOUR_RGB,
  CVZ_COLOUR_LUCID, /**< decorrelated over ImageNet, by Lucid's matrix */
  CVZ_COLOUR_MACO   /**< the same by xplique's */
} cvz_colour;

typedef struct cvz_parametrization_recipe {
  cvz_basis basis;
  cvz_output output;
  cvz_colour colour;
  float deviation; /**< of the normal random start of all parameters; not of pixels without an output function */
  float decay;     /**< Fourier: the scale is 1 / frequency^decay */
  int levels;      /**< of the pyramid */
  bool natural;    /**< phase: waves as strong as in photographs, see ascent/spectrum.h; else 1 / frequency */
} cvz_parametrization_recipe;

/** Random changes between image and network, new at each step; see ascent/transform.h. */
typedef struct cvz_transform_recipe {
  int jitter;                  /**< pixels of the image: shift by whole steps in [-jitter / 2, jitter / 2] */
  int late_jitter;             /**< the same in pixels of the view, after scale and rotation */
  float scale_low, scale_high; /**< enlargement; both 0 or 1: none */
  int scale_count;             /**< so many values evenly from low to high; 0: all between */
  float rotate;                /**< degrees to either side; 0: none */
  int rotate_count;            /**< so many angles evenly from -rotate to rotate; 0: all between */
  int rotate_zeros;            /**< so many more chances of 0 degrees, beside rotate_count of others */
  bool flip;                   /**< left and right changed in half of the views */
  float box_first, box_last;   /**< crop boxes: mean side at the first and last step, as part of the image; 0: none */
  int octaves;                 /**< the image is seen at so many sizes one after the other; 0: at one */
  float octave_scale;          /**< from one to the next; at the last a pixel of the view is one of the image */
  float noise;                 /**< deviation of normal noise and width of uniform noise, in colours of [0, 1] */
  int views;                   /**< per step, whose gradients are averaged; 0: 1 */
  cvz_beyond beyond;
  bool lasting; /**< the image itself is changed, as tf-keras-vis has it, and the gradient is not carried back */
} cvz_transform_recipe;

typedef enum cvz_rule {
  CVZ_RULE_NORMALIZED,   /**< by the gradient over its length (Keras example) */
  CVZ_RULE_STANDARDIZED, /**< by the gradient over its standard deviation (DeepDream) */
  CVZ_RULE_SGD,
  CVZ_RULE_ADAM,
  CVZ_RULE_NADAM,
  CVZ_RULE_RMSPROP
} cvz_rule;

typedef enum cvz_schedule_kind { CVZ_RATE_CONSTANT, CVZ_RATE_COSINE, CVZ_RATE_EXPONENTIAL } cvz_schedule_kind;

typedef struct cvz_optimizer_recipe {
  cvz_rule rule;
  float momentum; /**< SGD; of Adam and NAdam beta_1 */
  float second;   /**< beta_2; of RMSprop rho */
  float epsilon;
  cvz_schedule_kind schedule;
  float rate_last; /**< the learning rate ends at so much of its first value; cosine and exponential */
  int patience;    /**< early stop: see cvz_plateau; 0: never */
  float least_gain;
} cvz_optimizer_recipe;

/** Added to what is raised, on the image in units of the range; see ascent/regularizer.h. */
typedef struct cvz_regularizer_recipe {
  float variation, l1, l2; /**< weights */
  float lp_weight, lp_power;
  float decay;     /**< after every update the parameters lose so much of themselves */
  float blur;      /**< deviation in pixels of a Gaussian blur of the image */
  int blur_every;  /**< every so many steps; 0: never */
  float smoothing; /**< deviation in pixels of a Gaussian blur of the gradient; 0: none */
} cvz_regularizer_recipe;

/** How the image becomes bytes. */
typedef enum cvz_picture_kind {
  CVZ_PICTURE_STANDARDIZED, /**< by its mean and deviation (Keras example) */
  CVZ_PICTURE_DIRECT        /**< by the network's range, cut to [0, 255] and rounded */
} cvz_picture_kind;

typedef struct cvz_ascent_recipe {
  int iterations;
  float learning_rate;
  float init_spread;  /**< the start of pixels is uniform in [-spread / 2, spread / 2) */
  int picture_border; /**< pixels cropped from each side of the picture; none if 2 * border or less are there */
  uint64_t seed;
  const float *start;      /**< (H, W, C) to start from, in the network's input range, or NULL for random numbers */
  const float *magnitudes; /**< (C, H, columns) of CVZ_BASIS_PHASE, borrowed, see ascent/spectrum.h; NULL: as
                              `parametrization.natural` says */
  cvz_input_range range;
  cvz_picture_kind picture;
  int frames; /**< pictures of each ascent on its way, see ascent/film.h; 0: none */
  bool alpha; /**< pictures are opaque only where the gradients were, see ascent/picture.c */
  cvz_parametrization_recipe parametrization;
  cvz_transform_recipe transform;
  cvz_optimizer_recipe optimizer;
  cvz_regularizer_recipe regularizer;
} cvz_ascent_recipe;

#endif
