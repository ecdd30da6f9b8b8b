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

typedef struct cvz_tone {
  float mean, deviation;
} cvz_tone;

static cvz_tone tone_of(const float *image, size_t count)
{
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++) sum += (double)image[i];
  const double average = sum / (double)count;
  for (size_t i = 0; i < count; i++) squares += ((double)image[i] - average) * ((double)image[i] - average);
  return (cvz_tone){(float)average, (float)sqrt(squares / (double)count)};
}

static float clipped(float value)
{
  return value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
}

/* Where in a pixel of the image each channel of the picture is, and how its numbers become colours. */
typedef struct cvz_layout {
  size_t image, picture; /* channels */
  size_t place[CVZ_INPUT_COLOURS];
  float mean[CVZ_INPUT_COLOURS], deviation[CVZ_INPUT_COLOURS], contrast, middle, rounding;
} cvz_layout;

/* By the mean and the deviation of all numbers. */
static void standardize(cvz_layout *l, const float *image, size_t count)
{
  const cvz_tone tone = tone_of(image, count);
  for (size_t c = 0; c < l->picture; c++) {
    l->mean[c] = tone.mean;
    l->deviation[c] = tone.deviation + 1e-5f;
  }
  l->contrast = 0.15f;
  l->middle = 0.5f;
}

/* By the network's range. */
static void take_range(cvz_layout *l, const cvz_input_range *range)
{
  for (size_t c = 0; c < l->picture; c++) {
    l->mean[c] = range->offset[l->place[c]];
    l->deviation[c] = range->scale[l->place[c]];
  }
  l->contrast = 1;
  l->rounding = 0.5f;
}

static cvz_layout layout_of(const cvz_ascent_recipe *recipe, cvz_shape shape, const float *image)
{
  cvz_layout l = {.image = (size_t)shape.channels, .picture = (size_t)cvz_input_picture_channels(shape.channels)};
  for (size_t c = 0; c < l.picture; c++) l.place[c] = (size_t)cvz_input_place(&recipe->range, (int)c);
  if (recipe->picture == CVZ_PICTURE_DIRECT)
    take_range(&l, &recipe->range);
  else
    standardize(&l, image, cvz_shape_count(shape));
  return l;
}

static void plain_row(const cvz_layout *l, size_t pixels, uint8_t *picture)
{
  for (size_t i = 0; i < pixels * l->picture; i++) picture[i] = i % l->picture == 3 ? 255 : PLAIN;
}

static void row_of(const cvz_layout *l, const float *image, size_t pixels, uint8_t *picture)
{
  for (size_t i = 0; i < pixels; i++, image += l->image)
    for (size_t c = 0; c < l->picture; c++) {
      const float value = (image[l->place[c]] - l->mean[c]) / l->deviation[c];
      *picture++ = (uint8_t)(clipped(value * l->contrast + l->middle) * 255.0f + l->rounding);
    }
}

void cvz_picture_render(const cvz_ascent_recipe *recipe, cvz_shape shape, const float *image, cvz_unit_status status,
                        uint8_t *picture)
{
  const cvz_layout l = layout_of(recipe, shape, image);
  const int border = border_of(recipe, shape.height, shape.width);
  const size_t pixels = (size_t)(shape.width - 2 * border);
  const bool plain = status == CVZ_UNIT_DEAD || status == CVZ_UNIT_NAN;
  for (int y = border; y < shape.height - border; y++, picture += pixels * l.picture) {
    const size_t first = (size_t)y * (size_t)shape.width + (size_t)border;
    if (plain)
      plain_row(&l, pixels, picture);
    else
      row_of(&l, image + first * l.image, pixels, picture);
  }
}
