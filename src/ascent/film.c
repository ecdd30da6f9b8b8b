#include "ascent/film.h"

cvz_status cvz_film_check(const cvz_ascent_recipe *recipe, cvz_shape image, cvz_error *error)
{
  const int frames = recipe->frames;
  CVZ_REQUIRE(frames != 1, error, CVZ_E_USAGE, "frames: 1, expected 0 or at least 2");
  CVZ_REQUIRE(frames <= recipe->iterations + 1, error, CVZ_E_USAGE,
              "frames: %d, expected at most %d: the start and what each of the iterations leaves", frames,
              recipe->iterations + 1);
  const size_t bytes = cvz_film_bytes(recipe, image);
  CVZ_REQUIRE(bytes <= CVZ_FILM_MAX, error, CVZ_E_USAGE, "frames: %d take %zu MB a filter, expected at most %zu MB",
              frames, bytes >> 20, CVZ_FILM_MAX >> 20);
  return CVZ_OK;
}

int cvz_film_channels(cvz_shape image)
{
  return cvz_input_picture_channels(image.channels);
}

static size_t frame_bytes(const cvz_ascent_recipe *recipe, cvz_shape image)
{
  return (size_t)cvz_picture_length(recipe, image.height, image.width) *
         (size_t)cvz_picture_length(recipe, image.width, image.height) * (size_t)cvz_film_channels(image);
}

size_t cvz_film_bytes(const cvz_ascent_recipe *recipe, cvz_shape image)
{
  return (size_t)recipe->frames * frame_bytes(recipe, image);
}

static int step_of(const cvz_ascent_recipe *recipe, int frame)
{
  const int64_t last = recipe->frames - 1;
  return (int)((2 * (int64_t)frame * recipe->iterations + last) / (2 * last));
}

void cvz_film_take(const cvz_ascent_recipe *recipe, cvz_shape image, const float *values, int step,
                   cvz_unit_status status, uint8_t *film)
{
  cvz_ascent_recipe opaque = *recipe;
  opaque.alpha = false;
  const bool ended = status != CVZ_UNIT_MISSING, plain = status == CVZ_UNIT_DEAD || status == CVZ_UNIT_NAN;
  for (int i = 0; i < recipe->frames; i++) {
    const int due = step_of(recipe, i);
    if (due == step || plain || (ended && due > step))
      cvz_picture_render(&opaque, image, values, NULL, status, film + (size_t)i * frame_bytes(recipe, image));
  }
}
