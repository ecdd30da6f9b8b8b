/* What a plan says of its steps, and what a run adds up while it works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/report.h"

#include "../model/network.h"

static void climb(network *n, int steps)
{
  float *image = cvz_run_image(n->run);
  for (size_t i = 0; i < cvz_shape_count(cvz_plan_image(n->plan)); i++) image[i] = (float)(i % 7) * 0.1f - 0.3f;
  for (int i = 0; i < steps; i++) {
    cvz_run_forward(n->run);
    cvz_run_backward(n->run, 1);
  }
}

/* Counted by hand from the shapes that Keras prints: 987220736 multiplications forward. */
static void direct_work_of_the_keras_example_is_3_95_gflop(void **state)
{
  (void)state;
  network n;
  double direct = 0, real = 0;
  open_network(&n, "ResNet50V2", "conv3_block4_out", 2, 180);
  for (int i = 0; i < cvz_report_count(n.plan); i++) {
    const cvz_report_step step = cvz_report_step_of(n.plan, i);
    assert_true(step.real >= 0 && step.direct >= 0);
    assert_true(step.layer && step.forward && step.backward);
    direct += step.direct;
    real += step.real;
  }
  assert_true(direct == 2 * 2 * 987220736.0);
  assert_true(real > 0 && real < direct);
  close_network(&n);
}

/* MobileNetV2's first layers at 96 x 96: 3x3 with 32 filters, depthwise 3x3, both to maps of 48 x 48. */
static void steps_name_layers_and_count_their_work(void **state)
{
  (void)state;
  network n;
  open_network(&n, "MobileNetV2", "expanded_conv_project_BN", 0, 96);
  bool full = false, depthwise = false;
  for (int i = 0; i < cvz_report_count(n.plan); i++) {
    const cvz_report_step step = cvz_report_step_of(n.plan, i);
    if (!strcmp(step.layer, "Conv1")) {
      full = true;
      assert_true(step.direct == 4.0 * 48 * 48 * 32 * 27);
      assert_true(cvz_shape_equal(step.shape, (cvz_shape){3, 48, 48, 32}));
    }
    if (!strcmp(step.layer, "expanded_conv_depthwise")) {
      depthwise = true;
      assert_true(step.direct == 4.0 * 48 * 48 * 32 * 9);
    }
  }
  assert_true(full && depthwise);
  close_network(&n);
}

static void a_profile_has_the_time_of_every_step(void **state)
{
  (void)state;
  network n;
  open_network(&n, "VGG16", "block2_conv2", 0, 64);
  const size_t steps = (size_t)cvz_report_count(n.plan);
  double *forward = calloc(steps, sizeof *forward), *backward = calloc(steps, sizeof *backward);
  cvz_run_profile(n.run, forward, backward);
  climb(&n, 3);
  for (size_t i = 0; i < steps; i++) assert_true(forward[i] > 0 && backward[i] > 0);
  const double before = forward[0];
  cvz_run_profile(n.run, NULL, NULL);
  climb(&n, 1);
  assert_true(forward[0] == before);
  free(forward);
  free(backward);
  close_network(&n);
}

/* VGG16's first convolution has 64 channels of rectified values for each pixel; the second is the target. */
static void a_count_has_the_values_of_every_rectifier(void **state)
{
  (void)state;
  network n;
  cvz_run_density density = {0, 0};
  open_network(&n, "VGG16", "block1_conv2", 0, 64);
  cvz_run_count(n.run, &density);
  climb(&n, 2);
  assert_true(density.values >= 2 * 64 * 64 * 64);
  assert_true(density.nonzero > density.values / 10 && density.nonzero < density.values);
  const uint64_t before = density.values;
  cvz_run_count(n.run, NULL);
  climb(&n, 1);
  assert_true(density.values == before);
  close_network(&n);
}

/* Packs of steps that share none fill the memory that all of them need, each rounded up to a cache line. */
static void weights_of_the_steps_make_up_the_packs(void **state)
{
  (void)state;
  network n;
  open_network(&n, "VGG16", "block3_conv1", 0, 64);
  size_t sum = 0;
  for (int i = 0; i < cvz_report_count(n.plan); i++) sum += cvz_report_step_of(n.plan, i).weights;
  const size_t packed = cvz_packs_layout(n.packs) * sizeof(float);
  assert_true(sum > 0 && sum <= packed);
  assert_true(packed - sum < 3 * CVZ_ALIGNMENT * (size_t)cvz_report_count(n.plan));
  close_network(&n);
}

/* VGG16's first map at 64 x 64 has 64 channels; it and its gradient lie somewhere in the arena. */
static void buffers_of_the_steps_hold_their_outputs(void **state)
{
  (void)state;
  network n;
  open_network(&n, "VGG16", "block2_conv1", 0, 64);
  size_t sum = 2 * cvz_shape_count(cvz_plan_image(n.plan)) * sizeof(float);
  const size_t map = (size_t)64 * 64 * 64 * sizeof(float);
  assert_true(cvz_report_step_of(n.plan, 0).buffers >= 2 * map);
  for (int i = 0; i < cvz_report_count(n.plan); i++) {
    const size_t bytes = cvz_report_step_of(n.plan, i).buffers;
    assert_true(bytes <= cvz_plan_arena(n.plan) * sizeof(float));
    sum += bytes;
  }
  assert_true(sum >= cvz_plan_arena(n.plan) * sizeof(float));
  close_network(&n);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(direct_work_of_the_keras_example_is_3_95_gflop),
      cmocka_unit_test(steps_name_layers_and_count_their_work),
      cmocka_unit_test(weights_of_the_steps_make_up_the_packs),
      cmocka_unit_test(buffers_of_the_steps_hold_their_outputs),
      cmocka_unit_test(a_profile_has_the_time_of_every_step),
      cmocka_unit_test(a_count_has_the_values_of_every_rectifier),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
