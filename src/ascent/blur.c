#include "ascent/blur.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/function.h"

cvz_status cvz_blur_create(cvz_blur *blur, float deviation, cvz_error *error)
{
  *blur = (cvz_blur){.radius = (int)(4 * deviation + 0.5f)};
  blur->weights = cvz_array((size_t)blur->radius + 1, sizeof *blur->weights, error);
  if (!blur->weights) return CVZ_E_MEMORY;
  double sum = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int d = 0; d <= blur->radius; d++) {
      const double weight = cvz_exp(-0.5 * d * d / ((double)deviation * (double)deviation));
      if (pass == 0) sum += d ? 2 * weight : weight;
      blur->weights[d] = (float)(weight / (sum > 0 ? sum : 1));
    }
  return CVZ_OK;
}

void cvz_blur_free(cvz_blur *blur)
{
  free(blur->weights);
  *blur = (cvz_blur){0};
}

static int mirrored(int i, int count)
{
  const int period = 2 * count, rest = ((i % period) + period) % period;
  return rest < count ? rest : period - 1 - rest;
}

/* Along one direction: `count` blocks of `width` floats that lie `width` apart. */
static void along(const cvz_blur *blur, const float *from, float *to, int count, size_t width)
{
  for (int i = 0; i < count; i++) {
    float *y = to + (size_t)i * width;
    for (size_t k = 0; k < width; k++) y[k] = blur->weights[0] * from[(size_t)i * width + k];
    for (int d = 1; d <= blur->radius; d++) {
      const float *a = from + (size_t)mirrored(i - d, count) * width,
                  *b = from + (size_t)mirrored(i + d, count) * width;
      for (size_t k = 0; k < width; k++) y[k] += blur->weights[d] * (a[k] + b[k]);
    }
  }
}

void cvz_blur_apply(const cvz_blur *blur, cvz_view image, float *scratch)
{
  const size_t row = (size_t)image.width * (size_t)image.channels;
  along(blur, image.data, scratch, image.height, row);
  for (int y = 0; y < image.height; y++)
    along(blur, scratch + (size_t)y * row, image.data + (size_t)y * row, image.width, (size_t)image.channels);
}
