/* job/size.h: the size of the image, where a network does not leave it free. */
#ifndef CVZ_JOB_SIZE_H
#define CVZ_JOB_SIZE_H

#include "graph/graph.h"
#include "job/options.h"

/** The size at which to render: what the user says; else that of the recipe, or the fixed size of the file's input if
 *  some layer that is asked for can only be computed there, as behind a Flatten or a Dense layer.
 *  @param[out] size  options->size if there is nothing to decide, also where it will not do */
cvz_status cvz_size_settle(cvz_size *size, const cvz_graph *graph, const cvz_options *options, cvz_error *error);

/** For a layer that failed with `status` at `size` as a shape does not fit: if it is possible at the input's fixed
 * size, says so in `error`.
 *  @return CVZ_E_USAGE then, else `status` with the error as it is */
cvz_status cvz_size_explain(const cvz_graph *graph, const cvz_layer *layer, const cvz_size *size, cvz_status status,
                            cvz_error *error);

#endif
