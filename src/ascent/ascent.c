#include "ascent/ascent.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

const char *cvz_unit_status_name(cvz_unit_status status)
{
  static const char *const names[CVZ_UNIT_STATUSES] = {"missing", "ok", "dead", "nan"};
  return names[status];
}

static void random_start(const cvz_ascent *ascent, cvz_ascent_unit unit, float *image)
{
  const size_t count = cvz_shape_count(ascent->image);
  const cvz_random random = cvz_random_stream(ascent->recipe->seed, unit.layer, (uint32_t)unit.channel,
                                              (uint32_t)unit.repeat, CVZ_PURPOSE_INIT, 0);
  cvz_random_uniform(&random, 0, count, image);
  for (size_t i = 0; i < count; i++) image[i] = (image[i] - 0.5f) * ascent->recipe->init_spread;
}

void cvz_ascent_begin(cvz_ascent *ascent, const cvz_ascent_recipe *recipe, const cvz_plan *plan, cvz_run *run,
                      cvz_ascent_unit unit, float *loss)
{
  *ascent = (cvz_ascent){.recipe = recipe, .run = run, .image = cvz_plan_image(plan), .loss = loss};
  for (int i = 0; i < recipe->iterations; i++) loss[i] = NAN;
  if (recipe->start)
    memcpy(cvz_run_image(run), recipe->start, cvz_shape_count(ascent->image) * sizeof(float));
  else
    random_start(ascent, unit, cvz_run_image(run));
  cvz_run_select(run, unit.channel);
}

size_t cvz_ascent_state_count(const cvz_ascent *ascent)
{
  return cvz_shape_count(ascent->image) + (size_t)ascent->recipe->iterations;
}

void cvz_ascent_save(const cvz_ascent *ascent, float *state)
{
  const size_t pixels = cvz_shape_count(ascent->image);
  memcpy(state, cvz_run_image(ascent->run), pixels * sizeof(float));
  memcpy(state + pixels, ascent->loss, (size_t)ascent->recipe->iterations * sizeof(float));
}

void cvz_ascent_restore(cvz_ascent *ascent, int step, const float *state)
{
  const size_t pixels = cvz_shape_count(ascent->image);
  memcpy(cvz_run_image(ascent->run), state, pixels * sizeof(float));
  memcpy(ascent->loss, state + pixels, (size_t)ascent->recipe->iterations * sizeof(float));
  ascent->step = step;
}

static double mean_of(cvz_view map)
{
  double sum = 0;
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) sum += (double)map.data[(size_t)y * map.row + (size_t)x * map.pixel];
  return sum / ((double)map.height * map.width);
}

static double squares(const float *values, size_t count)
{
  double sums[8] = {0}, sum = 0;
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int lane = 0; lane < 8; lane++) sums[lane] += (double)values[i + lane] * (double)values[i + lane];
  for (; i < count; i++) sums[0] += (double)values[i] * (double)values[i];
  for (int lane = 0; lane < 8; lane++) sum += sums[lane];
  return sum;
}

/* tf.math.l2_normalize: g * rsqrt(max(sum g^2, 1e-12)). */
static void climb(float *image, const float *gradient, size_t count, double norm, float rate)
{
  const float factor = (float)(1 / sqrt(norm > 1e-12 ? norm : 1e-12));
  for (size_t i = 0; i < count; i++) image[i] += rate * (gradient[i] * factor);
}

/* A gradient of zero leaves the image as it is for ever: dead, unless the way uphill had an end. */
static bool stuck(cvz_ascent *ascent, double loss)
{
  const bool climbed = ascent->step > 0 && loss > (double)ascent->loss[0];
  ascent->status = climbed ? CVZ_UNIT_OK : CVZ_UNIT_DEAD;
  return false;
}

static bool broken(cvz_ascent *ascent)
{
  ascent->status = CVZ_UNIT_NAN;
  return false;
}

bool cvz_ascent_step(cvz_ascent *ascent)
{
  const size_t count = cvz_shape_count(ascent->image);
  cvz_run_forward(ascent->run);
  const cvz_view map = cvz_run_target(ascent->run);
  const double loss = mean_of(map);
  if (!isfinite(loss)) return broken(ascent);
  ascent->loss[ascent->step] = (float)loss;
  cvz_run_backward(ascent->run, 1.0f / ((float)map.height * (float)map.width));
  const double norm = squares(cvz_run_gradient(ascent->run), count);
  if (!isfinite(norm)) return broken(ascent);
  if (norm == 0) return stuck(ascent, loss);
  climb(cvz_run_image(ascent->run), cvz_run_gradient(ascent->run), count, norm, ascent->recipe->learning_rate);
  if (++ascent->step < ascent->recipe->iterations) return true;
  ascent->status = CVZ_UNIT_OK;
  return false;
}
