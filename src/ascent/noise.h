/* ascent/noise.h: what the random numbers of a unit are drawn as. */
#ifndef CVZ_ASCENT_NOISE_H
#define CVZ_ASCENT_NOISE_H

#include "base/random.h"

/** Standard normal numbers first .. first + count - 1 of a stream, by the Box-Muller transform; `first` even. */
void cvz_noise_normal(const cvz_random *random, uint64_t first, size_t count, float *values);

#endif
