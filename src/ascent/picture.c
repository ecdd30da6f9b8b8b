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

/* Where in a pixel of the image each channel of the picture is. */
typedef struct layout {
  size_t image, picture; /* channels */
  size_t place[CVZ_INPUT_COLOURS];
} layout;

static layout layout_of(const cvz_ascent_recipe *recipe, int channels)
{
  const cvz_input_range range = cvz_input_range_of(recipe->preprocess, channels);
  layout l = {(size_t)channels, (size_t)cvz_input_picture_channels(channels), {0}};
  for (size_t c = 0; c < l.picture; c++) l.place[c] = (size_t)cvz_input_place(&range, (int)c);
  return l;
}

static void plain_row(const layout *l, size_t pixels, uint8_t *picture)
{
  for (size_t i = 0; i < pixels * l->picture; i++) picture[i] = i % l->picture == 3 ? 255 : PLAIN;
}

static void row_of(const layout *l, const float *image, size_t pixels, float mean, float deviation, uint8_t *picture)
{
  for (size_t i = 0; i < pixels; i++, image += l->image)
    for (size_t c = 0; c < l->picture; c++) *picture++ = byte_of((image[l->place[c]] - mean) / (deviation + 1e-5f));
}

void cvz_picture_render(const cvz_ascent *ascent, uint8_t *picture)
{
  const cvz_shape shape = ascent->image;
  const layout l = layout_of(ascent->recipe, shape.channels);
  const int border = border_of(ascent->recipe, shape.height, shape.width);
  const size_t pixels = (size_t)(shape.width - 2 * border);
  const bool plain = ascent->status == CVZ_UNIT_DEAD || ascent->status == CVZ_UNIT_NAN;
  const float *image = cvz_run_image(ascent->run);
  float mean, deviation;
  mean_and_deviation(image, cvz_shape_count(shape), &mean, &deviation);
  for (int y = border; y < shape.height - border; y++, picture += pixels * l.picture) {
    const size_t first = (size_t)y * (size_t)shape.width + (size_t)border;
    if (plain)
      plain_row(&l, pixels, picture);
    else
      row_of(&l, image + first * l.image, pixels, mean, deviation, picture);
  }
}
