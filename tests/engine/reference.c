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
  }
  return NAN;
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
      value = c->node->op == CVZ_OP_ADD ? value + other : value * other;
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
