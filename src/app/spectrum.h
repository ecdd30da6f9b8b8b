/* app/spectrum.h: --spectrum-from. */
#ifndef CVZ_APP_SPECTRUM_H
#define CVZ_APP_SPECTRUM_H

#include "ascent/recipe.h"
#include "graph/shape.h"
#include "job/options.h"
#include "kernel/kernels.h"
#include "parallel/comm.h"

/** Gives a recipe its magnitudes if the options want those of pictures: of a PNG, or the mean of all PNGs of a folder,
 *  which rank 0 reads. Collective.
 *  @param      image       (H, W, C)
 *  @param[out] magnitudes  (cvz_spectrum_count), lent to the recipe; NULL where there are none. Free with free(), also
 *                          after a failure */
cvz_status cvz_spectrum_share(float **magnitudes, cvz_ascent_recipe *recipe, cvz_comm *comm, const cvz_options *options,
                              cvz_shape image, const cvz_kernels *kernels, cvz_error *error);

#endif
