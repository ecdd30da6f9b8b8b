/* Convolutions and dense layers. */
#include "reference_case.h"

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

reference_map reference_convolution(const reference_case *c)
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

reference_map reference_depthwise(const reference_case *c)
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

/* Sizes and zeros before: keras.layers.Conv2DTranspose, and the convolution of which this is the transpose. */
static int transposed_size(const cvz_convtranspose *node, int axis, int length)
{
  const int s = node->window.stride[axis], k = extent(&node->window, axis), extra = node->output_padding[axis];
  if (node->window.padding == CVZ_SAME) return extra < 0 ? length * s : (length - 1) * s + k % 2 + extra;
  return (length - 1) * s + k + (extra < 0 ? (s > k ? s - k : 0) : extra);
}

reference_map reference_transposed_convolution(const reference_case *c)
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
