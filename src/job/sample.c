#include "job/sample.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

#define STEPS 4 /* the first touches all memory for the first time and does not count unless it is the last */

static double shortest_step(cvz_ascent *ascent)
{
  double shortest = 0;
  bool more = true;
  for (int i = 0; more && i < STEPS; i++) {
    const double start = cvz_clock_cpu();
    more = cvz_ascent_step(ascent);
    const double step = cvz_clock_cpu() - start;
    if (i < 2 || step < shortest) shortest = step;
  }
  return shortest;
}

cvz_status cvz_sample_step(const cvz_plan *plan, const cvz_ascent_recipe *recipe, cvz_shape image, double *seconds,
                           cvz_error *error)
{
  cvz_workspace workspace = {0};
  cvz_block arena = {0};
  cvz_run *run = NULL;
  cvz_ascent ascent;
  cvz_status status = cvz_block_create(&arena, cvz_plan_arena(plan) * sizeof(float), error);
  float *loss = cvz_array((size_t)recipe->iterations, sizeof *loss, error);
  if (!loss) status = CVZ_E_MEMORY;
  if (status == CVZ_OK) status = cvz_run_create(&run, plan, arena.data, error);
  if (status == CVZ_OK)
    status = cvz_workspace_create(&workspace, recipe, image, cvz_plan_image(plan), cvz_plan_kernels(plan), error);
  if (status == CVZ_OK) {
    cvz_ascent_begin(&ascent, &workspace, run, (cvz_ascent_unit){0, 0, 0, NULL}, loss);
    *seconds = shortest_step(&ascent);
  }
  cvz_workspace_free(&workspace);
  cvz_run_free(run);
  free(loss);
  cvz_block_free(&arena);
  return status;
}
