#include "ascent/regularizer.h"

#include <math.h>

#include "kernel/function.h"

typedef struct cvz_norm {
  double weight, power;
} cvz_norm;

static int norms_of(const cvz_regularizer_recipe *r, cvz_norm norms[3])
{
  const cvz_norm all[3] = {{(double)r->l1, 1}, {(double)r->l2, 2}, {(double)r->lp_weight, (double)r->lp_power}};
  int count = 0;
  for (int i = 0; i < 3; i++)
    if (all[i].weight != 0) norms[count++] = all[i];
  return count;
}

bool cvz_regularizer_is_used(const cvz_regularizer_recipe *r)
{
  cvz_norm norms[3];
  return r->variation != 0 || norms_of(r, norms) > 0;
}

static double power_of(double base, double exponent)
{
  if (exponent == 1) return base;
  if (exponent == 2) return base * base;
  return base > 0 ? cvz_power(base, exponent) : exponent == 0;
}

/* sum |x|^p */
static double power_sum(const float *x, size_t count, double power)
{
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += power_of(fabs((double)x[i]), power);
  return sum;
}

static double variation_of(cvz_shape s, const float *x)
{
  const size_t row = (size_t)s.width * (size_t)s.channels, pixel = (size_t)s.channels;
  double sum = 0;
  for (size_t i = 0; i < cvz_shape_count(s); i++) {
    if (i % row + pixel < row) sum += fabs((double)x[i + pixel] - (double)x[i]);
    if (i + row < cvz_shape_count(s)) sum += fabs((double)x[i + row] - (double)x[i]);
  }
  return sum;
}

double cvz_regularizer_value(const cvz_regularizer_recipe *r, cvz_shape image, const float *x)
{
  const size_t count = cvz_shape_count(image);
  cvz_norm norms[3];
  const int norm_count = norms_of(r, norms);
  double value = (double)r->variation * variation_of(image, x) / (double)count;
  for (int i = 0; i < norm_count; i++)
    value += norms[i].weight * power_of(power_sum(x, count, norms[i].power) / (double)count, 1 / norms[i].power);
  return value;
}

static float sign(float x)
{
  return (float)((x > 0) - (x < 0));
}

/* One difference b - a, of which |b - a| is taken. */
static inline void pull(const float *x, float *gradient, size_t a, size_t b, float factor)
{
  const float side = factor * sign(x[b] - x[a]);
  gradient[b] -= side;
  gradient[a] += side;
}

static void variation_gradient(cvz_shape s, const float *x, float *gradient, float factor)
{
  const size_t row = (size_t)s.width * (size_t)s.channels, pixel = (size_t)s.channels;
  for (int y = 0; y < s.height; y++) {
    const size_t first = (size_t)y * row;
    for (size_t i = first; i < first + row - pixel; i++) pull(x, gradient, i, i + pixel, factor);
    if (y + 1 < s.height)
      for (size_t i = first; i < first + row; i++) pull(x, gradient, i, i + row, factor);
  }
}

/* d/dx (S / n)^(1/p) = (S / n)^(1/p - 1) |x|^(p-1) sign(x) / n */
static void norm_gradient(const cvz_norm *norm, const float *x, float *gradient, size_t count)
{
  const double mean = power_sum(x, count, norm->power) / (double)count;
  if (!(mean > 0)) return;
  const double outer = norm->weight * power_of(mean, 1 / norm->power - 1) / (double)count;
  for (size_t i = 0; i < count; i++)
    gradient[i] -= (float)(outer * power_of(fabs((double)x[i]), norm->power - 1)) * sign(x[i]);
}

void cvz_regularizer_gradient(const cvz_regularizer_recipe *r, cvz_shape image, const float *x, float *gradient)
{
  const size_t count = cvz_shape_count(image);
  cvz_norm norms[3];
  const int norm_count = norms_of(r, norms);
  if (r->variation != 0) variation_gradient(image, x, gradient, r->variation / (float)count);
  for (int i = 0; i < norm_count; i++) norm_gradient(&norms[i], x, gradient, count);
}
