#include "ascent/diversity.h"

#include <math.h>
#include <string.h>

#define LUCID_EPSILON 1e-10 /* of the squared length */

static void add_outer(float *gram, const float *pixel, size_t channels)
{
  for (size_t i = 0; i < channels; i++) {
    if (pixel[i] == 0) continue; /* behind a ReLU about half */
    float *row = gram + i * channels;
    for (size_t k = 0; k < channels; k++) row[k] += pixel[i] * pixel[k];
  }
}

void cvz_diversity_measure(cvz_diversity *d, cvz_view map)
{
  const size_t channels = (size_t)map.channels, count = channels * channels;
  double squares = 0;
  memset(d->gram, 0, count * sizeof *d->gram);
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) add_outer(d->gram, cvz_view_pixel(map, y, x), channels);
  for (size_t i = 0; i < count; i++) squares += (double)d->gram[i] * (double)d->gram[i];
  d->length = sqrt(squares > LUCID_EPSILON ? squares : LUCID_EPSILON);
  for (size_t i = 0; i < count; i++) d->gram[i] = (float)((double)d->gram[i] / d->length);
}

double cvz_diversity_value(const cvz_diversity *d, int channels)
{
  double sum = 0;
  for (size_t i = 0; i < (size_t)channels * (size_t)channels; i++) sum += (double)d->gram[i] * (double)d->others[i];
  return sum;
}

/* By G: (others - N <N, others>) / length, where the length is not held up by epsilon. */
static void find_slope(const cvz_diversity *d, int channels)
{
  const size_t count = (size_t)channels * (size_t)channels;
  const double along = d->length * d->length > LUCID_EPSILON ? cvz_diversity_value(d, channels) : 0;
  for (size_t i = 0; i < count; i++)
    d->slope[i] = (float)(((double)d->others[i] - along * (double)d->gram[i]) / d->length);
}

/* Each pair is in the terms of both, and G is symmetric: 2 * 2 A slope. */
void cvz_diversity_gradient(const cvz_diversity *d, cvz_view map, double factor, cvz_view dx)
{
  const size_t channels = (size_t)map.channels;
  find_slope(d, map.channels);
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) {
      const float *from = cvz_view_pixel(map, y, x);
      float *to = cvz_view_pixel(dx, y, x);
      for (size_t i = 0; i < channels; i++) {
        const float scaled = (float)(4 * factor * (double)from[i]);
        const float *row = d->slope + i * channels;
        if (scaled != 0)
          for (size_t k = 0; k < channels; k++) to[k] += scaled * row[k];
      }
    }
}
