/* Functions of each element, and normalizations. */
#include "reference_case.h"

static double affine_value(const reference_case *c, double x, int channel)
{
  const cvz_affine *a = &c->node->affine;
  const size_t k = (size_t)channel;
  if (a->constants) {
    const int i = a->constants == 1 ? 0 : channel;
    return x * (a->scale ? (double)a->scale[i] : 1) + (a->offset ? (double)a->offset[i] : 0);
  }
  const double variance = weight(c, a->variance, k, 1);
  const double deviation = a->clamped ? fmax(sqrt(variance), (double)a->epsilon) : sqrt(variance + (double)a->epsilon);
  return (x - weight(c, a->mean, k, 0)) / deviation * weight(c, a->gamma, k, 1) + weight(c, a->beta, k, 0);
}

static double relu(const cvz_activation *a, double x)
{
  if (x >= (double)a->max_value) return (double)a->max_value;
  if (x >= (double)a->threshold) return x;
  return (double)a->negative_slope * (x - (double)a->threshold);
}

static double clipped(double x)
{
  return fmin(1, fmax(0, x));
}

static double shrunk(double x, double p)
{
  return x > p ? x - p : x < -p ? x + p : 0;
}

static double elu(double x, double alpha)
{
  return x > 0 ? x : alpha * expm1(x);
}

/* The formulas of the Keras documentation. */
static double curved(cvz_function function, double x, double p)
{
  switch (function) {
  case CVZ_GELU:
    return 0.5 * x * (1 + erf(x / sqrt(2)));
  case CVZ_GELU_TANH:
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case CVZ_ELU:
    return elu(x, p);
  case CVZ_CELU:
    return fmax(x, 0) + p * expm1(fmin(x, 0) / p);
  case CVZ_SELU:
    return 1.05070098 * elu(x, 1.67326324);
  case CVZ_SOFTPLUS:
    return log(1 + exp(x));
  case CVZ_SOFTSIGN:
    return x / (1 + fabs(x));
  case CVZ_EXPONENTIAL:
    return exp(x);
  case CVZ_HARD_SIGMOID:
    return clipped(p * x + 0.5);
  case CVZ_HARD_SWISH:
    return x * clipped(x / 6 + 0.5);
  case CVZ_MISH:
    return x * tanh(log(1 + exp(x)));
  case CVZ_LOG_SIGMOID:
    return log(1 / (1 + exp(-x)));
  case CVZ_TANH_SHRINK:
    return x - tanh(x);
  case CVZ_SOFT_SHRINK:
    return shrunk(x, p);
  case CVZ_HARD_SHRINK:
    return fabs(x) > p ? x : 0;
  case CVZ_THRESHOLD:
    return x > p ? x : 0;
  case CVZ_SQUAREPLUS:
    return (x + sqrt(x * x + p)) / 2;
  case CVZ_SPARSE_PLUS:
    return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x;
  case CVZ_SPARSE_SIGMOID:
    return clipped((x + 1) / 2);
  case CVZ_ABSOLUTE:
    return fabs(x);
  case CVZ_SQUARE:
    return x * x;
  case CVZ_SQUARE_ROOT:
    return sqrt(x);
  case CVZ_RECIPROCAL:
    return 1 / x;
  case CVZ_LOGARITHM:
    return log(x);
  case CVZ_POWER:
    return pow(x, p);
  default:
    return NAN;
  }
}

static double activated(const cvz_activation *a, double x)
{
  switch (a->function) {
  case CVZ_LINEAR:
    return x;
  case CVZ_RELU:
    return relu(a, x);
  case CVZ_SIGMOID:
    return 1 / (1 + exp(-x));
  case CVZ_TANH:
    return tanh(x);
  case CVZ_SWISH:
    return x / (1 + exp(-x));
  default:
    return curved(a->function, x, (double)a->negative_slope);
  }
}

reference_map reference_elementwise(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels);
  EACH_ELEMENT(y, i, j, k)
  *place(&y, i, j, k) = c->node->op == CVZ_OP_AFFINE ? affine_value(c, reference_at(x, i, j, k), k)
                                                     : activated(&c->node->activation, reference_at(x, i, j, k));
  return y;
}

reference_map reference_softmax(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels);
  EACH_ELEMENT(y, i, j, k)
  {
    double sum = 0;
    for (int other = 0; other < x->channels; other++)
      sum += exp(reference_at(x, i, j, other) - reference_at(x, i, j, k));
    *place(&y, i, j, k) = 1 / sum;
  }
  return y;
}

/* Whether (a, b, k) counts for the statistics of (i, j, l). */
static bool together(const cvz_normalize *n, int channels, const int at[3], const int other[3])
{
  const int width = channels / (n->groups == -1 ? channels : n->groups);
  return (n->spatial || (at[0] == other[0] && at[1] == other[1])) && at[2] / width == other[2] / width;
}

static double normalized(const cvz_normalize *n, const reference_map *x, const int at[3])
{
  double sum = 0, squares = 0, count = 0;
  EACH_ELEMENT(*x, i, j, k)
  if (together(n, x->channels, at, (int[]){i, j, k})) sum += reference_at(x, i, j, k), count++;
  const double mean = n->centered ? sum / count : 0;
  EACH_ELEMENT(*x, i, j, k)
  if (together(n, x->channels, at, (int[]){i, j, k})) squares += pow(reference_at(x, i, j, k) - mean, 2);
  const double size = n->length ? fmax(squares, (double)n->epsilon) : squares / count + (double)n->epsilon;
  return (reference_at(x, at[0], at[1], at[2]) - mean) / sqrt(size);
}

reference_map reference_normalization(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels);
  EACH_ELEMENT(y, i, j, k) * place(&y, i, j, k) = normalized(&c->node->normalize, x, (int[]){i, j, k});
  return y;
}
