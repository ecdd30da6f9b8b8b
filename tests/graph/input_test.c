#include "graph/input.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* (10, 100, 200) and blue, as keras.applications.imagenet_utils.preprocess_input of Keras 3.15 gives them. */
static const struct {
  cvz_preprocess preprocess;
  float expected[6];
} keras[] = {
    {CVZ_PREPROCESS_TF, {-0.9215686321258545f, -0.21568626165390015f, 0.5686274766921997f, -1, -1, 1}},
    {CVZ_PREPROCESS_CAFFE,
     {96.06099700927734f, -16.77899932861328f, -113.68000030517578f, 151.06100463867188f, -116.77899932861328f,
      -123.68000030517578f}},
    {CVZ_PREPROCESS_TORCH,
     {-1.9466564655303955f, -0.28501397371292114f, 1.6813944578170776f, -2.1179039478302f, -2.0357141494750977f,
      2.640000104904175f}},
    {CVZ_PREPROCESS_NONE, {10, 100, 200, 0, 0, 255}},
    {CVZ_PREPROCESS_UNIT, {10 / 255.0f, 100 / 255.0f, 200 / 255.0f, 0, 0, 1}},
};

static const float rgb[6] = {10 / 255.0f, 100 / 255.0f, 200 / 255.0f, 0, 0, 1};

static void assert_close(const float *a, const float *b, int count, float bound)
{
  for (int i = 0; i < count; i++) assert_true(fabsf(a[i] - b[i]) <= bound * fmaxf(1, fabsf(b[i])));
}

static void colours_become_the_numbers_that_keras_gives(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof keras / sizeof *keras; i++) {
    const cvz_input_range range = cvz_input_range_of(keras[i].preprocess, 3);
    float image[6], back[6];
    cvz_input_from_rgb(&range, rgb, 2, image);
    assert_close(image, keras[i].expected, 6, 1e-6f);
    cvz_input_to_rgb(&range, image, 2, back);
    assert_close(back, rgb, 6, 1e-6f);
  }
}

/* <from_rgb(u) - from_rgb(0), v> == <u, gradient(v)> */
static void the_gradient_is_the_adjoint(void **state)
{
  (void)state;
  static const float u[6] = {0.5f, -1, 2, 3, 0.25f, -4}, v[6] = {1, 2, -3, 0.5f, 7, -1}, zero[6] = {0};
  for (int mode = 0; mode < CVZ_PREPROCESS_COUNT; mode++) {
    const cvz_input_range range = cvz_input_range_of((cvz_preprocess)mode, 3);
    float there[6], black[6], back[6];
    double left = 0, right = 0;
    cvz_input_from_rgb(&range, u, 2, there);
    cvz_input_from_rgb(&range, zero, 2, black);
    cvz_input_gradient(&range, v, 2, back);
    for (int i = 0; i < 6; i++) {
      left += ((double)there[i] - (double)black[i]) * (double)v[i];
      right += (double)u[i] * (double)back[i];
    }
    assert_true(fabs(left - right) <= 1e-5 * fmax(1, fabs(left)));
  }
}

static void caffe_has_blue_first(void **state)
{
  (void)state;
  const cvz_input_range caffe = cvz_input_range_of(CVZ_PREPROCESS_CAFFE, 3);
  const cvz_input_range torch = cvz_input_range_of(CVZ_PREPROCESS_TORCH, 3);
  for (int colour = 0; colour < 3; colour++) {
    assert_int_equal(cvz_input_place(&caffe, colour), 2 - colour);
    assert_int_equal(cvz_input_place(&torch, colour), colour);
  }
}

static void gray_alpha_and_many_channels_keep_their_order(void **state)
{
  (void)state;
  static const int shown[][2] = {{1, 1}, {2, 1}, {3, 3}, {4, 4}, {5, 3}, {13, 3}};
  static const float values[13] = {0, 0.25f, 0.5f, 0.75f, 1, 0, 1, 0.5f, 0.25f, 0, 1, 0.5f, 0.75f};
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    const cvz_input_range range = cvz_input_range_of(CVZ_PREPROCESS_TF, shown[i][0]);
    float image[13];
    cvz_input_from_rgb(&range, values, 1, image);
    for (int c = 0; c < shown[i][0]; c++) {
      assert_true(image[c] == 2 * values[c] - 1);
      assert_int_equal(cvz_input_place(&range, c), c);
    }
    assert_int_equal(cvz_input_picture_channels(shown[i][0]), shown[i][1]);
  }
}

static void names_are_those_of_keras(void **state)
{
  (void)state;
  cvz_preprocess preprocess;
  cvz_error error;
  for (int mode = 0; mode < CVZ_PREPROCESS_COUNT; mode++) {
    assert_int_equal(cvz_preprocess_from_name(&preprocess, cvz_preprocess_name((cvz_preprocess)mode), NULL), CVZ_OK);
    assert_int_equal(preprocess, mode);
  }
  assert_int_equal(cvz_preprocess_from_name(&preprocess, "cafe", &error), CVZ_E_USAGE);
  assert_string_equal(error.text, "preprocess: 'cafe', expected tf, caffe, torch, none or unit");
  assert_false(cvz_preprocess_fits(CVZ_PREPROCESS_CAFFE, 1));
  assert_false(cvz_preprocess_fits(CVZ_PREPROCESS_TORCH, 4));
  assert_true(cvz_preprocess_fits(CVZ_PREPROCESS_CAFFE, 3));
  assert_true(cvz_preprocess_fits(CVZ_PREPROCESS_TF, 1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(colours_become_the_numbers_that_keras_gives),
      cmocka_unit_test(the_gradient_is_the_adjoint),
      cmocka_unit_test(caffe_has_blue_first),
      cmocka_unit_test(gray_alpha_and_many_channels_keep_their_order),
      cmocka_unit_test(names_are_those_of_keras),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
