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
  return value > 0.0f ? value < 1.0f ? value : 1.0f : 0.0f; /* of NaN 0 */
}

static size_t count_up_to(const float *values, size_t count, float limit)
{
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += values[i] <= limit;
  return found;
}

/* The value before which `rank` others come in ascending order. They are not negative, so their bits ascend as they do:
 * the value is found bit by bit, without room to sort them. */
static float value_of_rank(const float *values, size_t count, size_t rank)
{
  uint32_t low = 0, high = 0x7f800000; /* infinity */
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    float limit;
    memcpy(&limit, &middle, sizeof limit);
    if (count_up_to(values, count, limit) > rank)
      high = middle;
    else
      low = middle + 1;
  }
  float value;
  memcpy(&value, &low, sizeof value);
  return value;
}

/* numpy.percentile(mass, 80), or the largest where that is 0. */
static float opaque_mass(const float *mass, size_t count)
{
  const double place = 0.8 * (double)(count - 1);
  const size_t rank = (size_t)place;
  const float below = value_of_rank(mass, count, rank);
  const float above = rank + 1 < count ? value_of_rank(mass, count, rank + 1) : below;
  const float percentile = (float)((double)below + (place - (double)rank) * ((double)above - (double)below));
  return percentile > 0 ? percentile : value_of_rank(mass, count, count - 1);
}

/* Where in a pixel of the image each channel of the picture is, and how its numbers become colours. */
typedef struct cvz_layout {
  size_t image, picture; /* channels, of the picture without the alpha of a mass */
  bool alpha;
  float opaque; /* mass from which on a pixel is */
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
  const bool gray = l.picture == 1;
  if (recipe->alpha) l.alpha = true, l.picture = 3;
  for (size_t c = 0; c < l.picture; c++) l.place[c] = (size_t)cvz_input_place(&recipe->range, gray ? 0 : (int)c);
  if (recipe->picture == CVZ_PICTURE_DIRECT)
    take_range(&l, &recipe->range);
  else
    standardize(&l, image, cvz_shape_count(shape));
  return l;
}

static void plain_row(size_t channels, size_t pixels, uint8_t *picture)
{
  for (size_t i = 0; i < pixels * channels; i++) picture[i] = i % channels == 3 ? 255 : PLAIN;
}

static uint8_t alpha_of(const cvz_layout *l, float mass)
{
  return l->opaque > 0 ? (uint8_t)(clipped(mass / l->opaque) * 255.0f + 0.5f) : 255;
}

static void row_of(const cvz_layout *l, const float *image, const float *mass, size_t pixels, uint8_t *picture)
{
  for (size_t i = 0; i < pixels; i++, image += l->image) {
    for (size_t c = 0; c < l->picture; c++) {
      const float value = (image[l->place[c]] - l->mean[c]) / l->deviation[c];
      *picture++ = (uint8_t)(clipped(value * l->contrast + l->middle) * 255.0f + l->rounding);
    }
    if (l->alpha) *picture++ = alpha_of(l, mass[i]);
  }
}

int cvz_picture_channels(const cvz_ascent_recipe *recipe, int channels)
{
  return recipe->alpha ? 4 : cvz_input_picture_channels(channels);
}

void cvz_picture_render(const cvz_ascent_recipe *recipe, cvz_shape shape, const float *image, const float *mass,
                        cvz_unit_status status, uint8_t *picture)
{
  cvz_layout l = layout_of(recipe, shape, image);
  const int border = border_of(recipe, shape.height, shape.width);
  const size_t pixels = (size_t)(shape.width - 2 * border);
  const size_t channels = l.picture + l.alpha;
  const bool plain = status == CVZ_UNIT_DEAD || status == CVZ_UNIT_NAN;
  if (l.alpha && !plain) l.opaque = opaque_mass(mass, (size_t)shape.height * (size_t)shape.width);
  for (int y = border; y < shape.height - border; y++, picture += pixels * channels) {
    const size_t first = (size_t)y * (size_t)shape.width + (size_t)border;
    if (plain)
      plain_row(channels, pixels, picture);
    else
      row_of(&l, image + first * l.image, mass ? mass + first : NULL, pixels, picture);
  }
}
