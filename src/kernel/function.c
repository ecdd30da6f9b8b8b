#include "kernel/function.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static double from_bits(uint64_t bits)
{
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t to_bits(double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* The nearest whole number of |x| < 2^51. */
static double nearest(double x)
{
  return (x + 6755399441055744.0) - 6755399441055744.0;
}

/* e^x = 2^n e^r with |r| <= log(2) / 2, of which 14 terms of the series are left below 2e-17. */
double cvz_exp(double x)
{
  const double inside = x > 700 ? 700 : x < -700 ? -700 : x;
  const double n = nearest(inside * 1.44269504088896338700);
  const double r = (inside - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double sum = 1;
  for (int i = 14; i >= 1; i--) sum = 1 + sum * (r / i);
  return sum * from_bits((uint64_t)(1023 + (int64_t)n) << 52);
}

/* x = 2^n m with m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh((m - 1) / (m + 1)). */
double cvz_log(double x)
{
  const uint64_t bits = to_bits(x);
  int n = (int)(bits >> 52 & 2047) - 1023;
  double m = from_bits((bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1023 << 52);
  if (m >= 1.41421356237309504880) {
    m *= 0.5;
    n++;
  }
  const double s = (m - 1) / (m + 1), square = s * s;
  double sum = 0;
  for (int i = 23; i >= 3; i -= 2) sum = (sum + 1.0 / i) * square;
  return n * 6.93147180369123816490e-01 + (n * 1.90821492927058770002e-10 + (2 * s * sum + 2 * s));
}

double cvz_power(double base, double exponent)
{
  return cvz_exp(exponent * cvz_log(base));
}

/* The series for |r| <= pi / 4; the first term left out is below 1e-17. */
static double sine_series(double r)
{
  const double square = r * r;
  double sum = 0;
  for (int i = 17; i >= 3; i -= 2) sum = (1 + sum) * (-square / (i * (i - 1)));
  return r + r * sum;
}

static double cosine_series(double r)
{
  const double square = r * r;
  double sum = 0;
  for (int i = 18; i >= 2; i -= 2) sum = (1 + sum) * (-square / (i * (i - 1)));
  return 1 + sum;
}

/* pi / 2 in three parts, of which two have 33 bits, so that n times each is exact (fdlibm, e_rem_pio2.c). */
void cvz_sincos(double angle, double *sine, double *cosine)
{
  const double n = nearest(angle * 0.63661977236758134308);
  const double r =
      ((angle - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
  const double s = sine_series(r), c = cosine_series(r);
  const int quarter = (int)((int64_t)n & 3);
  *sine = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
  *cosine = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
}
