#include "reference.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the rule of an operator sees. */
typedef struct reference_case {
  const cvz_graph *graph;
  const cvz_node *node;
  const float *weights;
  const reference_map *maps;
} reference_case;

static double *place(const reference_map *map, int y, int x, int c)
{
  return &map->values[((size_t)y * (size_t)map->width + (size_t)x) * (size_t)map->channels + (size_t)c];
}

double reference_at(const reference_map *map, int y, int x, int c)
{
  return *place(map, y, x, c);
}

static bool inside(const reference_map *map, int y, int x)
{
  return y >= 0 && y < map->height && x >= 0 && x < map->width;
}

static reference_map map_of(int height, int width, int channels)
{
  assert(height > 0 && width > 0 && channels > 0);
  double *values = calloc((size_t)height * (size_t)width * (size_t)channels, sizeof *values);
  assert(values);
  return (reference_map){height, width, channels, values};
}

static const reference_map *input(const reference_case *c, int index)
{
  return &c->maps[c->node->inputs[index]];
}

static double weight(const reference_case *c, int index, size_t element, double otherwise)
{
  return index == CVZ_NO_WEIGHT ? otherwise : (double)c->weights[c->graph->weights[index].offset + element];
}

static int extent(const cvz_window *window, int axis)
{
  return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

static int outputs(const cvz_window *window, int axis, int length)
{
  if (window->padding == CVZ_SAME) return (int)ceil((double)length / window->stride[axis]);
  return (int)ceil((double)(length - extent(window, axis) + 1) / window->stride[axis]);
}

static int zeros_before(const cvz_window *window, int axis, int length)
{
  const int seen = (outputs(window, axis, length) - 1) * window->stride[axis] + extent(window, axis);
  return window->padding == CVZ_SAME && seen > length ? (seen - length) / 2 : 0;
}

/* The input row that tap k of output row o sees, or column on axis 1. */
static int seen(const cvz_window *window, int axis, int length, int o, int k)
{
  return o * window->stride[axis] + k * window->dilation[axis] - zeros_before(window, axis, length);
}

#define EACH_ELEMENT(map, y, x, c)                                                                                     \
  for (int y = 0; y < (map).height; y++)                                                                               \
    for (int x = 0; x < (map).width; x++)                                                                              \
      for (int c = 0; c < (map).channels; c++)

static reference_map dense(const reference_case *c)
{
  const cvz_conv *conv = &c->node->conv;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, conv->filters);
  EACH_ELEMENT(y, i, j, k)
  {
    double sum = weight(c, conv->bias, (size_t)k, 0);
    for (int from = 0; from < x->channels; from++)
      sum += reference_at(x, i, j, from) * weight(c, conv->kernel, (size_t)(from * conv->filters + k), 0);
    *place(&y, i, j, k) = sum;
  }
  return y;
}

static reference_map convolution(const reference_case *c)
{
  const cvz_conv *conv = &c->node->conv;
  if (c->graph->weights[conv->kernel].rank == 2) return dense(c);
  const cvz_window *w = &conv->window;
  const reference_map *x = input(c, 0);
  const int channels = x->channels / conv->groups, filters = conv->filters / conv->groups;
  reference_map y = map_of(outputs(w, 0, x->height), outputs(w, 1, x->width), conv->filters);
  EACH_ELEMENT(y, i, j, k)
  {
    double sum = weight(c, conv->bias, (size_t)k, 0);
    for (int ky = 0; ky < w->kernel[0]; ky++)
      for (int kx = 0; kx < w->kernel[1]; kx++)
        for (int from = 0; from < channels; from++) {
          const int row = seen(w, 0, x->height, i, ky), column = seen(w, 1, x->width, j, kx);
          if (!inside(x, row, column)) continue;
          const int element = ((ky * w->kernel[1] + kx) * channels + from) * conv->filters + k;
          sum +=
              reference_at(x, row, column, k / filters * channels + from) * weight(c, conv->kernel, (size_t)element, 0);
        }
    *place(&y, i, j, k) = sum;
  }
  return y;
}

static reference_map depthwise(const reference_case *c)
{
  const cvz_conv *conv = &c->node->conv;
  const cvz_window *w = &conv->window;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(outputs(w, 0, x->height), outputs(w, 1, x->width), x->channels * conv->filters);
  EACH_ELEMENT(y, i, j, k)
  {
    double sum = weight(c, conv->bias, (size_t)k, 0);
    for (int ky = 0; ky < w->kernel[0]; ky++)
      for (int kx = 0; kx < w->kernel[1]; kx++) {
        const int row = seen(w, 0, x->height, i, ky), column = seen(w, 1, x->width, j, kx);
        if (!inside(x, row, column)) continue;
        const int from = k / conv->filters, m = k % conv->filters;
        const int element = ((ky * w->kernel[1] + kx) * x->channels + from) * conv->filters + m;
        sum += reference_at(x, row, column, from) * weight(c, conv->kernel, (size_t)element, 0);
      }
    *place(&y, i, j, k) = sum;
  }
  return y;
}

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

static reference_map elementwise(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels);
  EACH_ELEMENT(y, i, j, k)
  *place(&y, i, j, k) = c->node->op == CVZ_OP_AFFINE ? affine_value(c, reference_at(x, i, j, k), k)
                                                     : activated(&c->node->activation, reference_at(x, i, j, k));
  return y;
}

static reference_map softmax(const reference_case *c)
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

/* Padding neither wins a maximum nor counts in a mean. */
static reference_map pool(const reference_case *c)
{
  const cvz_window *w = &c->node->pool;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(outputs(w, 0, x->height), outputs(w, 1, x->width), x->channels);
  EACH_ELEMENT(y, i, j, k)
  {
    double most = -INFINITY, sum = 0;
    int count = 0;
    for (int ky = 0; ky < w->kernel[0]; ky++)
      for (int kx = 0; kx < w->kernel[1]; kx++) {
        const int row = seen(w, 0, x->height, i, ky), column = seen(w, 1, x->width, j, kx);
        if (!inside(x, row, column)) continue;
        most = fmax(most, reference_at(x, row, column, k));
        sum += reference_at(x, row, column, k);
        count++;
      }
    *place(&y, i, j, k) = c->node->op == CVZ_OP_MAXPOOL ? most : sum / count;
  }
  return y;
}

static reference_map global_mean(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(1, 1, x->channels);
  EACH_ELEMENT(*x, i, j, k) y.values[k] += reference_at(x, i, j, k) / ((double)x->height * x->width);
  return y;
}

static reference_map pad(const reference_case *c)
{
  const cvz_pad *p = &c->node->pad;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height + p->top + p->bottom, x->width + p->left + p->right, x->channels);
  EACH_ELEMENT(y, i, j, k)
  if (inside(x, i - p->top, j - p->left)) *place(&y, i, j, k) = reference_at(x, i - p->top, j - p->left, k);
  return y;
}

static double broadcast_at(const reference_map *x, int i, int j, int k)
{
  return reference_at(x, x->height == 1 ? 0 : i, x->width == 1 ? 0 : j, x->channels == 1 ? 0 : k);
}

static int larger(int a, int b)
{
  return a > b ? a : b;
}

static double merged(const cvz_node *node, double a, double b)
{
  if (node->op == CVZ_OP_ADD) return a + b;
  if (node->op == CVZ_OP_MULTIPLY) return a * b;
  if (node->binary == CVZ_PRELU) return a > 0 ? a : a * b;
  return node->binary == CVZ_MAXIMUM ? fmax(a, b) : fmin(a, b);
}

static reference_map merge(const reference_case *c)
{
  int height = 1, width = 1, channels = 1;
  for (int n = 0; n < c->node->input_count; n++) {
    height = larger(height, input(c, n)->height);
    width = larger(width, input(c, n)->width);
    channels = larger(channels, input(c, n)->channels);
  }
  reference_map y = map_of(height, width, channels);
  EACH_ELEMENT(y, i, j, k)
  {
    double value = broadcast_at(input(c, 0), i, j, k);
    for (int n = 1; n < c->node->input_count; n++) {
      const double other = broadcast_at(input(c, n), i, j, k);
      value = merged(c->node, value, other);
    }
    *place(&y, i, j, k) = value;
  }
  return y;
}

static reference_map concatenation(const reference_case *c)
{
  int channels = 0, first = 0;
  for (int n = 0; n < c->node->input_count; n++) channels += input(c, n)->channels;
  reference_map y = map_of(input(c, 0)->height, input(c, 0)->width, channels);
  for (int n = 0; n < c->node->input_count; first += input(c, n++)->channels)
    EACH_ELEMENT(*input(c, n), i, j, k) * place(&y, i, j, first + k) = reference_at(input(c, n), i, j, k);
  return y;
}

static reference_map reshaped(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  const cvz_reshape *r = &c->node->reshape;
  const int count = x->height * x->width * x->channels;
  int sizes[3] = {1, 1, 1}, known = 1;
  for (int i = 0; i < r->rank; i++) known *= r->sizes[i] == -1 ? 1 : r->sizes[i];
  for (int i = 0; i < r->rank; i++) sizes[i] = r->sizes[i] == -1 ? count / known : r->sizes[i];
  reference_map y = map_of(r->rank > 1 ? sizes[0] : 1, r->rank > 2 ? sizes[1] : 1, sizes[r->rank - 1]);
  memcpy(y.values, x->values, (size_t)count * sizeof *y.values);
  return y;
}

static reference_map transposed(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  const int sizes[3] = {x->height, x->width, x->channels}, *axes = c->node->transpose.axes;
  reference_map y = map_of(sizes[axes[0]], sizes[axes[1]], sizes[axes[2]]);
  EACH_ELEMENT(y, i, j, k)
  {
    int place_in[3];
    place_in[axes[0]] = i, place_in[axes[1]] = j, place_in[axes[2]] = k;
    *place(&y, i, j, k) = reference_at(x, place_in[0], place_in[1], place_in[2]);
  }
  return y;
}

/* Sizes and zeros before: keras.layers.Conv2DTranspose, and the convolution of which this is the transpose. */
static int transposed_size(const cvz_convtranspose *node, int axis, int length)
{
  const int s = node->window.stride[axis], k = extent(&node->window, axis), extra = node->output_padding[axis];
  if (node->window.padding == CVZ_SAME) return extra < 0 ? length * s : (length - 1) * s + k % 2 + extra;
  return (length - 1) * s + k + (extra < 0 ? (s > k ? s - k : 0) : extra);
}

static reference_map transposed_convolution(const reference_case *c)
{
  const cvz_convtranspose *node = &c->node->convtranspose;
  const cvz_window *w = &node->window;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(transposed_size(node, 0, x->height), transposed_size(node, 1, x->width), node->filters);
  EACH_ELEMENT(*x, i, j, from)
  for (int ky = 0; ky < w->kernel[0]; ky++)
    for (int kx = 0; kx < w->kernel[1]; kx++)
      for (int k = 0; k < node->filters; k++) {
        const int row = seen(w, 0, y.height, i, ky), column = seen(w, 1, y.width, j, kx);
        const int element = ((ky * w->kernel[1] + kx) * node->filters + k) * x->channels + from;
        if (inside(&y, row, column))
          *place(&y, row, column, k) += reference_at(x, i, j, from) * weight(c, node->kernel, (size_t)element, 0);
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

static reference_map normalization(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels);
  EACH_ELEMENT(y, i, j, k) * place(&y, i, j, k) = normalized(&c->node->normalize, x, (int[]){i, j, k});
  return y;
}

static reference_map reduction(const reference_case *c)
{
  const cvz_reduce *r = &c->node->reduce;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(r->axes[0] ? 1 : x->height, r->axes[1] ? 1 : x->width, r->axes[2] ? 1 : x->channels);
  const double count = (double)x->height * x->width * x->channels / ((double)y.height * y.width * y.channels);
  bool *begun = calloc((size_t)y.height * (size_t)y.width * (size_t)y.channels, sizeof *begun);
  assert(begun);
  EACH_ELEMENT(*x, i, j, k)
  {
    double *to = place(&y, r->axes[0] ? 0 : i, r->axes[1] ? 0 : j, r->axes[2] ? 0 : k);
    const double value = reference_at(x, i, j, k);
    const bool first = !begun[to - y.values];
    begun[to - y.values] = true;
    if (r->reduction == CVZ_SUM || r->reduction == CVZ_MEAN)
      *to += r->reduction == CVZ_SUM ? value : value / count;
    else if (first)
      *to = value;
    else
      *to = r->reduction == CVZ_MAX ? fmax(*to, value) : fmin(*to, value);
  }
  free(begun);
  return y;
}

static double sinc(double x)
{
  const double angle = 3.14159265358979323846 * x;
  return x == 0 ? 1 : sin(angle) / angle;
}

/* Of an input `x` pixels away. Keys's cubic function has a = -1/2 (equation 15 of his paper). */
static double kernel_at(cvz_interpolation interpolation, double x)
{
  x = fabs(x);
  switch (interpolation) {
  case CVZ_BILINEAR:
    return fmax(0, 1 - x);
  case CVZ_BICUBIC:
    if (x < 1) return 1.5 * pow(x, 3) - 2.5 * pow(x, 2) + 1;
    return x < 2 ? -0.5 * pow(x, 3) + 2.5 * pow(x, 2) - 4 * x + 2 : 0;
  case CVZ_LANCZOS3:
    return x < 3 ? sinc(x) * sinc(x / 3) : 0;
  default:
    return x < 5 ? sinc(x) * sinc(x / 5) : 0;
  }
}

/* What input `i` of `length` has in output `o` of `outputs`. */
static double share_of(const cvz_resize *r, int i, int length, int o, int outputs)
{
  const double scale = (double)length / outputs, place = (o + 0.5) * scale;
  if (r->interpolation == CVZ_NEAREST) return i == (int)floor(place);
  const double stretch = r->antialias ? fmax(scale, 1) : 1;
  double sum = 0;
  for (int other = 0; other < length; other++) sum += kernel_at(r->interpolation, (other + 0.5 - place) / stretch);
  return kernel_at(r->interpolation, (i + 0.5 - place) / stretch) / sum;
}

static reference_map resized(const reference_case *c)
{
  const cvz_resize *r = &c->node->resize;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(r->size[0] ? r->size[0] : x->height * r->factor[0],
                           r->size[1] ? r->size[1] : x->width * r->factor[1], x->channels);
  EACH_ELEMENT(y, i, j, k)
  for (int row = 0; row < x->height; row++)
    for (int column = 0; column < x->width; column++)
      *place(&y, i, j, k) += share_of(r, row, x->height, i, y.height) * share_of(r, column, x->width, j, y.width) *
                             reference_at(x, row, column, k);
  return y;
}

static reference_map part(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels / c->node->part.count);
  EACH_ELEMENT(y, i, j, k) * place(&y, i, j, k) = reference_at(x, i, j, c->node->part.index * y.channels + k);
  return y;
}

static reference_map constant(const reference_case *c)
{
  const cvz_weight *w = &c->graph->weights[c->node->constant];
  reference_map y = map_of(w->rank > 1 ? w->dims[0] : 1, w->rank > 2 ? w->dims[1] : 1, w->dims[w->rank - 1]);
  for (size_t i = 0; i < w->count; i++) y.values[i] = weight(c, c->node->constant, i, 0);
  return y;
}

static reference_map (*const rules[CVZ_OP_COUNT])(const reference_case *) = {
    [CVZ_OP_CONV] = convolution,
    [CVZ_OP_DEPTHWISE] = depthwise,
    [CVZ_OP_AFFINE] = elementwise,
    [CVZ_OP_ACTIVATION] = elementwise,
    [CVZ_OP_SOFTMAX] = softmax,
    [CVZ_OP_MAXPOOL] = pool,
    [CVZ_OP_AVGPOOL] = pool,
    [CVZ_OP_GLOBALAVG] = global_mean,
    [CVZ_OP_PAD] = pad,
    [CVZ_OP_ADD] = merge,
    [CVZ_OP_MULTIPLY] = merge,
    [CVZ_OP_CONCAT] = concatenation,
    [CVZ_OP_RESHAPE] = reshaped,
    [CVZ_OP_TRANSPOSE] = transposed,
    [CVZ_OP_CONVTRANSPOSE] = transposed_convolution,
    [CVZ_OP_NORMALIZE] = normalization,
    [CVZ_OP_BINARY] = merge,
    [CVZ_OP_REDUCE] = reduction,
    [CVZ_OP_RESIZE] = resized,
    [CVZ_OP_PART] = part,
    [CVZ_OP_CONSTANT] = constant,
};

void reference_forward(const cvz_graph *graph, int target, int height, int width, const double *image,
                       const float *weights, reference_map *maps)
{
  memset(maps, 0, (size_t)graph->node_count * sizeof *maps);
  for (int i = 0; i <= target; i++) {
    const reference_case c = {graph, &graph->nodes[i], weights, maps};
    if (i != graph->input) {
      maps[i] = rules[c.node->op](&c);
      continue;
    }
    maps[i] = map_of(height, width, c.node->input.channels);
    memcpy(maps[i].values, image, (size_t)(height * width * maps[i].channels) * sizeof *image);
  }
}

void reference_free(const cvz_graph *graph, reference_map *maps)
{
  for (int i = 0; i < graph->node_count; i++) free(maps[i].values);
}
