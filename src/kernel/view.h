/* kernel/view.h: a rectangle of pixels and channels inside a larger buffer. */
#ifndef CVZ_KERNEL_VIEW_H
#define CVZ_KERNEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>

/** Element (y, x, c) is data[y * row + x * pixel + c]. row or pixel 0 repeats one row or pixel (broadcast, read only).
 *  Some channels of a wider map, or some rows and columns, are a view with the map's own strides. */
typedef struct cvz_view {
  float *data;
  int height, width, channels;
  size_t row, pixel; /**< floats from one row, one pixel to the next */
} cvz_view;

/** All of a dense (height, width, channels) array. */
static inline cvz_view cvz_view_dense(float *data, int height, int width, int channels)
{
  return (cvz_view){data, height, width, channels, (size_t)width * (size_t)channels, (size_t)channels};
}

/** The first channel of a pixel. */
static inline float *cvz_view_pixel(cvz_view view, int y, int x)
{
  return view.data + (size_t)y * view.row + (size_t)x * view.pixel;
}

/** height x width pixels from (y, x) on. */
static inline cvz_view cvz_view_crop(cvz_view view, int y, int x, int height, int width)
{
  view.data = cvz_view_pixel(view, y, x);
  view.height = height;
  view.width = width;
  return view;
}

/** `count` channels from `first` on. */
static inline cvz_view cvz_view_channels(cvz_view view, int first, int count)
{
  view.data += first;
  view.channels = count;
  return view;
}

/** True if all pixels lie one after another at distance `pixel`. */
static inline bool cvz_view_even(cvz_view view)
{
  return view.height == 1 || view.row == (size_t)view.width * view.pixel;
}

#endif
