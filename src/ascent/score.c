#include "ascent/score.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define CELLS 5 /* a side */

float cvz_score_image(cvz_ascent *ascent)
{
  cvz_ascent_show(ascent);
  cvz_run_forward(ascent->run);
  return (float)cvz_objective_value(&ascent->objective, ascent->run);
}

/* In place: every pixel gets the colour of the first pixel of its cell. */
static void coarsen(cvz_shape shape, float *colours)
{
  const size_t channels = (size_t)shape.channels, row = (size_t)shape.width * channels;
  for (int y = 0; y < shape.height; y++)
    for (int x = 0; x < shape.width; x++) {
      const size_t cell_y = (size_t)(y * CELLS / shape.height), cell_x = (size_t)(x * CELLS / shape.width);
      const size_t first_y = (cell_y * (size_t)shape.height + CELLS - 1) / CELLS;
      const size_t first_x = (cell_x * (size_t)shape.width + CELLS - 1) / CELLS;
      for (size_t c = 0; c < channels; c++)
        colours[(size_t)y * row + (size_t)x * channels + c] = colours[first_y * row + first_x * channels + c];
    }
}

static void draw(cvz_run *run, cvz_shape shape, const cvz_ascent_recipe *recipe, uint64_t layer, int index,
                 float *colours)
{
  const cvz_random random = cvz_random_stream(recipe->seed, layer, 0, 0, CVZ_PURPOSE_SCORE, (uint32_t)index);
  cvz_random_uniform(&random, 0, cvz_shape_count(shape), colours);
  if (index >= CVZ_NOISE_IMAGES / 2) coarsen(shape, colours);
  cvz_input_from_rgb(&recipe->range, colours, (size_t)shape.height * (size_t)shape.width, cvz_run_image(run));
}

/* Of the image in the run. `sums` has CVZ_TERMS_MAX for each unit. */
static void add_units(cvz_run *run, const cvz_ascent_unit *units, int count, cvz_term_sums *sums)
{
  for (int i = 0; i < count; i++) {
    const cvz_objective objective = cvz_ascent_objective(&units[i]);
    cvz_run_select(run, units[i].channel);
    if (i)
      cvz_run_forward_channel(run);
    else
      cvz_run_forward(run);
    cvz_objective_measure(&objective, run, sums + (size_t)i * CVZ_TERMS_MAX);
  }
}

static cvz_noise noise_of(const cvz_ascent_unit *unit, const cvz_term_sums *sums)
{
  const cvz_objective objective = cvz_ascent_objective(unit);
  double mean, deviation;
  cvz_objective_spread(&objective, sums, &mean, &deviation);
  return (cvz_noise){(float)mean, (float)deviation};
}

cvz_status cvz_score_noise(cvz_run *run, const cvz_ascent_recipe *recipe, const cvz_ascent_unit *units, int count,
                           cvz_noise *noise, cvz_error *error)
{
  const cvz_shape image = cvz_run_image_shape(run);
  float *colours = cvz_array(cvz_shape_count(image), sizeof *colours, error);
  cvz_term_sums *sums = cvz_array((size_t)count, CVZ_TERMS_MAX * sizeof *sums, error);
  for (int i = 0; colours && sums && i < CVZ_NOISE_IMAGES; i++) {
    draw(run, image, recipe, units[0].layer, i, colours);
    add_units(run, units, count, sums);
  }
  for (int i = 0; colours && sums && i < count; i++) noise[i] = noise_of(&units[i], sums + (size_t)i * CVZ_TERMS_MAX);
  const cvz_status status = colours && sums ? CVZ_OK : CVZ_E_MEMORY;
  free(colours);
  free(sums);
  return status;
}

bool cvz_score_stands_out(float score, cvz_noise noise)
{
  const float rounding = 1e-5f * fabsf(noise.mean);
  return score > noise.mean + 2 * noise.deviation + rounding;
}
