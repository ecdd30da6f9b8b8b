#include "image/shrink.h"

#include <assert.h>
#include <stddef.h>

/* How much of source pixel `i` lies under pixel `o` of the copy, where both axes have length * to_length units. */
static uint64_t overlap(int i, int length, int o, int to_length)
{
  const int64_t begin = (int64_t)i * to_length, end = begin + to_length;
  const int64_t from = (int64_t)o * length, until = from + length;
  const int64_t low = begin > from ? begin : from, high = end < until ? end : until;
  return high > low ? (uint64_t)(high - low) : 0;
}

/* The sum of one channel over a pixel of the copy, weighted by area. */
static uint64_t area_sum(const uint8_t *from, int width, int height, int channels, int x, int y, int to_width,
                         int to_height)
{
  uint64_t sum = 0;
  const int left = (int)((int64_t)x * width / to_width), top = (int)((int64_t)y * height / to_height);
  for (int i = top; i < height && overlap(i, height, y, to_height); i++) {
    uint64_t row = 0;
    for (int j = left; j < width && overlap(j, width, x, to_width); j++)
      row += overlap(j, width, x, to_width) * from[((size_t)i * (size_t)width + (size_t)j) * (size_t)channels];
    sum += overlap(i, height, y, to_height) * row;
  }
  return sum;
}

void cvz_shrink(const uint8_t *from, int width, int height, int channels, uint8_t *to, int to_width, int to_height)
{
  assert(to_width <= width && to_height <= height);
  const uint64_t area = (uint64_t)width * (uint64_t)height;
  for (int y = 0; y < to_height; y++)
    for (int x = 0; x < to_width; x++)
      for (int c = 0; c < channels; c++)
        *to++ = (uint8_t)((area_sum(from + c, width, height, channels, x, y, to_width, to_height) + area / 2) / area);
}
