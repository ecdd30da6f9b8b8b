/* engine/run.h: forward and backward passes of one image. A run is the state of one plan's execution. */
#ifndef CVZ_ENGINE_RUN_H
#define CVZ_ENGINE_RUN_H

#include <stdint.h>

#include "engine/plan.h"

typedef struct cvz_run cvz_run;

/** @param plan   borrowed until cvz_run_free; its packs must be filled before the first pass
 *  @param arena  cvz_plan_arena(plan) floats, 64-byte aligned, borrowed; may serve one run after the other */
cvz_status cvz_run_create(cvz_run **run, const cvz_plan *plan, float *arena, cvz_error *error);

void cvz_run_free(cvz_run *run);

/** Chooses the target's channel; before the forward pass. */
void cvz_run_select(cvz_run *run, int channel);

/** Of the image. */
cvz_shape cvz_run_image_shape(const cvz_run *run);

/** The image (H, W, C), to be written by the caller; the passes leave it alone. */
float *cvz_run_image(cvz_run *run);

/** From the image to the target. */
void cvz_run_forward(cvz_run *run);

/** After a forward pass of the same image: the target of another channel that has been selected since. Only the steps
 *  of which a plan of `one_channel` computes one channel are repeated. */
void cvz_run_forward_channel(cvz_run *run);

/** The selected channel of the target's needed region after the forward pass. */
cvz_view cvz_run_target(const cvz_run *run);

/** How many maps the plan is made for: those that its target observes (graph/ops.def), else one, its target. */
int cvz_run_maps(const cvz_run *run);

/** The part of map `index` that is looked at, after the forward pass and until the backward pass: all channels of what
 *  is observed, or the selected one of the target. */
cvz_view cvz_run_map(const cvz_run *run, int index);

/** Adds the derivative of a loss by each number of a map, of the same shape, to `gradient`, where zeros are. */
typedef struct cvz_run_seed {
  void (*add)(const void *context, int index, cvz_view map, cvz_view gradient);
  const void *context;
} cvz_run_seed;

/** From the derivatives of a loss by each of the maps, for which it calls the seed once each, to the image. After a
 *  forward pass, once. */
void cvz_run_backward_from(cvz_run *run, cvz_run_seed seed);

/** From the derivative of a loss by the selected channel, `seed` for each of its pixels, to the image; the other
 *  channels have none. Not for a plan that observes. After a forward pass, once. */
void cvz_run_backward(cvz_run *run, float seed);

/** The derivative by the image (H, W, C) after the backward pass. */
const float *cvz_run_gradient(const cvz_run *run);

/** From now on adds the seconds of processor time that each step takes to forward[i] and backward[i], in the order of
 *  cvz_report_step_of; both cvz_report_count long, borrowed. NULL: not any more. */
void cvz_run_profile(cvz_run *run, double *forward, double *backward);

/** How many values come out of the rectifiers (activations that are 0 for a range of inputs, as ReLU is). */
typedef struct cvz_run_density {
  uint64_t values, nonzero;
} cvz_run_density;

/** From now on counts the values of each forward pass into `density`, borrowed. NULL: not any more. */
void cvz_run_count(cvz_run *run, cvz_run_density *density);

#endif
