#include "ascent/optimizer.h"

#include <math.h>

#include "kernel/function.h"

int cvz_optimizer_moments(cvz_rule rule)
{
  static const int moments[] = {[CVZ_RULE_SGD] = 1, [CVZ_RULE_ADAM] = 2, [CVZ_RULE_NADAM] = 2, [CVZ_RULE_RMSPROP] = 1};
  return rule == CVZ_RULE_NORMALIZED || rule == CVZ_RULE_STANDARDIZED ? 0 : moments[rule];
}

float cvz_optimizer_rate(const cvz_ascent_recipe *recipe, int step)
{
  const double part = (double)step / recipe->iterations, last = (double)recipe->optimizer.rate_last;
  double sine, cosine;
  switch (recipe->optimizer.schedule) {
  case CVZ_RATE_CONSTANT:
    break;
  case CVZ_RATE_COSINE:
    cvz_sincos(CVZ_PI * part, &sine, &cosine);
    return (float)((double)recipe->learning_rate * (last + (1 - last) * (1 + cosine) / 2));
  case CVZ_RATE_EXPONENTIAL:
    return (float)((double)recipe->learning_rate * cvz_power(last, part));
  }
  return recipe->learning_rate;
}

cvz_gradient_size cvz_gradient_measure(const float *gradient, size_t count)
{
  double sums[8] = {0}, squares[8] = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int lane = 0; lane < 8; lane++) {
      const double value = (double)gradient[i + (size_t)lane];
      sums[lane] += value;
      squares[lane] += value * value;
    }
  for (; i < count; i++) {
    sums[0] += (double)gradient[i];
    squares[0] += (double)gradient[i] * (double)gradient[i];
  }
  cvz_gradient_size size = {0};
  for (int lane = 0; lane < 8; lane++) {
    size.sum += sums[lane];
    size.squares += squares[lane];
  }
  return size;
}

static void climb(float *x, const float *gradient, size_t count, float factor, float rate)
{
  for (size_t i = 0; i < count; i++) x[i] += rate * (gradient[i] * factor);
}

static float over_deviation(const cvz_gradient_size *size, size_t count)
{
  const double mean = size->sum / (double)count;
  return (float)(1 / (sqrt(fmax(size->squares / (double)count - mean * mean, 0)) + 1e-8));
}

static void sgd(float *x, const float *gradient, float *velocity, size_t count, float rate, float momentum)
{
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + rate * gradient[i];
    x[i] += velocity[i];
  }
}

static void rmsprop(const cvz_optimizer_recipe *r, float *x, const float *gradient, float *square, size_t count,
                    float rate)
{
  for (size_t i = 0; i < count; i++) {
    square[i] = r->second * square[i] + (1 - r->second) * (gradient[i] * gradient[i]);
    x[i] += rate * gradient[i] / sqrtf(square[i] + r->epsilon);
  }
}

static double whole_power(double base, int exponent)
{
  double power = 1;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1) power *= base;
  return power;
}

static void adam(const cvz_optimizer_recipe *r, int step, float *x, const float *gradient, float *moments, size_t count,
                 float rate)
{
  const double first = 1 - whole_power((double)r->momentum, step + 1),
               second = 1 - whole_power((double)r->second, step + 1);
  const float alpha = (float)((double)rate * sqrt(second) / first), a = 1 - r->momentum, b = 1 - r->second;
  float *mean = moments, *square = moments + count;
  for (size_t i = 0; i < count; i++) {
    mean[i] += (gradient[i] - mean[i]) * a;
    square[i] += (gradient[i] * gradient[i] - square[i]) * b;
    x[i] += mean[i] * alpha / (sqrtf(square[i]) + r->epsilon);
  }
}

/* beta_1 (1 - 0.96^t / 2), and the product of all of them up to t. */
static double nadam_momentum(const cvz_optimizer_recipe *r, int t)
{
  return (double)r->momentum * (1 - 0.5 * whole_power(0.96, t));
}

static double nadam_product(const cvz_optimizer_recipe *r, int t)
{
  double product = 1;
  for (int i = 1; i <= t && product > 0; i++) product *= nadam_momentum(r, i);
  return product;
}

static void nadam(const cvz_optimizer_recipe *r, int step, float *x, const float *gradient, float *moments,
                  size_t count, float rate)
{
  const double now = nadam_momentum(r, step + 1), next = nadam_momentum(r, step + 2),
               product = nadam_product(r, step + 1);
  const float of_mean = (float)(next / (1 - product * next)), of_gradient = (float)((1 - now) / (1 - product)),
              of_square = (float)(1 / (1 - whole_power((double)r->second, step + 1)));
  const float a = 1 - r->momentum, b = 1 - r->second;
  float *mean = moments, *square = moments + count;
  for (size_t i = 0; i < count; i++) {
    mean[i] += (gradient[i] - mean[i]) * a;
    square[i] += (gradient[i] * gradient[i] - square[i]) * b;
    const float ahead = of_mean * mean[i] + of_gradient * gradient[i];
    x[i] += ahead * rate / (sqrtf(square[i] * of_square) + r->epsilon);
  }
}

void cvz_optimizer_update(const cvz_ascent_recipe *recipe, int step, float *parameters, const float *gradient,
                          const cvz_gradient_size *size, float *moments, size_t count)
{
  const cvz_optimizer_recipe *r = &recipe->optimizer;
  const float rate = cvz_optimizer_rate(recipe, step);
  switch (r->rule) {
  case CVZ_RULE_NORMALIZED:
    climb(parameters, gradient, count, (float)(1 / sqrt(size->squares > 1e-12 ? size->squares : 1e-12)), rate);
    break;
  case CVZ_RULE_STANDARDIZED:
    climb(parameters, gradient, count, over_deviation(size, count), rate);
    break;
  case CVZ_RULE_SGD:
    sgd(parameters, gradient, moments, count, rate, r->momentum);
    break;
  case CVZ_RULE_ADAM:
    adam(r, step, parameters, gradient, moments, count, rate);
    break;
  case CVZ_RULE_NADAM:
    nadam(r, step, parameters, gradient, moments, count, rate);
    break;
  case CVZ_RULE_RMSPROP:
    rmsprop(r, parameters, gradient, moments, count, rate);
    break;
  }
}

static double mean_of(const float *loss, int count)
{
  double sum = 0;
  for (int i = 0; i < count; i++) sum += (double)loss[i];
  return sum / count;
}

bool cvz_optimizer_plateau(const cvz_optimizer_recipe *r, const float *loss, int steps)
{
  if (!r->patience || steps < 2 * r->patience) return false;
  const double before = mean_of(loss + steps - 2 * r->patience, r->patience),
               now = mean_of(loss + steps - r->patience, r->patience);
  return now <= before + (double)r->least_gain * fabs(before);
}
