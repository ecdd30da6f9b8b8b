/* Repeats and rescue of one unit, on the smallest network: whether an ascent is tried again, and what is kept. */
#include "ascent/climb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tiny.h"

enum { HEIGHT = 5, WIDTH = 6, FLOATS = HEIGHT * WIDTH * 3, STEPS = 20, STATE = 8000 };

static const float mixed[3][2] = {{1, 0.5f}, {-2, 0.25f}, {0.5f, 1}};
static const float live[2] = {5, 6}, shut[2] = {-1, -1.5f};

static cvz_ascent_recipe recipe_of(float rate)
{
  return (cvz_ascent_recipe){.iterations = STEPS,
                             .learning_rate = rate,
                             .init_spread = 0.25f,
                             .range = cvz_input_range_of(CVZ_PREPROCESS_TF, 3)};
}

/* Everything about one network and one way to climb. */
typedef struct scene {
  tiny net;
  cvz_ascent_recipe recipe;
  cvz_climb_settings settings;
  cvz_workspace workspace;
  cvz_climb *climb;
} scene;

static void scene_open(scene *s, const float weights[3][2], const float bias[2], float rate,
                       cvz_climb_settings settings)
{
  *s = (scene){.recipe = recipe_of(rate), .settings = settings};
  tiny_create(&s->net, HEIGHT, WIDTH, weights, bias, INFINITY);
  s->workspace = tiny_workspace(&s->net, &s->recipe);
  assert_int_equal(cvz_climb_create(&s->climb, &s->settings, &s->workspace, NULL), CVZ_OK);
}

static void scene_close(scene *s)
{
  cvz_climb_free(s->climb);
  cvz_workspace_free(&s->workspace);
  tiny_free(&s->net);
}

static cvz_noise noise_of(const scene *s, int channel)
{
  const cvz_ascent_unit unit = {1, channel, 0, NULL};
  cvz_noise noise;
  assert_int_equal(cvz_score_noise(s->net.run, &s->recipe, &unit, 1, &noise, NULL), CVZ_OK);
  return noise;
}

static const cvz_outcome *climb_all(scene *s, int channel)
{
  cvz_climb_begin(s->climb, s->net.run, s->net.redirected, (cvz_ascent_unit){1, channel, 0, NULL},
                  noise_of(s, channel));
  while (cvz_climb_step(s->climb)) {
  }
  return cvz_climb_best(s->climb);
}

/* The ascent alone, without anything around it. */
static cvz_unit_status ascend(scene *s, cvz_ascent_unit unit, float *loss, float *image)
{
  cvz_ascent ascent;
  cvz_ascent_begin(&ascent, &s->workspace, s->net.run, unit, loss);
  while (cvz_ascent_step(&ascent)) {
  }
  memcpy(image, cvz_ascent_image(&ascent), FLOATS * sizeof *image);
  return ascent.status;
}

static void a_live_unit_keeps_its_bits(void **state)
{
  (void)state;
  scene s;
  float loss[STEPS], image[FLOATS];
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = 1, .rescue = true});
  assert_int_equal(ascend(&s, (cvz_ascent_unit){1, 1, 0, NULL}, loss, image), CVZ_UNIT_OK);
  const cvz_outcome *best = climb_all(&s, 1);
  assert_int_equal(best->status, CVZ_UNIT_OK);
  assert_int_equal(best->attempt, 0);
  assert_int_equal(cvz_climb_steps(s.climb), STEPS);
  assert_memory_equal(best->loss, loss, sizeof loss);
  assert_memory_equal(best->image, image, sizeof image);
  scene_close(&s);
}

static void a_dead_unit_is_rescued_by_redirection(void **state)
{
  (void)state;
  scene s;
  scene_open(&s, mixed, shut, 2, (cvz_climb_settings){.repeats = 1});
  assert_int_equal(climb_all(&s, 0)->status, CVZ_UNIT_DEAD);
  scene_close(&s);
  scene_open(&s, mixed, shut, 2, (cvz_climb_settings){.repeats = 1, .rescue = true});
  const cvz_outcome *best = climb_all(&s, 0);
  assert_int_equal(best->status, CVZ_UNIT_RESCUED);
  assert_int_equal(best->attempt, 1);
  assert_true(best->loss[0] == 0 && best->loss[STEPS - 1] > 1);
  scene_close(&s);
}

static void what_has_no_gradient_at_all_stays_dead(void **state)
{
  (void)state;
  scene s;
  static const float none[3][2];
  scene_open(&s, none, live, 2, (cvz_climb_settings){.repeats = 1, .rescue = true});
  const cvz_outcome *best = climb_all(&s, 0);
  assert_int_equal(best->status, CVZ_UNIT_DEAD);
  assert_int_equal(best->attempt, 0);
  assert_int_equal(cvz_climb_steps(s.climb), CVZ_ATTEMPTS);
  scene_close(&s);
}

static void steps_that_lead_nowhere_make_a_weak_picture(void **state)
{
  (void)state;
  scene s;
  scene_open(&s, mixed, live, 1e-4f, (cvz_climb_settings){.repeats = 1});
  assert_int_equal(climb_all(&s, 0)->status, CVZ_UNIT_WEAK);
  scene_close(&s);
}

static void numbers_that_are_not_finite_are_tried_once(void **state)
{
  (void)state;
  scene s;
  const float broken[3][2] = {{NAN, 1}, {1, 1}, {1, 1}};
  scene_open(&s, broken, live, 1, (cvz_climb_settings){.repeats = 1, .rescue = true});
  const cvz_outcome *best = climb_all(&s, 0);
  assert_int_equal(best->status, CVZ_UNIT_NAN);
  assert_true(isnan(best->score));
  assert_int_equal(cvz_climb_steps(s.climb), 1);
  scene_close(&s);
}

static double activation(const float *image, int k)
{
  double sum = 0;
  for (int i = 0; i < FLOATS; i += 3) {
    double value = (double)live[k];
    for (int c = 0; c < 3; c++) value += (double)mixed[c][k] * (double)image[i + c];
    sum += value > 0 ? value : 0;
  }
  return 3 * sum / FLOATS;
}

static void the_score_is_the_activation_of_the_last_image(void **state)
{
  (void)state;
  scene s;
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = 1});
  const cvz_outcome *best = climb_all(&s, 0);
  assert_true(fabs((double)best->score - activation(best->image, 0)) < 1e-5 * activation(best->image, 0));
  assert_true(best->score > best->loss[STEPS - 1]);
  scene_close(&s);
}

/* Colours are uniform from -1 to 1, so the mean is the bias, and the deviation that of their weighted sum. */
static void noise_has_the_mean_and_deviation_of_uniform_colours(void **state)
{
  (void)state;
  scene s;
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = 1});
  const cvz_noise noise = noise_of(&s, 1);
  const double deviation = sqrt((0.25 + 0.0625 + 1) / 3);
  assert_true(fabs((double)noise.mean - 6) < 4 * deviation / sqrt(4 * 25)); /* at least 25 colours in each image */
  assert_true(fabs((double)noise.deviation / deviation - 1) < 0.3);
  scene_close(&s);
}

static void noise_of_a_channel_does_not_depend_on_the_others(void **state)
{
  (void)state;
  scene s;
  const cvz_ascent_unit units[] = {{1, 1, 0, NULL}, {1, 0, 0, NULL}};
  cvz_noise both[2];
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = 1});
  const cvz_noise alone[2] = {noise_of(&s, 0), noise_of(&s, 1)};
  assert_int_equal(cvz_score_noise(s.net.run, &s.recipe, units, 2, both, NULL), CVZ_OK);
  assert_memory_equal(&both[0], &alone[1], sizeof *both);
  assert_memory_equal(&both[1], &alone[0], sizeof *both);
  assert_true(alone[0].mean != alone[1].mean);
  scene_close(&s);
}

static void of_several_repeats_the_best_is_kept(void **state)
{
  (void)state;
  enum { REPEATS = 4 };
  scene s;
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = REPEATS, .keep = true});
  const cvz_outcome *best = climb_all(&s, 0);
  const int chosen = best->repeat;
  float images[REPEATS][FLOATS], score = best->score;
  for (int i = 0; i < REPEATS; i++) {
    assert_true(cvz_climb_variant(s.climb, i)->score <= score);
    memcpy(images[i], cvz_climb_variant(s.climb, i)->image, sizeof *images);
  }
  for (int i = 0; i < REPEATS; i++) {
    float loss[STEPS], image[FLOATS];
    ascend(&s, (cvz_ascent_unit){1, 0, i, NULL}, loss, image);
    assert_memory_equal(images[i], image, sizeof image);
    assert_true(i == chosen || memcmp(image, images[chosen], sizeof image));
  }
  scene_close(&s);
  scene_open(&s, mixed, live, 0.5f, (cvz_climb_settings){.repeats = REPEATS});
  best = climb_all(&s, 0);
  assert_int_equal(best->repeat, chosen);
  assert_true(best->score == score);
  assert_memory_equal(best->image, images[chosen], sizeof *images);
  scene_close(&s);
}

/* In the middle of every attempt of every repeat, in a workspace that has done other things meanwhile. */
static void a_unit_goes_on_from_any_step_with_the_same_bits(void **state)
{
  (void)state;
  scene s;
  float saved[STATE], image[FLOATS];
  scene_open(&s, mixed, shut, 2, (cvz_climb_settings){.repeats = 2, .keep = true, .rescue = true});
  const cvz_outcome *best = climb_all(&s, 0);
  const cvz_outcome wanted = *best;
  const int steps = cvz_climb_steps(s.climb);
  memcpy(image, best->image, sizeof image);
  assert_true(cvz_climb_state_count(s.climb) <= STATE && steps > 2 * STEPS);
  for (int stop = 1; stop < steps; stop++) {
    cvz_climb_begin(s.climb, s.net.run, s.net.redirected, (cvz_ascent_unit){1, 0, 0, NULL}, noise_of(&s, 0));
    for (int i = 0; i < stop; i++) assert_true(cvz_climb_step(s.climb));
    cvz_climb_save(s.climb, saved);
    climb_all(&s, 1);
    cvz_climb_begin(s.climb, s.net.run, s.net.redirected, (cvz_ascent_unit){1, 0, 0, NULL}, noise_of(&s, 0));
    cvz_climb_restore(s.climb, saved);
    while (cvz_climb_step(s.climb)) {
    }
    best = cvz_climb_best(s.climb);
    assert_int_equal(cvz_climb_steps(s.climb), steps);
    assert_true(best->score == wanted.score && best->status == wanted.status && best->repeat == wanted.repeat);
    assert_memory_equal(best->image, image, sizeof image);
  }
  scene_close(&s);
}

/* The gradient of the mean of a live filter is its weights by the number of pixels, at every step. */
static void the_mass_is_the_sum_of_all_gradients(void **state)
{
  (void)state;
  scene s = {.recipe = recipe_of(0.5f), .settings = {.repeats = 2, .keep = true}};
  s.recipe.alpha = true;
  tiny_create(&s.net, HEIGHT, WIDTH, mixed, live, INFINITY);
  s.workspace = tiny_workspace(&s.net, &s.recipe);
  assert_int_equal(cvz_climb_create(&s.climb, &s.settings, &s.workspace, NULL), CVZ_OK);
  climb_all(&s, 0);
  for (int repeat = 0; repeat < 2; repeat++) {
    const float *mass = cvz_climb_variant(s.climb, repeat)->mass;
    const double wanted = STEPS * (1 + 2 + 0.5) / (HEIGHT * WIDTH);
    for (int i = 0; i < HEIGHT * WIDTH; i++) assert_true(fabs((double)mass[i] - wanted) < 1e-5 * wanted);
  }
  scene_close(&s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_live_unit_keeps_its_bits),
      cmocka_unit_test(a_dead_unit_is_rescued_by_redirection),
      cmocka_unit_test(what_has_no_gradient_at_all_stays_dead),
      cmocka_unit_test(steps_that_lead_nowhere_make_a_weak_picture),
      cmocka_unit_test(numbers_that_are_not_finite_are_tried_once),
      cmocka_unit_test(the_score_is_the_activation_of_the_last_image),
      cmocka_unit_test(noise_has_the_mean_and_deviation_of_uniform_colours),
      cmocka_unit_test(noise_of_a_channel_does_not_depend_on_the_others),
      cmocka_unit_test(of_several_repeats_the_best_is_kept),
      cmocka_unit_test(the_mass_is_the_sum_of_all_gradients),
      cmocka_unit_test(a_unit_goes_on_from_any_step_with_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
