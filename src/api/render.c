/* The climb to a picture. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/handles.h"
#include "base/file.h"
#include "base/hash.h"
#include "image/png.h"
#include "job/ascent_options.h"

static cvz_ascent_recipe recipe_of(const cvz_target *target, const float *start)
{
  cvz_ascent_recipe recipe = cvz_ascent_options(&target->options, &target->network->graph);
  recipe.start = start;
  return recipe;
}

static cvz_shape image_of(const cvz_target *target)
{
  const cvz_dimensions image = cvz_target_image(target);
  return (cvz_shape){3, image.height, image.width, image.channels};
}

/* The arrays of a rendering, and their sizes. */
static cvz_status make_room(const cvz_target *target, const cvz_ascent_recipe *recipe, cvz_rendering *r,
                            cvz_error *error)
{
  const cvz_shape image = image_of(target);
  *r = (cvz_rendering){.width = cvz_picture_length(recipe, image.width, image.height),
                       .height = cvz_picture_length(recipe, image.height, image.width),
                       .channels = cvz_picture_channels(recipe, image.channels),
                       .steps = recipe->iterations};
  r->pixels = cvz_array((size_t)r->width * (size_t)r->height, (size_t)r->channels, error);
  r->image = cvz_array(cvz_shape_count(image), sizeof *r->image, error);
  r->losses = cvz_array((size_t)r->steps, sizeof *r->losses, error);
  return r->pixels && r->image && r->losses ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status climb(const cvz_target *target, const cvz_ascent_recipe *recipe, cvz_climb *climb, int filter,
                        cvz_error *error)
{
  const cvz_graph *graph = &target->network->graph;
  const cvz_ascent_unit unit = {cvz_hash_text(graph->layers[target->work.layers[0].layer].name), filter, 0, NULL};
  cvz_noise noise;
  CVZ_TRY(cvz_score_noise(target->climbs.run, recipe, &unit, 1, &noise, error));
  cvz_climb_begin(climb, target->climbs.run, target->climbs.redirected, unit, noise);
  while (cvz_climb_step(climb)) continue;
  return CVZ_OK;
}

static void take(const cvz_target *target, const cvz_ascent_recipe *recipe, const cvz_outcome *outcome,
                 cvz_rendering *r)
{
  const cvz_shape image = image_of(target);
  memcpy(r->image, outcome->image, cvz_shape_count(image) * sizeof *r->image);
  memcpy(r->losses, outcome->loss, (size_t)r->steps * sizeof *r->losses);
  cvz_picture_render(recipe, image, outcome->image, outcome->mass, outcome->status, r->pixels);
  r->status = cvz_unit_status_name(outcome->status);
}

/* In `made`, whose arrays are there. */
static cvz_status render(const cvz_target *target, const cvz_ascent_recipe *recipe, int filter, cvz_rendering *made,
                         cvz_error *error)
{
  const cvz_climb_settings settings = cvz_ascent_climb(&target->options);
  cvz_workspace workspace = {0};
  cvz_climb *climber = NULL;
  cvz_status status = cvz_workspace_create(&workspace, recipe, image_of(target), cvz_plan_image(target->climbs.plan),
                                           target->network->kernels, error);
  if (status == CVZ_OK) status = cvz_climb_create(&climber, &settings, &workspace, error);
  if (status == CVZ_OK) status = climb(target, recipe, climber, filter, error);
  if (status == CVZ_OK) take(target, recipe, cvz_climb_best(climber), made);
  cvz_climb_free(climber);
  cvz_workspace_free(&workspace);
  return status;
}

cvz_status cvz_target_render(cvz_target *target, int filter, const float *start, cvz_rendering *rendering,
                             cvz_error *error)
{
  const cvz_ascent_recipe recipe = recipe_of(target, start);
  cvz_rendering made;
  CVZ_TRY(cvz_target_check(target, filter, error));
  CVZ_TRY(cvz_target_climbs(target, error));
  cvz_status status = make_room(target, &recipe, &made, error);
  if (status == CVZ_OK) status = render(target, &recipe, filter, &made, error);
  if (status == CVZ_OK)
    *rendering = made;
  else
    cvz_rendering_free(&made);
  return status;
}

static cvz_status write_rows(const cvz_rendering *r, FILE *stream, const char *path, cvz_error *error)
{
  const size_t row = (size_t)r->width * (size_t)r->channels;
  cvz_png_writer *writer;
  cvz_status status = CVZ_OK;
  CVZ_TRY(cvz_png_begin(&writer, stream, path, r->width, r->height, r->channels, error));
  for (int y = 0; status == CVZ_OK && y < r->height; y++)
    status = cvz_png_row(writer, r->pixels + (size_t)y * row, error);
  if (status == CVZ_OK) return cvz_png_end(writer, error);
  cvz_png_end(writer, NULL);
  return status;
}

cvz_status cvz_rendering_write(const cvz_rendering *rendering, const char *path, cvz_error *error)
{
  char temporary[PATH_MAX];
  CVZ_TRY(cvz_file_temporary_name(path, temporary, sizeof temporary, error));
  FILE *stream = fopen(temporary, "wbe");
  if (!stream) return cvz_file_fail(error, "write", path, errno);
  cvz_status status = write_rows(rendering, stream, path, error);
  if (fclose(stream) && status == CVZ_OK) status = cvz_file_fail(error, "write", path, errno);
  if (status == CVZ_OK) return cvz_file_publish(temporary, path, error);
  unlink(temporary);
  return status;
}

void cvz_rendering_free(cvz_rendering *rendering)
{
  free(rendering->pixels);
  free(rendering->image);
  free(rendering->losses);
  *rendering = (cvz_rendering){0};
}
