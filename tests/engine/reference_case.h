/* tests/engine/reference_case.h: what the rules of operators have in common. Inside reference*.c only. */
#ifndef CVZ_TESTS_REFERENCE_CASE_H
#define CVZ_TESTS_REFERENCE_CASE_H

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "reference.h"

/* What the rule of an operator sees. */
typedef struct reference_case {
  const cvz_graph *graph;
  const cvz_node *node;
  const float *weights;
  const reference_map *maps;
} reference_case;

static inline double *place(const reference_map *map, int y, int x, int c)
{
  return &map->values[((size_t)y * (size_t)map->width + (size_t)x) * (size_t)map->channels + (size_t)c];
}

static inline bool inside(const reference_map *map, int y, int x)
{
  return y >= 0 && y < map->height && x >= 0 && x < map->width;
}

static inline reference_map map_of(int height, int width, int channels)
{
  assert(height > 0 && width > 0 && channels > 0);
  double *values = calloc((size_t)height * (size_t)width * (size_t)channels, sizeof *values);
  assert(values);
  return (reference_map){height, width, channels, values};
}

static inline const reference_map *input(const reference_case *c, int index)
{
  return &c->maps[c->node->inputs[index]];
}

static inline double weight(const reference_case *c, int index, size_t element, double otherwise)
{
  return index == CVZ_NO_WEIGHT ? otherwise : (double)c->weights[c->graph->weights[index].offset + element];
}

static inline int extent(const cvz_window *window, int axis)
{
  return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

static inline int outputs(const cvz_window *window, int axis, int length)
{
  if (window->padding == CVZ_SAME) return (int)ceil((double)length / window->stride[axis]);
  return (int)ceil((double)(length - extent(window, axis) + 1) / window->stride[axis]);
}

static inline int zeros_before(const cvz_window *window, int axis, int length)
{
  const int seen = (outputs(window, axis, length) - 1) * window->stride[axis] + extent(window, axis);
  return window->padding == CVZ_SAME && seen > length ? (seen - length) / 2 : 0;
}

/* The input row that tap k of output row o sees, or column on axis 1. */
static inline int seen(const cvz_window *window, int axis, int length, int o, int k)
{
  return o * window->stride[axis] + k * window->dilation[axis] - zeros_before(window, axis, length);
}

#define EACH_ELEMENT(map, y, x, c)                                                                                     \
  for (int y = 0; y < (map).height; y++)                                                                               \
    for (int x = 0; x < (map).width; x++)                                                                              \
      for (int c = 0; c < (map).channels; c++)

/* The rules: each makes the output of its node. */
reference_map reference_convolution(const reference_case *c);
reference_map reference_depthwise(const reference_case *c);
reference_map reference_transposed_convolution(const reference_case *c);
reference_map reference_elementwise(const reference_case *c);
reference_map reference_softmax(const reference_case *c);
reference_map reference_normalization(const reference_case *c);
reference_map reference_pool(const reference_case *c);
reference_map reference_global_mean(const reference_case *c);
reference_map reference_pad(const reference_case *c);
reference_map reference_reduction(const reference_case *c);
reference_map reference_resized(const reference_case *c);
reference_map reference_merge(const reference_case *c);
reference_map reference_concatenation(const reference_case *c);
reference_map reference_reshaped(const reference_case *c);
reference_map reference_transposed(const reference_case *c);
reference_map reference_part(const reference_case *c);
reference_map reference_constant(const reference_case *c);

#endif
