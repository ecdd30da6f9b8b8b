/* Pools, padding, reductions and resizing. */
#include "reference_case.h"

/* Padding neither wins a maximum nor counts in a mean. */
reference_map reference_pool(const reference_case *c)
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

reference_map reference_global_mean(const reference_case *c)
{
  const reference_map *x = input(c, 0);
  reference_map y = map_of(1, 1, x->channels);
  EACH_ELEMENT(*x, i, j, k) y.values[k] += reference_at(x, i, j, k) / ((double)x->height * x->width);
  return y;
}

reference_map reference_pad(const reference_case *c)
{
  const cvz_pad *p = &c->node->pad;
  const reference_map *x = input(c, 0);
  reference_map y = map_of(x->height + p->top + p->bottom, x->width + p->left + p->right, x->channels);
  EACH_ELEMENT(y, i, j, k)
  if (inside(x, i - p->top, j - p->left)) *place(&y, i, j, k) = reference_at(x, i - p->top, j - p->left, k);
  return y;
}

reference_map reference_reduction(const reference_case *c)
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

reference_map reference_resized(const reference_case *c)
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
