#include "ascent/score.h"

#include <math.h>

#include "ascent/objective.h"

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

static void draw(const cvz_ascent *ascent, int index, float *colours)
{
  const cvz_shape shape = ascent->workspace->view;
  const cvz_random random = cvz_random_stream(ascent->recipe->seed, ascent->unit.layer, (uint32_t)ascent->unit.channel,
                                              0, CVZ_PURPOSE_SCORE, (uint32_t)index);
  cvz_random_uniform(&random, 0, cvz_shape_count(shape), colours);
  if (index >= CVZ_NOISE_IMAGES / 2) coarsen(shape, colours);
  cvz_input_from_rgb(&ascent->recipe->range, colours, (size_t)shape.height * (size_t)shape.width,
                     cvz_run_image(ascent->run));
}

cvz_noise cvz_score_noise(const cvz_ascent *ascent, float *colours)
{
  cvz_term_sums sums[CVZ_TERMS_MAX] = {{0}};
  double mean, deviation;
  for (int i = 0; i < CVZ_NOISE_IMAGES; i++) {
    draw(ascent, i, colours);
    cvz_run_forward(ascent->run);
    cvz_objective_measure(&ascent->objective, ascent->run, sums);
  }
  cvz_objective_spread(&ascent->objective, sums, &mean, &deviation);
  return (cvz_noise){(float)mean, (float)deviation};
}

bool cvz_score_stands_out(float score, cvz_noise noise)
{
  const float rounding = 1e-5f * fabsf(noise.mean);
  return score > noise.mean + 2 * noise.deviation + rounding;
}
