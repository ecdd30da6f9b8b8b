/* base/random.h: counter-based random numbers. The same (key, counter) gives the same number on every machine,
 * in any order.
 * Source: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11; Philox4x32-10, known-answer tested. */
#ifndef CVZ_BASE_RANDOM_H
#define CVZ_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** What a stream of numbers is for: streams of different purposes never overlap. */
typedef enum cvz_purpose {
  CVZ_PURPOSE_INIT = 1,  /**< the start image */
  CVZ_PURPOSE_TRANSFORM, /**< jitter and the like, per step */
  CVZ_PURPOSE_NOISE,     /**< noise added per step */
  CVZ_PURPOSE_WEIGHTS,   /**< random weights of the benchmarks */
  CVZ_PURPOSE_SCORE      /**< random images with which a picture is compared, per image */
} cvz_purpose;

typedef struct cvz_random {
  uint32_t key[2];
  uint32_t purpose, step;
} cvz_random;

/** The ten rounds: counter -> output under key. */
void cvz_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

/** The stream of one unit: keyed by (seed, hash of the layer's name, filter, repeat), counted by (purpose, step,
 *  element). */
cvz_random cvz_random_stream(uint64_t seed, uint64_t layer, uint32_t filter, uint32_t repeat, cvz_purpose purpose,
                             uint32_t step);

/** Uniform numbers in [0, 1) for elements first .. first + count - 1; each a multiple of 2^-24. */
void cvz_random_uniform(const cvz_random *random, uint64_t first, size_t count, float *values);

#endif
