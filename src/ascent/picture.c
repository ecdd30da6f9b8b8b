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

static void standardized_row(cvz_tone tone, const float *from, uint8_t *to, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const float value = (from[i] - tone.mean) / (tone.deviation + 1e-5f) * 0.15f + 0.5f;
    to[i] = (uint8_t)(clipped(value) * 255.0f);
  }
}

static void direct_row(const cvz_input_range *range, const float *from, uint8_t *to, size_t pixels)
{
  const size_t channels = (size_t)range->channels;
  for (size_t c = 0; c < channels; c++) {
    const size_t known = c < CVZ_INPUT_COLOURS ? c : 0, place = c < CVZ_INPUT_COLOURS ? (size_t)range->order[c] : c;
    for (size_t i = 0; i < pixels; i++) {
      const float value = (from[i * channels + c] - range->offset[known]) / range->scale[known];
      to[i * channels + place] = (uint8_t)(clipped(value) * 255.0f + 0.5f);
    }
  }
}

void cvz_picture_render(const cvz_ascent_recipe *recipe, cvz_shape shape, const float *image, cvz_unit_status status,
                        uint8_t *picture)
{
  const int border = border_of(recipe, shape.height, shape.width);
  const size_t pixels = (size_t)(shape.width - 2 * border), row = pixels * (size_t)shape.channels;
  const bool plain = status == CVZ_UNIT_DEAD || status == CVZ_UNIT_NAN;
  const cvz_tone tone = tone_of(image, cvz_shape_count(shape));
  for (int y = border; y < shape.height - border; y++, picture += row) {
    const float *from = image + ((size_t)y * (size_t)shape.width + (size_t)border) * (size_t)shape.channels;
    if (plain)
      memset(picture, PLAIN, row);
    else if (recipe->picture == CVZ_PICTURE_DIRECT)
      direct_row(&recipe->range, from, picture, pixels);
    else
      standardized_row(tone, from, picture, row);
  }
}
