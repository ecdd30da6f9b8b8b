#include "ascent/ascent.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "ascent/film.h"
#include "ascent/noise.h"
#include "ascent/optimizer.h"
#include "ascent/regularizer.h"
#include "ascent/transform.h"

const char *cvz_unit_status_name(cvz_unit_status status)
{
  static const char *const names[CVZ_UNIT_STATUSES] = {"missing", "ok", "dead", "nan", "rescued", "weak"};
  return names[status];
}

cvz_objective cvz_ascent_objective(const cvz_ascent_unit *unit)
{
  return unit->objective ? *unit->objective : cvz_objective_channel();
}

static cvz_random stream(const cvz_ascent *a, cvz_purpose purpose)
{
  return cvz_random_stream(a->recipe->seed, a->unit.layer, (uint32_t)a->unit.channel, (uint32_t)a->unit.repeat, purpose,
                           (uint32_t)a->step);
}

static float *image_of(const cvz_ascent *a)
{
  return a->workspace->pixels ? a->workspace->pixels : cvz_run_image(a->run);
}

static float *parameters_of(const cvz_ascent *a)
{
  return a->workspace->parameters ? a->workspace->parameters : image_of(a);
}

const float *cvz_ascent_image(const cvz_ascent *ascent)
{
  return image_of(ascent);
}

static void make_image(const cvz_ascent *a)
{
  if (a->workspace->parameters)
    cvz_parametrization_forward(a->workspace->parametrization, a->workspace->parameters, image_of(a));
}

static size_t parameter_count(const cvz_ascent *a)
{
  return cvz_parametrization_count(a->workspace->parametrization);
}

static size_t moment_count(const cvz_ascent *a)
{
  return (size_t)cvz_optimizer_moments(a->recipe->optimizer.rule) * parameter_count(a);
}

static size_t pixel_count(const cvz_ascent *a)
{
  return (size_t)a->workspace->image.height * (size_t)a->workspace->image.width;
}

/* 0 without alpha. */
static size_t mass_count(const cvz_ascent *a)
{
  return a->workspace->mass ? pixel_count(a) : 0;
}

static void film(const cvz_ascent *a)
{
  if (a->workspace->film)
    cvz_film_take(a->recipe, a->workspace->image, image_of(a), a->step, a->status, a->workspace->film);
}

void cvz_ascent_begin(cvz_ascent *ascent, cvz_workspace *workspace, cvz_run *run, cvz_ascent_unit unit, float *loss)
{
  *ascent = (cvz_ascent){.recipe = workspace->recipe, .workspace = workspace, .run = run, .unit = unit, .loss = loss};
  ascent->objective = cvz_ascent_objective(&unit);
  for (int i = 0; i < ascent->recipe->iterations; i++) loss[i] = NAN;
  const cvz_random random = stream(ascent, CVZ_PURPOSE_INIT);
  cvz_parametrization_start(workspace->parametrization, &random, parameters_of(ascent));
  if (workspace->mass) memset(workspace->mass, 0, pixel_count(ascent) * sizeof *workspace->mass);
  if (workspace->moments) memset(workspace->moments, 0, moment_count(ascent) * sizeof *workspace->moments);
  make_image(ascent);
  film(ascent);
  cvz_run_select(run, unit.channel);
}

void cvz_ascent_brighten(cvz_ascent *a, float factor)
{
  float *parameters = parameters_of(a);
  for (size_t i = 0; i < parameter_count(a); i++) parameters[i] *= factor;
  make_image(a);
  film(a);
}

void cvz_ascent_move(cvz_ascent *a, cvz_run *run, float *scratch)
{
  const size_t bytes = cvz_shape_count(a->workspace->view) * sizeof *scratch;
  if (run == a->run) return;
  memcpy(scratch, cvz_run_image(a->run), bytes);
  a->run = run;
  cvz_run_select(run, a->unit.channel);
  memcpy(cvz_run_image(run), scratch, bytes);
}

/* A piece of a unit's state; of 0 bytes where the recipe has no such thing. */
typedef struct state_part {
  void *data;
  size_t bytes;
} state_part;

enum { STATE_PARTS = 6 };

static size_t floats_of(state_part part)
{
  return (part.bytes + sizeof(float) - 1) / sizeof(float);
}

/* In the order of a saved state. `live` stands for ascent->live. */
static void list_state(const cvz_ascent *a, float *live, state_part parts[STATE_PARTS])
{
  const cvz_workspace *w = a->workspace;
  const state_part all[STATE_PARTS] = {{parameters_of(a), parameter_count(a) * sizeof(float)},
                                       {w->moments, moment_count(a) * sizeof(float)},
                                       {live, w->random ? sizeof *live : 0},
                                       {w->mass, mass_count(a) * sizeof(float)},
                                       {w->film, w->film ? cvz_film_bytes(a->recipe, w->image) : 0},
                                       {a->loss, (size_t)a->recipe->iterations * sizeof(float)}};
  memcpy(parts, all, sizeof all);
}

size_t cvz_ascent_state_count(const cvz_ascent *a)
{
  float live = 0;
  state_part parts[STATE_PARTS];
  size_t count = 0;
  list_state(a, &live, parts);
  for (int i = 0; i < STATE_PARTS; i++) count += floats_of(parts[i]);
  return count;
}

void cvz_ascent_save(const cvz_ascent *a, float *state)
{
  float live = a->live;
  state_part parts[STATE_PARTS];
  list_state(a, &live, parts);
  for (int i = 0; i < STATE_PARTS; state += floats_of(parts[i++]))
    if (parts[i].bytes) memcpy(state, parts[i].data, parts[i].bytes);
}

void cvz_ascent_restore(cvz_ascent *a, int step, const float *state)
{
  float live = a->live;
  state_part parts[STATE_PARTS];
  list_state(a, &live, parts);
  for (int i = 0; i < STATE_PARTS; state += floats_of(parts[i++]))
    if (parts[i].bytes) memcpy(parts[i].data, state, parts[i].bytes);
  a->live = live != 0;
  a->step = step;
  make_image(a);
}

static cvz_view view_of(float *data, cvz_shape shape)
{
  return cvz_view_dense(data, shape.height, shape.width, shape.channels);
}

static int views_of(const cvz_ascent *a)
{
  return a->recipe->transform.views > 1 ? a->recipe->transform.views : 1;
}

static cvz_sampling draw_view(const cvz_ascent *a, int view)
{
  const cvz_random random = stream(a, CVZ_PURPOSE_TRANSFORM);
  const int last = a->recipe->iterations - 1;
  float draws[CVZ_TRANSFORM_DRAWS];
  cvz_random_uniform(&random, (uint64_t)view * CVZ_TRANSFORM_DRAWS, CVZ_TRANSFORM_DRAWS, draws);
  return cvz_transform_draw(&a->recipe->transform, a->workspace->image, a->workspace->view, draws,
                            last > 0 ? (double)a->step / last : 0, a->workspace->fill);
}

static void show(const cvz_ascent *a, const cvz_sampling *sampling)
{
  const cvz_workspace *w = a->workspace;
  w->kernels->resample(view_of(cvz_run_image(a->run), w->view), view_of(image_of(a), w->image), sampling);
}

void cvz_ascent_show(cvz_ascent *a)
{
  const cvz_workspace *w = a->workspace;
  if (w->sees_all) return;
  const cvz_sampling plain = cvz_transform_plain(&a->recipe->transform, w->image, w->view, w->fill);
  show(a, &plain);
}

/* The image itself, through the transforms of this step. */
static void change_image(const cvz_ascent *a)
{
  const cvz_workspace *w = a->workspace;
  const cvz_sampling sampling = draw_view(a, 0);
  w->kernels->resample(view_of(w->scratch, w->image), view_of(image_of(a), w->image), &sampling);
  memcpy(image_of(a), w->scratch, cvz_shape_count(w->image) * sizeof(float));
}

/* Normal and uniform noise, both of the recipe's size. */
static void add_noise(const cvz_ascent *a, int view)
{
  const cvz_workspace *w = a->workspace;
  const size_t channels = (size_t)w->view.channels, count = cvz_shape_count(w->view), part = (count + 3) / 4 * 4;
  const cvz_random random = stream(a, CVZ_PURPOSE_NOISE);
  float *image = cvz_run_image(a->run);
  for (int kind = 0; kind < 2; kind++) {
    const uint64_t first = (uint64_t)part * (2 * (uint64_t)view + (uint64_t)kind);
    (kind == 0 ? cvz_noise_normal : cvz_random_uniform)(&random, first, count, w->scratch);
    for (size_t c = 0; c < channels; c++) {
      const float size = a->recipe->transform.noise * a->recipe->range.scale[c < CVZ_INPUT_COLOURS ? c : 0];
      for (size_t i = c; i < count; i += channels) image[i] += size * (w->scratch[i] - (kind == 0 ? 0 : 0.5f));
    }
  }
}

/* What the network reads in a view of this step; not if that is the image itself. */
static cvz_sampling prepare_view(cvz_ascent *a, int view)
{
  const cvz_workspace *w = a->workspace;
  const cvz_sampling sampling = a->recipe->transform.lasting
                                    ? cvz_transform_plain(&a->recipe->transform, w->image, w->view, w->fill)
                                    : draw_view(a, view);
  show(a, &sampling);
  if (a->recipe->transform.noise > 0) add_noise(a, view);
  return sampling;
}

void cvz_ascent_preview(cvz_ascent *ascent)
{
  if (!ascent->workspace->sees_all) prepare_view(ascent, 0);
  cvz_run_forward(ascent->run);
}

/* Loss of what the network reads, and its gradient in the run, for one of so many views. */
static double answer(const cvz_ascent *a)
{
  cvz_run_forward(a->run);
  const double loss = cvz_objective_value(&a->objective, a->run);
  if (isfinite(loss)) cvz_objective_backward(&a->objective, a->run, views_of(a));
  return loss;
}

/* Mean loss of all views; the sum of their gradients by the image in workspace->image_gradient, or only the run's. */
static double look(cvz_ascent *a)
{
  cvz_workspace *w = a->workspace;
  double loss = 0;
  if (w->image_gradient) memset(w->image_gradient, 0, cvz_shape_count(w->image) * sizeof(float));
  for (int view = 0; view < views_of(a); view++) {
    cvz_sampling sampling = {0};
    if (!w->sees_all) sampling = prepare_view(a, view);
    loss += answer(a);
    if (!isfinite(loss)) return loss;
    const cvz_view seen = view_of((float *)cvz_run_gradient(a->run), w->view);
    if (!w->sees_all)
      w->kernels->resample_backward(view_of(w->image_gradient, w->image), seen, &sampling);
    else if (w->image_gradient)
      w->kernels->copy(view_of(w->image_gradient, w->image), seen, true);
  }
  return loss / views_of(a);
}

/* How much the loss asks for each pixel, whatever the regularizers want. */
static void weigh(const cvz_ascent *a)
{
  const cvz_workspace *w = a->workspace;
  const float *gradient = w->image_gradient ? w->image_gradient : cvz_run_gradient(a->run);
  const size_t channels = (size_t)w->image.channels;
  for (size_t i = 0; i < mass_count(a); i++)
    for (size_t c = 0; c < channels; c++) w->mass[i] += fabsf(gradient[i * channels + c]);
}

/* From the views' gradient to that of the parameters. */
static const float *gradient_of(const cvz_ascent *a)
{
  cvz_workspace *w = a->workspace;
  if (cvz_regularizer_is_used(&a->recipe->regularizer))
    cvz_regularizer_gradient(&a->recipe->regularizer, w->image, image_of(a), w->image_gradient);
  if (w->smoothing.weights) cvz_blur_apply(&w->smoothing, view_of(w->image_gradient, w->image), w->scratch);
  const float *image_gradient = w->image_gradient ? w->image_gradient : cvz_run_gradient(a->run);
  if (!w->gradient) return image_gradient;
  cvz_parametrization_backward(w->parametrization, image_gradient, w->gradient);
  return w->gradient;
}

/* What is done to parameters that are the image, beside the gradient. */
static void tend(const cvz_ascent *a)
{
  const cvz_regularizer_recipe *r = &a->recipe->regularizer;
  cvz_workspace *w = a->workspace;
  float *parameters = parameters_of(a);
  if (r->decay > 0)
    for (size_t i = 0; i < parameter_count(a); i++) parameters[i] *= 1 - r->decay;
  if (r->blur_every && (a->step + 1) % r->blur_every == 0)
    cvz_blur_apply(&w->blur, view_of(parameters, w->image), w->scratch);
  if (!w->parameters && a->recipe->parametrization.output == CVZ_OUTPUT_CLIP)
    cvz_input_clip(&a->recipe->range, (size_t)w->image.height * (size_t)w->image.width, parameters);
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

static bool finished(cvz_ascent *ascent)
{
  const cvz_ascent_recipe *recipe = ascent->recipe;
  return ascent->step >= recipe->iterations || cvz_optimizer_plateau(&recipe->optimizer, ascent->loss, ascent->step);
}

static bool advance(cvz_ascent *ascent)
{
  cvz_workspace *w = ascent->workspace;
  if (ascent->recipe->transform.lasting) change_image(ascent);
  const double loss = look(ascent);
  if (!isfinite(loss)) return broken(ascent);
  ascent->loss[ascent->step] = (float)loss;
  weigh(ascent);
  const float *gradient = gradient_of(ascent);
  const cvz_gradient_size size = cvz_gradient_measure(gradient, parameter_count(ascent));
  if (!isfinite(size.squares)) return broken(ascent);
  if (size.squares == 0 && !w->random) return stuck(ascent, loss);
  ascent->live = ascent->live || size.squares > 0;
  cvz_optimizer_update(ascent->recipe, ascent->step, parameters_of(ascent), gradient, &size, w->moments,
                       parameter_count(ascent));
  tend(ascent);
  make_image(ascent);
  ascent->step++;
  if (!finished(ascent)) return true;
  ascent->status = ascent->live ? CVZ_UNIT_OK : CVZ_UNIT_DEAD;
  return false;
}

bool cvz_ascent_step(cvz_ascent *ascent)
{
  const bool more = advance(ascent);
  film(ascent);
  return more;
}
