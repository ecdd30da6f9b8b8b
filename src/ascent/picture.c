#include <math.h>
#include <string.h>

#include "ascent/ascent.h"

#define PLAIN 127 /* what the formula gives for an image of one colour */

static int border_of(const cvz_ascent_recipe *recipe, int height, int width)
{
  const int border = recipe->picture_border;
  return height > 2 * border && width > 2 * border ? border : 0;
}

int cvz_picture_length(const cvz_ascent_recipe *recipe, int length, int other)
{
  return length - 2 * border_of(recipe, length, other);
}

static void mean_and_deviation(const float *image, size_t count, float *mean, float *deviation)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++) sum += (double)image[i];
  const double average = sum / (double)count;
  for (size_t i = 0; i < count; i++) squares += ((double)image[i] - average) * ((double)image[i] - average);
  *mean = (float)average;
  *deviation = (float)sqrt(squares / (double)count);
}

static uint8_t byte_of(float value)
{
  const float shifted = value * 0.15f + 0.5f;
  const float clipped = shifted < 0.0f ? 0.0f : shifted > 1.0f ? 1.0f : shifted;
  return (uint8_t)(clipped * 255.0f);
}

void cvz_picture_render(const cvz_ascent *ascent, uint8_t *picture)
{
  const cvz_shape shape = ascent->image;
  const int border = border_of(ascent->recipe, shape.height, shape.width);
  const size_t row = (size_t)(shape.width - 2 * border) * (size_t)shape.channels;
  const bool plain = ascent->status == CVZ_UNIT_DEAD || ascent->status == CVZ_UNIT_NAN;
  const float *image = cvz_run_image(ascent->run);
  float mean, deviation;
  mean_and_deviation(image, cvz_shape_count(shape), &mean, &deviation);
  for (int y = border; y < shape.height - border; y++, picture += row) {
    const float *from = image + ((size_t)y * (size_t)shape.width + (size_t)border) * (size_t)shape.channels;
    if (plain)
      memset(picture, PLAIN, row);
    else
      for (size_t i = 0; i < row; i++) picture[i] = byte_of((from[i] - mean) / (deviation + 1e-5f));
  }
}
