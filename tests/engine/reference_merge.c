/* Maps put together, taken apart and reordered. */
#include <string.h>

#include "reference_case.h"

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

reference_map reference_merge(const reference_case *c)
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

reference_map reference_concatenation(const reference_case *c)
{
  int channels = 0, first = 0;
  for (int n = 0; n < c->node->input_count; n++) channels += input(c, n)->channels;
  reference_map y = map_of(input(c, 0)->height, input(c, 0)->width, channels);
  for (int n = 0; n < c->node->input_count; first += input(c, n++)->channels)
    EACH_ELEMENT(*input(c, n), i, j, k) * place(&y, i, j, first + k) = reference_at(input(c, n), i, j, k);
  return y;
}

reference_map reference_reshaped(const reference_case *c)
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

reference_map reference_transposed(const reference_case *c)
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

reference_map reference_part(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height, x->width, x->channels / c->node->part.count);
  EACH_ELEMENT(y, i, j, k) * place(&y, i, j, k) = reference_at(x, i, j, c->node->part.index * y.channels + k);
  return y;
}

reference_map reference_constant(const reference_case *c)
{
  const cvz_weight *w = &c->graph->weights[c->node->constant];
  reference_map y = map_of(w->rank > 1 ? w->dims[0] : 1, w->rank > 2 ? w->dims[1] : 1, w->dims[w->rank - 1]);
  for (size_t i = 0; i < w->count; i++) y.values[i] = weight(c, c->node->constant, i, 0);
  return y;
}
