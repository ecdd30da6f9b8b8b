/* Forward and backward for one image. */
#include <string.h>

#include "api/handles.h"

static size_t count_of(cvz_dimensions d)
{
  return (size_t)d.height * (size_t)d.width * (size_t)d.channels;
}

static void run_forward(cvz_target *target, int filter, const float *image)
{
  cvz_run *run = target->answers.run;
  memcpy(cvz_run_image(run), image, count_of(cvz_target_image(target)) * sizeof *image);
  cvz_run_select(run, filter);
  cvz_run_forward(run);
}

/* All channels lie behind the first. */
cvz_status cvz_target_forward(cvz_target *target, const float *image, float *output, cvz_error *error)
{
  CVZ_TRY(cvz_target_answers(target, error));
  run_forward(target, 0, image);
  const cvz_view map = cvz_run_target(target->answers.run);
  const size_t channels = (size_t)target->work.layers[0].channels;
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++, output += channels)
      memcpy(output, map.data + (size_t)y * map.row + (size_t)x * map.pixel, channels * sizeof *output);
  return CVZ_OK;
}

static float mean_of(cvz_view map)
{
  double sum = 0;
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) sum += (double)map.data[(size_t)y * map.row + (size_t)x * map.pixel];
  return (float)(sum / ((double)map.height * map.width));
}

cvz_status cvz_target_gradient(cvz_target *target, int filter, const float *image, float *mean, float *gradient,
                               cvz_error *error)
{
  CVZ_TRY(cvz_target_check(target, filter, error));
  CVZ_TRY(cvz_target_answers(target, error));
  run_forward(target, filter, image);
  const cvz_view map = cvz_run_target(target->answers.run);
  if (mean) *mean = mean_of(map);
  cvz_run_backward(target->answers.run, 1.0f / ((float)map.height * (float)map.width));
  memcpy(gradient, cvz_run_gradient(target->answers.run), count_of(cvz_target_image(target)) * sizeof *gradient);
  return CVZ_OK;
}
