/* job/sample.h: what one step takes on this core, measured. */
#ifndef CVZ_JOB_SAMPLE_H
#define CVZ_JOB_SAMPLE_H

#include "ascent/ascent.h"

/** Climbs a few steps towards filter 0 and takes the shortest.
 *  @param      plan     its packs must be filled
 *  @param      image    of the picture
 *  @param[out] seconds  of processor time of one step */
cvz_status cvz_sample_step(const cvz_plan *plan, const cvz_ascent_recipe *recipe, cvz_shape image, double *seconds,
                           cvz_error *error);

#endif
