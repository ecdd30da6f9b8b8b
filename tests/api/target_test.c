/* The public functions on the bundled network. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "convviz/convviz.h"

#define LAYER "conv2d_2"
#define STEP  0.05 /* length, of 2 for a pixel from black to white */

static const char model[] = CVZ_SOURCE_DIR "/weights/inception_v3_imagenet_mixed5.h5";
static const char *const settings[] = {"size=75x80", "iterations=3", NULL};
static cvz_network *network;

static int open_network(void **state)
{
  (void)state;
  return cvz_network_open(&network, model, NULL, NULL) != CVZ_OK;
}

static int close_network(void **state)
{
  (void)state;
  cvz_network_close(network);
  return 0;
}

static cvz_target *open_target(void)
{
  cvz_target *target = NULL;
  cvz_error error = {CVZ_OK, ""};
  if (cvz_target_open(&target, network, LAYER, settings, &error) != CVZ_OK) fail_msg("%s", error.text);
  return target;
}

static void a_network_tells_of_its_image_and_layers(void **state)
{
  (void)state;
  const cvz_dimensions image = cvz_network_image(network);
  assert_int_equal(image.height, 0);
  assert_int_equal(image.channels, 3);
  assert_int_equal(cvz_network_layer_count(network), 165);
  int convolutions = 0;
  for (int i = 0; i < cvz_network_layer_count(network); i++) {
    const cvz_layer_info layer = cvz_network_layer(network, i);
    assert_null(layer.problem);
    convolutions += !strcmp(layer.class_name, "Conv2D");
  }
  assert_int_equal(convolutions, 50);
}

static void sizes_are_those_of_the_layer(void **state)
{
  (void)state;
  cvz_target *target = open_target();
  const cvz_dimensions in = cvz_target_image(target), out = cvz_target_output(target);
  assert_int_equal(in.height, 75);
  assert_int_equal(in.width, 80);
  assert_int_equal(out.height, 35);
  assert_int_equal(out.width, 37);
  assert_int_equal(out.channels, 32);
  cvz_target_close(target);
}

/* The derivative along the gradient is its length, by central differences. */
static void the_gradient_is_that_of_the_mean(void **state)
{
  (void)state;
  cvz_target *target = open_target();
  const size_t count = 75 * 80 * 3;
  float *image = calloc(4 * count, sizeof *image), *gradient = image + count, *other = gradient + count;
  float *unwanted = other + count, mean[2];
  for (size_t i = 0; i < count; i++) image[i] = (float)(i * 7919 % 1000) / 500 - 1;
  assert_int_equal(cvz_target_gradient(target, 5, image, NULL, gradient, NULL), CVZ_OK);
  double length = 0;
  for (size_t i = 0; i < count; i++) length += (double)gradient[i] * (double)gradient[i];
  length = sqrt(length);
  assert_true(length > 1e-4);
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < count; i++)
      other[i] = image[i] + (float)((side ? STEP : -STEP) / length * (double)gradient[i]);
    assert_int_equal(cvz_target_gradient(target, 5, other, &mean[side], unwanted, NULL), CVZ_OK);
  }
  const double rise = ((double)mean[1] - (double)mean[0]) / (2 * STEP) / length;
  if (!(rise > 0.99 && rise < 1.01)) fail_msg("%g of the gradient's length, expected 1", rise);
  free(image);
  cvz_target_close(target);
}

static void the_mean_is_that_of_the_output(void **state)
{
  (void)state;
  cvz_target *target = open_target();
  float *image = calloc(75 * 80 * 3, sizeof *image), *gradient = calloc(75 * 80 * 3, sizeof *gradient);
  float *map = calloc(35 * 37 * 32, sizeof *map), mean;
  for (int i = 0; i < 75 * 80 * 3; i++) image[i] = (float)(i % 13) / 6 - 1;
  assert_int_equal(cvz_target_forward(target, image, map, NULL), CVZ_OK);
  for (int filter = 0; filter < 32; filter += 31) {
    double sum = 0;
    for (int i = 0; i < 35 * 37; i++) sum += (double)map[i * 32 + filter];
    assert_int_equal(cvz_target_gradient(target, filter, image, &mean, gradient, NULL), CVZ_OK);
    assert_float_equal(mean, (float)(sum / (35 * 37)), 1e-5f);
  }
  free(map);
  free(gradient);
  free(image);
  cvz_target_close(target);
}

static void *render(void *context)
{
  cvz_rendering *renderings = context;
  cvz_target *target = open_target();
  for (int i = 0; i < 4; i++)
    if (cvz_target_render(target, 3 * i, NULL, &renderings[i], NULL) != CVZ_OK) renderings[i].status = "failed";
  cvz_target_close(target);
  return NULL;
}

static void threads_with_targets_of_their_own_make_the_same_pictures(void **state)
{
  (void)state;
  cvz_rendering made[3][4] = {{{0}}};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, render, made[i]), 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  render(made[2]);
  for (int i = 0; i < 4; i++) {
    assert_true(!strcmp(made[2][i].status, "ok") || !strcmp(made[2][i].status, "weak")); /* of three steps */
    assert_int_equal(made[2][i].steps, 3);
    assert_true(made[2][i].losses[2] > made[2][i].losses[0]);
    const size_t bytes = (size_t)made[2][i].width * (size_t)made[2][i].height * 3;
    assert_int_equal(bytes, 30 * 25 * 3);
    for (int j = 0; j < 2; j++) assert_memory_equal(made[j][i].pixels, made[2][i].pixels, bytes);
    for (int j = 0; j < 3; j++) cvz_rendering_free(&made[j][i]);
  }
}

static void assert_refused(const char *layer, const char *setting, cvz_status status, const char *words)
{
  const char *const list[] = {setting, NULL};
  cvz_target *target = NULL;
  cvz_error error = {CVZ_OK, ""};
  assert_int_equal(cvz_target_open(&target, network, layer, list, &error), status);
  if (!strstr(error.text, words)) fail_msg("'%s', expected '%s'", error.text, words);
  assert_null(target);
}

static void mistakes_are_told(void **state)
{
  (void)state;
  cvz_error error = {CVZ_OK, ""};
  cvz_network *none = NULL;
  assert_refused("conv2d_222", NULL, CVZ_E_USAGE, "'conv2d_222' is not in the model, closest: conv2d_22");
  assert_refused(LAYER, "iterations", CVZ_E_USAGE, "'iterations': no value, expected name=value");
  assert_refused(LAYER, "iterations=x", CVZ_E_USAGE, "iterations: 'x', expected a whole number");
  assert_refused(LAYER, "iteration=3", CVZ_E_USAGE, "iteration: unknown option, closest: iterations");
  assert_refused(LAYER, "out=here", CVZ_E_USAGE, "'out': is none of a target");
  assert_refused(LAYER, "size=3", CVZ_E_RANGE, "too small");
  assert_refused("conv", NULL, CVZ_E_USAGE, "'conv' are 50 layers, expected one");
  assert_int_equal(cvz_network_open(&none, "none.h5", NULL, &error), CVZ_E_IO);
  assert_null(none);
  cvz_target *target = open_target();
  cvz_rendering rendering = {0};
  assert_int_equal(cvz_target_render(target, 32, NULL, &rendering, &error), CVZ_E_RANGE);
  assert_string_equal(error.text, "filter: 32, expected 0 to 31");
  assert_null(rendering.pixels);
  cvz_target_close(target);
  assert_int_equal(cvz_network_expect(network, "cafe", &error), CVZ_E_USAGE);
  cvz_target_close(NULL);
  cvz_network_close(NULL);
  cvz_rendering_free(&rendering);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_network_tells_of_its_image_and_layers),
      cmocka_unit_test(sizes_are_those_of_the_layer),
      cmocka_unit_test(the_gradient_is_that_of_the_mean),
      cmocka_unit_test(the_mean_is_that_of_the_output),
      cmocka_unit_test(threads_with_targets_of_their_own_make_the_same_pictures),
      cmocka_unit_test(mistakes_are_told),
  };
  return cmocka_run_group_tests(tests, open_network, close_network);
}
