/* model/untrained.h: a network of keras.applications with random weights, made from its configuration alone: for
 * benchmarks and tests, which need a network's arithmetic and not what it has learnt. */
#ifndef CVZ_MODEL_UNTRAINED_H
#define CVZ_MODEL_UNTRAINED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "graph/graph.h"

/** Appends a description for cvz_keras_build of a constructor of keras.applications, named in any letter case, without
 *  its top. It has no index of weights: their shapes follow from the options and from the maps that come in.
 *  @return CVZ_E_USAGE for an unknown name, with the closest ones */
cvz_status cvz_untrained_describe(const char *arch, cvz_text *description, cvz_error *error);

/** Values for the weights marked in `wanted` (graph->weight_count of them): kernels from a bell-shaped distribution
 * with mean 0 and variance 2 / inputs of an output, gamma and variance 1, everything else 0. The same seed gives the
 * same numbers everywhere. Source of the variance: K. He et al., "Delving deep into rectifiers", ICCV 2015. */
void cvz_untrained_fill(const cvz_graph *graph, const bool *wanted, uint64_t seed, float *values);

#endif
