#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ascent/ascent.h"

static cvz_ascent_recipe with_border(int border)
{
  return (cvz_ascent_recipe){.iterations = 1, .learning_rate = 1, .init_spread = 1, .picture_border = border};
}

/* The picture of `image` as of a unit that ended with `status`; one guard byte behind it. */
static uint8_t *render_in(cvz_preprocess preprocess, int height, int width, int border, const float *image,
                          cvz_unit_status status)
{
  cvz_ascent_recipe recipe = with_border(border);
  recipe.range = cvz_input_range_of(preprocess, 3);
  const int rows = cvz_picture_length(&recipe, height, width), columns = cvz_picture_length(&recipe, width, height);
  const size_t bytes = (size_t)rows * (size_t)columns * 3;
  uint8_t *picture = malloc(bytes + 1);
  assert_non_null(picture);
  picture[bytes] = 201;
  cvz_picture_render(&recipe, (cvz_shape){3, height, width, 3}, image, NULL, status, picture);
  assert_int_equal(picture[bytes], 201);
  return picture;
}

static uint8_t *render(int height, int width, int border, const float *image, cvz_unit_status status)
{
  return render_in(CVZ_PREPROCESS_TF, height, width, border, image, status);
}

static void ramp(float *image, int count)
{
  for (int i = 0; i < count; i++) image[i] = 0.37f * (float)(i % 29) - 0.11f * (float)(i % 7);
}

static void the_border_is_cropped_only_from_more_than_twice_its_length(void **state)
{
  (void)state;
  const cvz_ascent_recipe recipe = with_border(25);
  assert_int_equal(cvz_picture_length(&recipe, 180, 180), 130);
  assert_int_equal(cvz_picture_length(&recipe, 51, 51), 1);
  assert_int_equal(cvz_picture_length(&recipe, 50, 50), 50);
  assert_int_equal(cvz_picture_length(&recipe, 10, 10), 10);
  assert_int_equal(cvz_picture_length(&recipe, 180, 50), 180);
  assert_int_equal(cvz_picture_length(&recipe, 50, 180), 50);
}

/* Computed here in double precision; a byte may differ by one where the truncation is at an edge. */
static void check_formula(int height, int width, int border, int crop)
{
  const int count = height * width * 3;
  float *image = calloc((size_t)count, sizeof *image);
  assert_non_null(image);
  ramp(image, count);
  double mean = 0, variance = 0;
  for (int i = 0; i < count; i++) mean += (double)image[i] / count;
  for (int i = 0; i < count; i++) variance += ((double)image[i] - mean) * ((double)image[i] - mean) / count;
  uint8_t *picture = render(height, width, border, image, CVZ_UNIT_OK);
  const uint8_t *next = picture;
  for (int y = crop; y < height - crop; y++)
    for (int x = crop; x < width - crop; x++)
      for (int c = 0; c < 3; c++, next++) {
        const double z = ((double)image[(y * width + x) * 3 + c] - mean) / (sqrt(variance) + 1e-5) * 0.15 + 0.5;
        const double value = fmin(fmax(z, 0), 1) * 255;
        assert_true(*next == (int)(value - 1e-3) || *next == (int)(value + 1e-3));
      }
  free(picture);
  free(image);
}

static void pictures_follow_the_formula_of_the_whole_image(void **state)
{
  (void)state;
  check_formula(7, 5, 0, 0);
  check_formula(9, 8, 2, 2);
  check_formula(9, 4, 2, 0);
  check_formula(51, 60, 25, 25);
  check_formula(50, 60, 25, 0);
}

static void far_values_are_clipped(void **state)
{
  (void)state;
  float image[10 * 10 * 3] = {0};
  image[0] = 1000, image[1] = -1000;
  uint8_t *picture = render(10, 10, 0, image, CVZ_UNIT_OK);
  assert_int_equal(picture[0], 255);
  assert_int_equal(picture[1], 0);
  assert_int_equal(picture[2], 127);
  free(picture);
}

static void dead_and_nan_units_are_plain_gray(void **state)
{
  (void)state;
  static const cvz_unit_status statuses[] = {CVZ_UNIT_DEAD, CVZ_UNIT_NAN};
  float image[8 * 7 * 3];
  for (int i = 0; i < 2; i++) {
    ramp(image, 8 * 7 * 3);
    image[5] = NAN;
    uint8_t *picture = render(8, 7, 1, image, statuses[i]);
    for (int j = 0; j < 6 * 5 * 3; j++) assert_int_equal(picture[j], 127);
    free(picture);
  }
}

static void an_image_of_one_colour_is_the_same_gray(void **state)
{
  (void)state;
  float image[6 * 6 * 3];
  for (int i = 0; i < 6 * 6 * 3; i++) image[i] = 0.25f;
  uint8_t *picture = render(6, 6, 0, image, CVZ_UNIT_OK);
  for (int i = 0; i < 6 * 6 * 3; i++) assert_int_equal(picture[i], 127);
  free(picture);
}

static void pictures_are_red_green_blue_where_the_network_is_not(void **state)
{
  (void)state;
  float image[6 * 5 * 3];
  ramp(image, 6 * 5 * 3);
  uint8_t *same = render(6, 5, 0, image, CVZ_UNIT_OK);
  uint8_t *turned = render_in(CVZ_PREPROCESS_CAFFE, 6, 5, 0, image, CVZ_UNIT_OK);
  for (int i = 0; i < 6 * 5; i++)
    for (int c = 0; c < 3; c++) assert_int_equal(turned[3 * i + c], same[3 * i + 2 - c]);
  free(same);
  free(turned);
}

/* numpy.percentile(range(1, 13), 80) is 9.8. */
static void the_upper_fifth_of_the_mass_is_opaque(void **state)
{
  (void)state;
  enum { HEIGHT = 3, WIDTH = 4 };
  cvz_ascent_recipe recipe = with_border(0);
  recipe.range = cvz_input_range_of(CVZ_PREPROCESS_TF, 3);
  recipe.alpha = true;
  float image[HEIGHT * WIDTH * 3], mass[HEIGHT * WIDTH];
  uint8_t picture[HEIGHT * WIDTH * 4], opaque[HEIGHT * WIDTH * 3];
  ramp(image, HEIGHT * WIDTH * 3);
  for (int i = 0; i < HEIGHT * WIDTH; i++) mass[i] = (float)(i * 5 % 12 + 1);
  assert_int_equal(cvz_picture_channels(&recipe, 3), 4);
  cvz_picture_render(&recipe, (cvz_shape){3, HEIGHT, WIDTH, 3}, image, mass, CVZ_UNIT_OK, picture);
  recipe.alpha = false;
  cvz_picture_render(&recipe, (cvz_shape){3, HEIGHT, WIDTH, 3}, image, NULL, CVZ_UNIT_OK, opaque);
  for (int i = 0; i < HEIGHT * WIDTH; i++) {
    assert_memory_equal(picture + 4 * i, opaque + 3 * i, 3);
    assert_int_equal(picture[4 * i + 3], mass[i] >= 9.8f ? 255 : (int)lround((double)mass[i] / 9.8 * 255));
  }
}

static void a_mass_in_few_pixels_is_opaque_where_it_is_largest(void **state)
{
  (void)state;
  cvz_ascent_recipe recipe = with_border(0);
  recipe.range = cvz_input_range_of(CVZ_PREPROCESS_TF, 1);
  recipe.alpha = true;
  float image[16], mass[16] = {[5] = 3, [6] = 1};
  uint8_t picture[16 * 4];
  ramp(image, 16);
  cvz_picture_render(&recipe, (cvz_shape){3, 4, 4, 1}, image, mass, CVZ_UNIT_OK, picture);
  for (int i = 0; i < 16; i++) {
    assert_int_equal(picture[4 * i + 3], i == 5 ? 255 : i == 6 ? 85 : 0);
    assert_true(picture[4 * i] == picture[4 * i + 1] && picture[4 * i] == picture[4 * i + 2]);
  }
  cvz_picture_render(&recipe, (cvz_shape){3, 4, 4, 1}, image, mass, CVZ_UNIT_DEAD, picture);
  for (int i = 0; i < 16; i++) assert_int_equal(picture[4 * i + 3], 255);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_upper_fifth_of_the_mass_is_opaque),
      cmocka_unit_test(a_mass_in_few_pixels_is_opaque_where_it_is_largest),
      cmocka_unit_test(the_border_is_cropped_only_from_more_than_twice_its_length),
      cmocka_unit_test(pictures_follow_the_formula_of_the_whole_image),
      cmocka_unit_test(far_values_are_clipped),
      cmocka_unit_test(dead_and_nan_units_are_plain_gray),
      cmocka_unit_test(pictures_are_red_green_blue_where_the_network_is_not),
      cmocka_unit_test(an_image_of_one_colour_is_the_same_gray),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
