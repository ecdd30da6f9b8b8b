#include "ascent/workspace.h"

#include <stdlib.h>

#include "ascent/film.h"
#include "ascent/optimizer.h"
#include "ascent/regularizer.h"
#include "ascent/transform.h"
#include "base/memory.h"

cvz_status cvz_workspace_check(const cvz_ascent_recipe *recipe, cvz_shape image, cvz_shape view, cvz_error *error)
{
  const bool is_image = cvz_parametrization_of_image(&recipe->parametrization), lasting = recipe->transform.lasting;
  CVZ_REQUIRE(is_image || !lasting, error, CVZ_E_USAGE,
              "lasting: transforms of the image itself, expected a parametrization by pixels without a sigmoid");
  CVZ_REQUIRE(
      !lasting || cvz_shape_equal(image, view), error, CVZ_E_USAGE,
      "lasting: transforms of the image itself, expected an image of the size that the network reads (see view)");
  CVZ_REQUIRE(is_image || !recipe->regularizer.blur_every, error, CVZ_E_USAGE,
              "blur-every: a blur of the image, expected a parametrization by pixels without a sigmoid");
  CVZ_REQUIRE(!recipe->alpha || cvz_input_picture_channels(image.channels) < 4, error, CVZ_E_USAGE,
              "alpha: the network's image has %d channels, expected less than 4: such pictures have their own",
              image.channels);
  return recipe->frames ? cvz_film_check(recipe, image, error) : CVZ_OK;
}

static cvz_status room(float **array, bool needed, size_t count, cvz_error *error)
{
  if (!needed) return CVZ_OK;
  *array = cvz_array(count, sizeof **array, error);
  return *array ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status allocate(cvz_workspace *w, cvz_error *error)
{
  const cvz_ascent_recipe *r = w->recipe;
  const bool is_image = cvz_parametrization_is_image(w->parametrization), copies = !w->sees_all,
             smooths = r->regularizer.smoothing > 0 || r->regularizer.blur_every > 0;
  const size_t image = cvz_shape_count(w->image), view = cvz_shape_count(w->view),
               count = cvz_parametrization_count(w->parametrization);
  const size_t moments = (size_t)cvz_optimizer_moments(r->optimizer.rule);
  CVZ_TRY(room(&w->parameters, !is_image, count, error));
  CVZ_TRY(room(&w->gradient, !is_image, count, error));
  CVZ_TRY(room(&w->moments, moments > 0, moments * count, error));
  CVZ_TRY(room(&w->pixels, copies, image, error));
  CVZ_TRY(room(&w->image_gradient, copies || smooths || cvz_regularizer_is_used(&r->regularizer), image, error));
  CVZ_TRY(room(&w->mass, r->alpha, image / (size_t)w->image.channels, error));
  CVZ_TRY(room(&w->scratch, smooths || w->random, image > view ? image : view, error));
  if (r->frames) w->film = cvz_array(1, cvz_film_bytes(r, w->image), error);
  if (r->frames && !w->film) return CVZ_E_MEMORY;
  return room(&w->fill, w->random, (size_t)w->image.channels, error);
}

/* Middle gray. */
static void choose_fill(cvz_workspace *w)
{
  for (int c = 0; c < w->image.channels; c++) w->scratch[c] = 0.5f;
  cvz_input_from_rgb(&w->recipe->range, w->scratch, 1, w->fill);
}

static cvz_status prepare(cvz_workspace *w, cvz_error *error)
{
  const cvz_regularizer_recipe *r = &w->recipe->regularizer;
  CVZ_TRY(cvz_parametrization_create(&w->parametrization, w->recipe, w->image, w->kernels, error));
  CVZ_TRY(allocate(w, error));
  if (w->random) choose_fill(w);
  if (r->blur_every) CVZ_TRY(cvz_blur_create(&w->blur, r->blur, error));
  if (r->smoothing > 0) CVZ_TRY(cvz_blur_create(&w->smoothing, r->smoothing, error));
  return CVZ_OK;
}

cvz_status cvz_workspace_create(cvz_workspace *workspace, const cvz_ascent_recipe *recipe, cvz_shape image,
                                cvz_shape view, const cvz_kernels *kernels, cvz_error *error)
{
  *workspace = (cvz_workspace){.recipe = recipe, .kernels = kernels, .image = image, .view = view};
  CVZ_TRY(cvz_workspace_check(recipe, image, view, error));
  workspace->random = !cvz_transform_is_none(&recipe->transform, image, view);
  workspace->sees_all = !workspace->random || (recipe->transform.lasting && !(recipe->transform.noise > 0));
  return prepare(workspace, error);
}

void cvz_workspace_free(cvz_workspace *workspace)
{
  cvz_parametrization_free(workspace->parametrization);
  free(workspace->parameters);
  free(workspace->pixels);
  free(workspace->image_gradient);
  free(workspace->mass);
  free(workspace->film);
  free(workspace->gradient);
  free(workspace->moments);
  free(workspace->scratch);
  free(workspace->fill);
  cvz_blur_free(&workspace->blur);
  cvz_blur_free(&workspace->smoothing);
  *workspace = (cvz_workspace){0};
}
