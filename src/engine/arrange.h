/* engine/arrange.h: the passes over a plan's steps that decide where numbers lie and in which order bands are computed.
 * For the files of engine/ only. They run in this order, after the steps and values are there. */
#ifndef CVZ_ENGINE_ARRANGE_H
#define CVZ_ENGINE_ARRANGE_H

#include "engine/step.h"

/** From the target back: where only one channel is looked at, only one is computed. */
void cvz_arrange_narrow(cvz_plan *plan);

/** Gives values their homes (concatenations and residual sums in place) and decides, in the order of the backward pass,
 *  who writes a gradient first, who adds to it, and who is the last to do so. */
cvz_status cvz_arrange_gradients(cvz_plan *plan, cvz_error *error);

/** Groups neighbouring pointwise steps, so that a band of rows passes through all of them while it is in the cache, and
 *  marks the values that no other step reads. After the steps have chosen their passes. */
cvz_status cvz_arrange_groups(cvz_plan *plan, cvz_error *error);

/** Places all buffers in one arena by their lives. */
cvz_status cvz_arrange_buffers(cvz_plan *plan, cvz_error *error);

#endif
