/* engine/fold.h: an affine node (batch norm) folded into the convolution before it. For the files of engine/ only. */
#ifndef CVZ_ENGINE_FOLD_H
#define CVZ_ENGINE_FOLD_H

#include "engine/packs.h"

/** y = scale x + offset of one channel of an affine node, in double so that folding rounds once. */
void cvz_fold_affine(const cvz_graph *graph, const float *values, const cvz_affine *affine, int channel, double *scale,
                     double *offset);

/** Scale and offset that an output channel of a step gets: those of an affine node, or of one folded into a convolution
 *  together with its bias. */
void cvz_fold_output(const cvz_graph *graph, const float *values, const cvz_pack_request *request, int channel,
                     double *scale, double *offset);

/** The kernel with the affine node's scale in it, in the file's order; NULL with `error` filled in. Free with free().
 */
float *cvz_fold_kernel(const cvz_graph *graph, const float *values, const cvz_pack_request *request, cvz_error *error);

#endif
