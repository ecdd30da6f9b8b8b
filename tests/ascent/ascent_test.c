#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiny.h"

enum { HEIGHT = 4, WIDTH = 5, FLOATS = HEIGHT * WIDTH * 3, STEPS = 6 };

static const float mixed[3][2] = {{1, 0.5f}, {-2, 1}, {2, -1}};
static const float positive[2] = {5, 5}, negative[2] = {-50, -50};

static const cvz_ascent_recipe recipe = {.iterations = STEPS, .learning_rate = 0.5f, .init_spread = 0.25f, .seed = 42};

/* All steps of one unit; leaves its image in `image`. */
static cvz_unit_status climb(tiny *t, const cvz_ascent_recipe *r, cvz_ascent_unit unit, float *loss, float *image)
{
  cvz_ascent ascent;
  cvz_workspace workspace = tiny_workspace(t, r);
  cvz_ascent_begin(&ascent, &workspace, t->run, unit, loss);
  assert_int_equal(ascent.status, CVZ_UNIT_MISSING);
  while (cvz_ascent_step(&ascent)) assert_int_equal(ascent.status, CVZ_UNIT_MISSING);
  if (image) memcpy(image, cvz_ascent_image(&ascent), FLOATS * sizeof *image);
  cvz_workspace_free(&workspace);
  return ascent.status;
}

static void statuses_have_names(void **state)
{
  (void)state;
  assert_string_equal(cvz_unit_status_name(CVZ_UNIT_MISSING), "missing");
  assert_string_equal(cvz_unit_status_name(CVZ_UNIT_OK), "ok");
  assert_string_equal(cvz_unit_status_name(CVZ_UNIT_DEAD), "dead");
  assert_string_equal(cvz_unit_status_name(CVZ_UNIT_NAN), "nan");
}

static void the_start_is_uniform_within_half_of_the_spread(void **state)
{
  (void)state;
  tiny t;
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  cvz_ascent ascent;
  cvz_workspace workspace = tiny_workspace(&t, &recipe);
  float loss[STEPS];
  cvz_ascent_begin(&ascent, &workspace, t.run, (cvz_ascent_unit){1, 0, 0, NULL}, loss);
  int below = 0;
  for (int i = 0; i < FLOATS; i++) {
    assert_true(cvz_run_image(t.run)[i] >= -0.125f && cvz_run_image(t.run)[i] < 0.125f);
    below += cvz_run_image(t.run)[i] < 0;
  }
  assert_true(below > FLOATS / 4 && below < 3 * FLOATS / 4);
  for (int i = 0; i < STEPS; i++) assert_true(isnan(loss[i]));
  cvz_workspace_free(&workspace);
  tiny_free(&t);
}

/* The filter (1, -2, 2) has length 3: from zeros, a step of length r adds 3 r / sqrt(pixels) to the mean. */
static void the_loss_is_that_before_each_update(void **state)
{
  (void)state;
  static const float zeros[FLOATS];
  tiny t;
  float loss[STEPS];
  cvz_ascent_recipe r = recipe;
  r.start = zeros;
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  assert_int_equal(climb(&t, &r, (cvz_ascent_unit){1, 0, 0, NULL}, loss, NULL), CVZ_UNIT_OK);
  const double gain = 3 * 0.5 / sqrt(HEIGHT * WIDTH);
  for (int i = 0; i < STEPS; i++) assert_true(fabs((double)loss[i] - (5 + i * gain)) < 1e-5);
  tiny_free(&t);
}

static void a_unit_that_was_saved_goes_on_with_the_same_bits(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS], image[FLOATS], later[STEPS], saved[FLOATS + STEPS];
  const cvz_ascent_unit unit = {1, 1, 0, NULL};
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  climb(&t, &recipe, unit, loss, image);
  for (int stop = 1; stop < STEPS; stop++) {
    cvz_ascent ascent;
    cvz_workspace workspace = tiny_workspace(&t, &recipe);
    cvz_ascent_begin(&ascent, &workspace, t.run, unit, later);
    while (ascent.step < stop) cvz_ascent_step(&ascent);
    assert_int_equal(cvz_ascent_state_count(&ascent), FLOATS + STEPS);
    cvz_ascent_save(&ascent, saved);
    climb(&t, &recipe, (cvz_ascent_unit){1, 0, 0, NULL}, later, NULL);
    cvz_ascent_begin(&ascent, &workspace, t.run, unit, later);
    cvz_ascent_restore(&ascent, stop, saved);
    while (cvz_ascent_step(&ascent)) continue;
    assert_int_equal(ascent.status, CVZ_UNIT_OK);
    assert_memory_equal(later, loss, sizeof loss);
    assert_memory_equal(cvz_run_image(t.run), image, sizeof image);
    cvz_workspace_free(&workspace);
  }
  tiny_free(&t);
}

static void every_step_has_the_length_of_the_learning_rate(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS], before[FLOATS];
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  cvz_ascent ascent;
  cvz_workspace workspace = tiny_workspace(&t, &recipe);
  cvz_ascent_begin(&ascent, &workspace, t.run, (cvz_ascent_unit){1, 1, 0, NULL}, loss);
  for (bool more = true; more;) {
    memcpy(before, cvz_run_image(t.run), sizeof before);
    more = cvz_ascent_step(&ascent);
    double sum = 0;
    for (int i = 0; i < FLOATS; i++) sum += pow((double)cvz_run_image(t.run)[i] - (double)before[i], 2);
    assert_true(fabs(sqrt(sum) - 0.5) < 1e-5);
  }
  assert_int_equal(ascent.step, STEPS);
  cvz_workspace_free(&workspace);
  tiny_free(&t);
}

static void a_gradient_of_zero_is_dead_and_the_image_stays(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS], image[FLOATS], start[FLOATS];
  for (int i = 0; i < FLOATS; i++) start[i] = 0.01f * (float)i;
  cvz_ascent_recipe r = recipe;
  r.start = start;
  tiny_create(&t, HEIGHT, WIDTH, mixed, negative, INFINITY);
  assert_int_equal(climb(&t, &r, (cvz_ascent_unit){1, 0, 0, NULL}, loss, image), CVZ_UNIT_DEAD);
  assert_memory_equal(image, start, sizeof image);
  assert_true(loss[0] == 0);
  for (int i = 1; i < STEPS; i++) assert_true(isnan(loss[i]));
  tiny_free(&t);
}

static void a_filter_that_has_reached_its_maximum_is_ok(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS];
  static const float zeros[FLOATS];
  cvz_ascent_recipe r = recipe;
  r.start = zeros;
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, 5.5f);
  assert_int_equal(climb(&t, &r, (cvz_ascent_unit){1, 0, 0, NULL}, loss, NULL), CVZ_UNIT_OK);
  assert_true(loss[0] == 5.0f);
  assert_true(loss[2] == 5.5f);
  for (int i = 3; i < STEPS; i++) assert_true(isnan(loss[i]));
  tiny_free(&t);
}

static void a_weight_that_is_not_a_number_ends_as_nan(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS];
  const float broken[3][2] = {{NAN, 1}, {1, 1}, {1, 1}};
  tiny_create(&t, HEIGHT, WIDTH, broken, positive, INFINITY);
  assert_int_equal(climb(&t, &recipe, (cvz_ascent_unit){1, 0, 0, NULL}, loss, NULL), CVZ_UNIT_NAN);
  for (int i = 0; i < STEPS; i++) assert_true(isnan(loss[i]));
  assert_int_equal(climb(&t, &recipe, (cvz_ascent_unit){1, 1, 0, NULL}, loss, NULL), CVZ_UNIT_OK);
  tiny_free(&t);
}

static void an_infinite_loss_ends_as_nan(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS];
  tiny_create(&t, HEIGHT, WIDTH, mixed, (float[]){INFINITY, 0}, INFINITY);
  assert_int_equal(climb(&t, &recipe, (cvz_ascent_unit){1, 0, 0, NULL}, loss, NULL), CVZ_UNIT_NAN);
  for (int i = 0; i < STEPS; i++) assert_true(isnan(loss[i]));
  tiny_free(&t);
}

static void the_same_unit_gives_the_same_bits_whatever_came_before(void **state)
{
  (void)state;
  tiny t, other;
  float loss[2][STEPS], image[2][FLOATS];
  const cvz_ascent_unit unit = {1, 0, 2, NULL};
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  tiny_create(&other, HEIGHT, WIDTH, mixed, positive, INFINITY);
  climb(&t, &recipe, unit, loss[0], image[0]);
  climb(&other, &recipe, (cvz_ascent_unit){9, 1, 0, NULL}, loss[1], image[1]);
  assert_memory_not_equal(image[0], image[1], sizeof *image);
  climb(&other, &recipe, unit, loss[1], image[1]);
  assert_memory_equal(loss[0], loss[1], sizeof *loss);
  assert_memory_equal(image[0], image[1], sizeof *image);
  tiny_free(&other);
  tiny_free(&t);
}

static void seed_layer_and_repeat_change_the_start(void **state)
{
  (void)state;
  tiny t;
  float loss[STEPS], image[4][FLOATS];
  cvz_ascent_recipe seeded = recipe;
  seeded.seed = 43;
  tiny_create(&t, HEIGHT, WIDTH, mixed, positive, INFINITY);
  climb(&t, &recipe, (cvz_ascent_unit){1, 0, 0, NULL}, loss, image[0]);
  climb(&t, &recipe, (cvz_ascent_unit){2, 0, 0, NULL}, loss, image[1]);
  climb(&t, &recipe, (cvz_ascent_unit){1, 0, 1, NULL}, loss, image[2]);
  climb(&t, &seeded, (cvz_ascent_unit){1, 0, 0, NULL}, loss, image[3]);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) assert_memory_not_equal(image[i], image[j], sizeof *image);
  tiny_free(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(statuses_have_names),
      cmocka_unit_test(the_start_is_uniform_within_half_of_the_spread),
      cmocka_unit_test(the_loss_is_that_before_each_update),
      cmocka_unit_test(a_unit_that_was_saved_goes_on_with_the_same_bits),
      cmocka_unit_test(every_step_has_the_length_of_the_learning_rate),
      cmocka_unit_test(a_gradient_of_zero_is_dead_and_the_image_stays),
      cmocka_unit_test(a_filter_that_has_reached_its_maximum_is_ok),
      cmocka_unit_test(a_weight_that_is_not_a_number_ends_as_nan),
      cmocka_unit_test(an_infinite_loss_ends_as_nan),
      cmocka_unit_test(the_same_unit_gives_the_same_bits_whatever_came_before),
      cmocka_unit_test(seed_layer_and_repeat_change_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
