/* job/stem.h: file names for layers. */
#ifndef CVZ_JOB_STEM_H
#define CVZ_JOB_STEM_H

#include "graph/graph.h"

/** A file name without extension for every layer of the graph: '/' becomes '.', whatever is unsafe in a file name '_';
 *  names that then are the same, letter case ignored, get a suffix. The names do not depend on what is rendered.
 *  @param[out] stems  layer_count texts; free with cvz_stems_free, NULL on failure
 */
cvz_status cvz_stems_create(char ***stems, const cvz_graph *graph, cvz_error *error);

/** The same for any text, which then differs from the `count` stems before it. @return to be freed with free(); NULL
 *  if there is no memory */
char *cvz_stem_create(const char *const *before, int count, const char *name, cvz_error *error);

/** Harmless on NULL. */
void cvz_stems_free(char **stems, int count);

#endif
