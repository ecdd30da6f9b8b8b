/* tests/parity/parts.c: one part of a recipe alone, for the comparison with TensorFlow and NumPy (parts.py).
 *
 * convviz-parts PART HEIGHT WIDTH [KEY=VALUE...] <IN >OUT, where KEY is an option of convviz-mpi; for a network that
 * reads -1 to 1. Input and output are float32:
 *   parametrization  with spectrum-from=given: magnitudes; parameters, derivative by the image
 *                    -> image, derivative by the parameters
 *   spectrum         pictures: height, width and colours of each -> mean magnitudes; with spectrum-from=natural those
 *   start            image -> parameters
 *   transform        draws (CVZ_TRANSFORM_DRAWS), progress, image, derivative by the view
 *                    -> sampling (6), view, derivative by the image
 *   optimizer        parameters (HEIGHT * WIDTH * 3), as many gradients as iterations -> parameters after each step
 *   regularizer      image -> value, its derivative
 *   blur             image -> blurred by gradient-blur */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/blur.h"
#include "ascent/optimizer.h"
#include "ascent/parametrization.h"
#include "ascent/regularizer.h"
#include "ascent/spectrum.h"
#include "ascent/transform.h"
#include "job/ascent_options.h"

typedef struct parts {
  cvz_graph graph;
  cvz_options options;
  cvz_ascent_recipe recipe;
  cvz_shape image, view;
  const cvz_kernels *kernels;
} parts;

static void require(bool good, const cvz_error *error)
{
  if (good) return;
  fprintf(stderr, "parts: %s\n", error ? error->text : "failed");
  exit(3);
}

static float *take(size_t count)
{
  float *values = calloc(count ? count : 1, sizeof *values);
  require(values && fread(values, sizeof *values, count, stdin) == count, NULL);
  return values;
}

static void give(const float *values, size_t count)
{
  require(fwrite(values, sizeof *values, count, stdout) == count, NULL);
}

static cvz_view view_of(float *values, cvz_shape shape)
{
  return cvz_view_dense(values, shape.height, shape.width, shape.channels);
}

static cvz_parametrization *parametrization_of(const parts *p)
{
  cvz_error error = {0};
  cvz_parametrization *made;
  require(cvz_parametrization_create(&made, &p->recipe, p->image, p->kernels, &error) == CVZ_OK, &error);
  return made;
}

static void run_parametrization(parts *p)
{
  if (p->options.spectrum_from && !strcmp(p->options.spectrum_from, "given"))
    p->recipe.magnitudes = take(cvz_spectrum_count(p->image));
  cvz_parametrization *made = parametrization_of(p);
  const size_t count = cvz_parametrization_count(made), pixels = cvz_shape_count(p->image);
  float *parameters = take(count), *derivative = take(pixels), *image = calloc(pixels, sizeof *image);
  cvz_parametrization_forward(made, parameters, image);
  give(image, pixels);
  cvz_parametrization_backward(made, derivative, parameters);
  give(parameters, count);
  cvz_parametrization_free(made);
}

/* As many pictures as there are. */
static void add_pictures(cvz_spectrum *spectrum)
{
  cvz_error error = {0};
  float size[2];
  while (fread(size, sizeof *size, 2, stdin) == 2) {
    float *colours = take((size_t)size[0] * (size_t)size[1] * 3);
    require(cvz_spectrum_add(spectrum, colours, (int)size[0], (int)size[1], &error) == CVZ_OK, &error);
    free(colours);
  }
}

static void run_spectrum(parts *p)
{
  cvz_error error = {0};
  cvz_spectrum *spectrum;
  const size_t count = cvz_spectrum_count(p->image);
  float *magnitudes = calloc(count, sizeof *magnitudes);
  if (!strcmp(p->options.spectrum_from, "natural")) {
    cvz_spectrum_natural(p->image, magnitudes);
  } else {
    require(cvz_spectrum_create(&spectrum, &p->recipe, p->image, p->kernels, &error) == CVZ_OK, &error);
    add_pictures(spectrum);
    require(cvz_spectrum_mean(spectrum, magnitudes), NULL);
    cvz_spectrum_free(spectrum);
  }
  give(magnitudes, count);
}

static void run_start(parts *p)
{
  const cvz_random unused = {{0, 0}, CVZ_PURPOSE_INIT, 0};
  p->recipe.start = take(cvz_shape_count(p->image));
  cvz_parametrization *made = parametrization_of(p);
  const size_t count = cvz_parametrization_count(made);
  float *parameters = calloc(count, sizeof *parameters);
  cvz_parametrization_start(made, &unused, parameters);
  give(parameters, count);
  cvz_parametrization_free(made);
}

static void run_transform(parts *p)
{
  static const float gray[3] = {0.25f, 0.25f, 0.25f};
  float *draws = take(CVZ_TRANSFORM_DRAWS), *progress = take(1), *image = take(cvz_shape_count(p->image)),
        *derivative = take(cvz_shape_count(p->view)), *view = calloc(cvz_shape_count(p->view), sizeof *view),
        *back = calloc(cvz_shape_count(p->image), sizeof *back);
  const cvz_sampling s = cvz_transform_draw(&p->recipe.transform, p->image, p->view, draws, (double)*progress, gray);
  const int64_t places[6] = {s.y, s.y_down, s.y_right, s.x, s.x_down, s.x_right};
  for (int i = 0; i < 6; i++) {
    const float place = (float)((double)places[i] * 0x1p-32);
    give(&place, 1);
  }
  p->kernels->resample(view_of(view, p->view), view_of(image, p->image), &s);
  p->kernels->resample_backward(view_of(back, p->image), view_of(derivative, p->view), &s);
  give(view, cvz_shape_count(p->view));
  give(back, cvz_shape_count(p->image));
}

static void run_optimizer(parts *p)
{
  const size_t count = cvz_shape_count(p->image),
               moments = (size_t)cvz_optimizer_moments(p->recipe.optimizer.rule) * count;
  float *x = take(count), *kept = calloc(moments + 1, sizeof *kept);
  for (int step = 0; step < p->recipe.iterations; step++) {
    float *gradient = take(count);
    const cvz_gradient_size size = cvz_gradient_measure(gradient, count);
    cvz_optimizer_update(&p->recipe, step, x, gradient, &size, kept, count);
    give(x, count);
  }
}

static void run_regularizer(parts *p)
{
  const size_t count = cvz_shape_count(p->image);
  float *x = take(count), *gradient = calloc(count, sizeof *gradient);
  const float value = (float)cvz_regularizer_value(&p->recipe.regularizer, p->image, x);
  cvz_regularizer_gradient(&p->recipe.regularizer, p->image, x, gradient);
  for (size_t i = 0; i < count; i++) gradient[i] = -gradient[i];
  give(&value, 1);
  give(gradient, count);
}

static void run_blur(parts *p)
{
  const size_t count = cvz_shape_count(p->image);
  float *x = take(count), *scratch = calloc(count, sizeof *scratch);
  cvz_blur blur;
  require(cvz_blur_create(&blur, p->recipe.regularizer.smoothing, NULL) == CVZ_OK, NULL);
  cvz_blur_apply(&blur, view_of(x, p->image), scratch);
  give(x, count);
}

static void prepare(parts *p, int argc, char **argv)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "", NULL};
  const cvz_node input = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, 3}};
  cvz_error error = {0};
  require(cvz_graph_add_node(&p->graph, &input, &error) == 0, &error);
  require(cvz_options_init(&p->options, &error) == CVZ_OK, &error);
  for (int i = 4; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    cvz_option_id id;
    require(value, NULL);
    *value++ = 0;
    require(cvz_options_find(&id, argv[i], 0, "", &error) == CVZ_OK, &error);
    require(cvz_options_set(&p->options, id, value, &source, &error) == CVZ_OK, &error);
  }
  p->recipe = cvz_ascent_options(&p->options, &p->graph);
  p->image = (cvz_shape){3, atoi(argv[2]), atoi(argv[3]), 3};
  p->view = p->image;
  if (p->options.origin[CVZ_OPTION_view]) {
    p->view.height = p->options.view.height;
    p->view.width = p->options.view.width;
  }
  require(cvz_kernels_select(&p->kernels, cvz_cpu_isa(), &error) == CVZ_OK, &error);
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(parts *p);
  } all[] = {{"parametrization", run_parametrization},
             {"spectrum", run_spectrum},
             {"start", run_start},
             {"transform", run_transform},
             {"optimizer", run_optimizer},
             {"regularizer", run_regularizer},
             {"blur", run_blur}};
  parts p = {0};
  if (argc < 4) return 2;
  prepare(&p, argc, argv);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(argv[1], all[i].name)) return all[i].run(&p), 0;
  return 2;
}
