#include "ascent/noise.h"

#include <math.h>

#include "kernel/function.h"

void cvz_noise_normal(const cvz_random *random, uint64_t first, size_t count, float *values)
{
  for (size_t i = 0; i < count; i += 2) {
    float uniform[2];
    double sine, cosine;
    cvz_random_uniform(random, first + i, 2, uniform);
    const double radius = sqrt(-2 * cvz_log(1 - (double)uniform[0]));
    cvz_sincos(2 * CVZ_PI * (double)uniform[1], &sine, &cosine);
    values[i] = (float)(radius * cosine);
    if (i + 1 < count) values[i + 1] = (float)(radius * sine);
  }
}
