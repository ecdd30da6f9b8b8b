#include "engine/redirect.h"

#include <stdbool.h>

static bool opens(float x, float low, float high)
{
  return !(x <= low) && !(x >= high); /* NaN is handed on */
}

static bool any_passes(cvz_view dy, cvz_view x, float low, float high)
{
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++) {
      const float *at = x.data + (size_t)i * x.row + (size_t)j * x.pixel;
      const float *gradient = dy.data + (size_t)i * dy.row + (size_t)j * dy.pixel;
      for (int c = 0; c < x.channels; c++)
        if (gradient[c] != 0 && opens(at[c], low, high)) return true;
    }
  return false;
}

/* Raises what is low, lowers what is high. */
static bool brings_back(float dy, float x, float low)
{
  return x <= low ? dy > 0 : dy < 0;
}

void cvz_redirect(cvz_view dy, cvz_view x, float low, float high)
{
  const bool redirect = !any_passes(dy, x, low, high);
  for (int i = 0; i < x.height; i++)
    for (int j = 0; j < x.width; j++) {
      const float *at = x.data + (size_t)i * x.row + (size_t)j * x.pixel;
      float *gradient = dy.data + (size_t)i * dy.row + (size_t)j * dy.pixel;
      for (int c = 0; c < x.channels; c++)
        if (!opens(at[c], low, high) && !(redirect && brings_back(gradient[c], at[c], low))) gradient[c] = 0;
    }
}
