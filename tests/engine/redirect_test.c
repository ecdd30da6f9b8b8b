/* The rule of redirected ReLUs, as lucid/misc/redirected_relu_grad.py states it; tests/parity/redirect.py compares
 * whole networks. There the loss is lowered: every gradient here is the negative. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/redirect.h"

#define COUNT 6

/* One row of COUNT pixels of one channel. */
static void expect(const float *x, const float *dy, float low, float high, const float *wanted)
{
  float gradient[COUNT], at[COUNT];
  memcpy(gradient, dy, sizeof gradient);
  memcpy(at, x, sizeof at);
  cvz_redirect(cvz_view_dense(gradient, 1, COUNT, 1), cvz_view_dense(at, 1, COUNT, 1), low, high);
  for (int i = 0; i < COUNT; i++)
    if (gradient[i] != wanted[i]) fail_msg("element %d: %g, expected %g", i, (double)gradient[i], (double)wanted[i]);
}

static void a_live_relu_is_an_ordinary_one(void **state)
{
  (void)state;
  expect((const float[]){-1, 2, -3, 4, 0, 5}, (const float[]){1, 2, -3, -4, 5, 0}, 0, INFINITY,
         (const float[]){0, 2, 0, -4, 0, 0});
}

static void a_dead_one_lets_through_what_raises(void **state)
{
  (void)state;
  expect((const float[]){-1, -2, -3, -4, 0, -5}, (const float[]){1, -2, 3, -4, 5, 0}, 0, INFINITY,
         (const float[]){1, 0, 3, 0, 5, 0});
}

/* Open elements whose gradient is 0 get nothing through either. */
static void what_counts_is_the_gradient_that_passes(void **state)
{
  (void)state;
  expect((const float[]){-1, 2, -3, 4, 1, -5}, (const float[]){1, 0, -3, 0, -0.0f, 6}, 0, INFINITY,
         (const float[]){1, 0, 0, 0, 0, 6});
}

static void too_high_ones_are_lowered(void **state)
{
  (void)state;
  expect((const float[]){-1, 7, 8, -4, 6, -5}, (const float[]){1, 2, -3, -4, -5, 0}, 0, 6,
         (const float[]){1, 0, -3, 0, -5, 0});
  expect((const float[]){-1, 7, 8, -4, 3, -5}, (const float[]){1, 2, -3, -4, 5, 0}, 0, 6,
         (const float[]){0, 0, 0, 0, 5, 0});
}

static void the_output_tells_the_same_as_the_input(void **state)
{
  (void)state;
  expect((const float[]){0, 6, 6, 0, 6, 0}, (const float[]){1, 2, -3, -4, -5, 0}, 0, 6,
         (const float[]){1, 0, -3, 0, -5, 0});
}

/* Channels that lie among others, in rows with gaps. */
static void views_are_respected(void **state)
{
  (void)state;
  float gradient[] = {9, 1, -1, 9, 9, 9, 1, -1, 9, 9}, x[] = {-1, -1, -1, -1};
  const cvz_view dy = {gradient + 1, 2, 1, 2, 5, 4};
  cvz_redirect(dy, cvz_view_dense(x, 2, 1, 2), 0, INFINITY);
  const float wanted[] = {9, 1, 0, 9, 9, 9, 1, 0, 9, 9};
  for (int i = 0; i < 10; i++) assert_true(gradient[i] == wanted[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_live_relu_is_an_ordinary_one),          cmocka_unit_test(a_dead_one_lets_through_what_raises),
      cmocka_unit_test(what_counts_is_the_gradient_that_passes), cmocka_unit_test(too_high_ones_are_lowered),
      cmocka_unit_test(the_output_tells_the_same_as_the_input),  cmocka_unit_test(views_are_respected),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
