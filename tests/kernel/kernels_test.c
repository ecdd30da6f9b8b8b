/* The inner loops of every instruction set that this processor has, against plain loops. */
#include <math.h>
#include <string.h>

#include "tables.h"

enum { ROOM = 8192 };

static const int channel_counts[] = {1, 3, 7, 8, 15, 17, 33, 64};
#define COUNTS (sizeof channel_counts / sizeof *channel_counts)

static void assert_near(double value, double expected, double bound)
{
  if (!(fabs(value - expected) <= bound)) fail_msg("%.9g, expected %.9g within %g", value, expected, bound);
}

/* A view with room between its pixels and rows. */
static cvz_view loose(float *data, int height, int width, int channels)
{
  const size_t pixel = (size_t)channels + 3;
  return (cvz_view){data, height, width, channels, (size_t)width * pixel + 5, pixel};
}

static void a_table_beyond_the_processor_is_refused(void **state)
{
  (void)state;
  const cvz_kernels *kernels;
  cvz_error error = {0};
  for (int isa = (int)cvz_cpu_isa() + 1; isa < CVZ_ISA_COUNT; isa++)
    assert_int_equal(cvz_kernels_select(&kernels, (cvz_isa)isa, &error), CVZ_E_UNSUPPORTED);
}

static void filling_leaves_what_lies_between(void **state)
{
  (void)state;
  static float data[ROOM];
  EACH_TABLE(k)
  for (size_t n = 0; n < COUNTS; n++) {
    for (int i = 0; i < ROOM; i++) data[i] = 7;
    const cvz_view view = loose(data + 1, 3, 5, channel_counts[n]);
    k->fill(view, 2.0f);
    double twos = 0;
    for (int i = 0; i < ROOM; i++) twos += data[i] == 2.0f;
    assert_true(twos == 15.0 * channel_counts[n]);
    for (int y = 0; y < 3; y++)
      for (int x = 0; x < 5; x++)
        for (int c = 0; c < view.channels; c++) assert_true(at(view, y, x)[c] == 2.0f);
  }
}

/* copy, add, multiply, affine and their backward passes on one shape. */
static void check_elementwise(const cvz_kernels *k, int channels, bool dense, bool accumulate)
{
  static float memory[6][ROOM];
  for (uint32_t i = 0; i < 6; i++) fill_random(memory[i], ROOM, i);
  cvz_view v[5];
  for (int i = 0; i < 5; i++)
    v[i] = dense ? cvz_view_dense(memory[i], 3, 5, channels) : loose(memory[i], 3, 5, channels);
  const float *scale = memory[5], *offset = memory[5] + 100;
  const cvz_clamp clamp = {0.25f, 0.5f};
  float before[5][3][5][64];
  for (int i = 0; i < 5; i++)
    for (int y = 0; y < 3; y++)
      for (int x = 0; x < 5; x++) memcpy(before[i][y][x], at(v[i], y, x), (size_t)channels * sizeof(float));
  k->copy(v[0], v[4], accumulate);
  k->multiply(v[1], v[4], v[0], accumulate);
  k->affine_backward(v[2], v[4], scale, (cvz_bits){0}, accumulate);
  k->affine(v[3], v[4], scale, offset, clamp, (cvz_bits){0});
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 5; x++)
      for (int c = 0; c < channels; c++) {
        const double a = before[4][y][x][c], s = scale[c], o = offset[c], linear = a * s + o;
        const double copied = (accumulate ? (double)before[0][y][x][c] : 0) + a;
        assert_near(at(v[0], y, x)[c], copied, 2e-7);
        assert_near(at(v[1], y, x)[c], (accumulate ? (double)before[1][y][x][c] : 0) + a * copied, 5e-7);
        assert_near(at(v[2], y, x)[c], (accumulate ? (double)before[2][y][x][c] : 0) + a * s, 5e-7);
        assert_near(at(v[3], y, x)[c], linear < 0 ? 0.25 * linear : fmin(linear, 0.5), 5e-7);
      }
  k->add(v[3], v[4], v[1]);
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 5; x++)
      for (int c = 0; c < channels; c++) assert_true(at(v[3], y, x)[c] == at(v[4], y, x)[c] + at(v[1], y, x)[c]);
}

static void elementwise_loops_equal_plain_ones_at_odd_sizes(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t n = 0; n < COUNTS; n++)
    for (int form = 0; form < 4; form++) check_elementwise(k, channel_counts[n], form & 1, form & 2);
}

static void pixel_sums_add_to_what_is_there(void **state)
{
  (void)state;
  static float data[ROOM];
  fill_random(data, ROOM, 1);
  EACH_TABLE(k)
  for (size_t n = 0; n < COUNTS; n++) {
    float sums[65];
    for (int c = 0; c < 65; c++) sums[c] = 3;
    const cvz_view view = loose(data, 4, 7, channel_counts[n]);
    k->pixel_sum(sums, view, 0.5f);
    for (int c = 0; c < view.channels; c++) {
      double sum = 3;
      for (int y = 0; y < 4; y++)
        for (int x = 0; x < 7; x++) sum += 0.5 * (double)at(view, y, x)[c];
      assert_near(sums[c], sum, 5e-6);
    }
    assert_true(sums[channel_counts[n]] == 3);
  }
}

/* Of 300 x 300 pixels. A single sum of floats would be off by 6e-6. */
static void sums_over_large_maps_keep_all_but_the_last_bits(void **state)
{
  (void)state;
  enum { SIDE = 300, CHANNELS = 3 };
  static float data[SIDE * SIDE * CHANNELS];
  fill_random(data, sizeof data / sizeof *data, 1);
  for (size_t i = 0; i < sizeof data / sizeof *data; i++) data[i] = fabsf(data[i]);
  const cvz_view view = cvz_view_dense(data, SIDE, SIDE, CHANNELS);
  double exact[CHANNELS] = {0}, squares[CHANNELS] = {0};
  for (int i = 0; i < SIDE * SIDE * CHANNELS; i++) {
    exact[i % CHANNELS] += (double)data[i];
    squares[i % CHANNELS] += (double)data[i] * (double)data[i];
  }
  EACH_TABLE(k)
  {
    float sum[CHANNELS] = {0}, dot[CHANNELS] = {0};
    k->pixel_sum(sum, view, 1);
    k->pixel_dot(dot, view, view);
    for (int c = 0; c < CHANNELS; c++) {
      assert_near(sum[c] / exact[c], 1, 2e-7);
      assert_near(dot[c] / squares[c], 1, 2e-7);
    }
  }
}

static void not_a_number_passes_through_every_clamp(void **state)
{
  (void)state;
  static const cvz_clamp clamps[] = {{0, INFINITY}, {0, 6}, {0.3f, INFINITY}, {1, INFINITY}};
  EACH_TABLE(k)
  for (int length = 1; length < 70; length++)
    for (int i = 0; i < 4; i++) {
      float x[70], y[70];
      for (int c = 0; c < length; c++) x[c] = NAN;
      const cvz_view from = cvz_view_dense(x, 1, 1, length), to = cvz_view_dense(y, 1, 1, length);
      k->affine(to, from, NULL, NULL, clamps[i], (cvz_bits){0});
      for (int c = 0; c < length; c++) assert_true(isnan(y[c]));
      k->affine(to, from, clamps[i].slope > 0 ? x : NULL, x, clamps[i], (cvz_bits){0});
      for (int c = 0; c < length; c++) assert_true(isnan(y[c]));
      k->relu(to, from, clamps[i], 0.0f);
      for (int c = 0; c < length; c++) assert_true(isnan(y[c]));
    }
}

static void a_clamp_has_no_slope_at_its_ends(void **state)
{
  (void)state;
  EACH_TABLE(k)
  {
    float y[] = {-1, 0, 0.5f, 6, 5.9999995f}, dy[] = {1, 1, 1, 1, 1};
    k->clamp_backward(cvz_view_dense(dy, 1, 5, 1), cvz_view_dense(y, 1, 5, 1), (cvz_clamp){0, 6});
    static const float expected[] = {0, 0, 1, 0, 1};
    assert_memory_equal(dy, expected, sizeof dy);
  }
}

/* TensorFlow, too, gives 0 at the threshold: it multiplies by x > threshold. */
static void a_relu_with_a_threshold_is_zero_at_it(void **state)
{
  (void)state;
  EACH_TABLE(k)
  {
    float x[] = {0.5f, 0.50000006f, 0.25f, 3}, y[4], dx[4], dy[] = {1, 1, 1, 1};
    const cvz_view from = cvz_view_dense(x, 1, 1, 4);
    k->relu(cvz_view_dense(y, 1, 1, 4), from, (cvz_clamp){0.5f, 2}, 0.5f);
    static const float values[] = {0, 0.50000006f, -0.125f, 2}, slopes[] = {0.5f, 1, 0.5f, 0};
    assert_memory_equal(y, values, sizeof y);
    k->relu_backward(cvz_view_dense(dx, 1, 1, 4), cvz_view_dense(dy, 1, 1, 4), from, (cvz_clamp){0.5f, 2}, 0.5f, false);
    assert_memory_equal(dx, slopes, sizeof dx);
  }
}

static double sigmoid(double x)
{
  return 1 / (1 + exp(-x));
}

/* The curves whose error at any input is known; parameters as in Keras. */
static const struct curve_case {
  const char *name;
  cvz_curve curve;
  float parameter;
} curve_cases[] = {
    {"sigmoid", CVZ_CURVE_SIGMOID, 0},   {"tanh", CVZ_CURVE_TANH, 0},
    {"swish", CVZ_CURVE_SWISH, 0},       {"gelu", CVZ_CURVE_GELU, 0},
    {"elu", CVZ_CURVE_ELU, 1},           {"softplus", CVZ_CURVE_SOFTPLUS, 0},
    {"softsign", CVZ_CURVE_SOFTSIGN, 0}, {"hard_sigmoid", CVZ_CURVE_HARD_SIGMOID, 0.25f},
    {"mish", CVZ_CURVE_MISH, 0},         {"log_sigmoid", CVZ_CURVE_LOG_SIGMOID, 0},
};

#define CURVE_CASES (sizeof curve_cases / sizeof *curve_cases)

static double softplus(double x)
{
  return x > 30 ? x : log1p(exp(x));
}

static double exact_curve(const struct curve_case *c, double x)
{
  switch (c->curve) {
  case CVZ_CURVE_SIGMOID:
    return sigmoid(x);
  case CVZ_CURVE_TANH:
    return tanh(x);
  case CVZ_CURVE_SWISH:
    return x * sigmoid(x);
  case CVZ_CURVE_GELU:
    return x * 0.5 * erfc(-x / sqrt(2));
  case CVZ_CURVE_ELU:
    return x > 0 ? x : expm1(x);
  case CVZ_CURVE_SOFTPLUS:
    return softplus(x);
  case CVZ_CURVE_SOFTSIGN:
    return x / (1 + fabs(x));
  case CVZ_CURVE_HARD_SIGMOID:
    return fmin(1, fmax(0, 0.25 * x + 0.5));
  case CVZ_CURVE_MISH:
    return x * tanh(softplus(x));
  default:
    return -softplus(-x);
  }
}

static void curves_are_within_2e_7_of_double_precision(void **state)
{
  (void)state;
  enum { POINTS = 4001 };
  static float x[POINTS], y[POINTS];
  for (int i = 0; i < POINTS; i++) x[i] = (float)(i - 2000) * 0.0157f;
  x[0] = -100, x[1] = 100, x[2] = -1e30f, x[3] = 1e30f, x[4] = 0.625f, x[5] = -0.625f, x[6] = 1e-30f;
  const cvz_view from = cvz_view_dense(x, 1, POINTS, 1), to = cvz_view_dense(y, 1, POINTS, 1);
  EACH_TABLE(k)
  for (size_t n = 0; n < CURVE_CASES; n++) {
    const struct curve_case *c = &curve_cases[n];
    double worst = 0;
    k->curve(to, from, c->curve, c->parameter);
    for (int i = 0; i < POINTS; i++) {
      const double expected = exact_curve(c, (double)x[i]);
      const double error = fabs((double)y[i] - expected) / fmax(1, fabs(expected));
      if (!(error <= 2e-7))
        fail_msg("%s of %.9g is %.9g, expected %.9g", c->name, (double)x[i], (double)y[i], expected);
      worst = fmax(worst, error);
    }
    print_message("worst error of %s: %.2g\n", c->name, worst);
  }
}

static void curves_of_not_a_number_are_not_a_number(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (int curve = 0; curve < (int)CVZ_CURVES; curve++) {
    float x[37], y[37];
    for (int i = 0; i < 37; i++) x[i] = NAN;
    k->curve(cvz_view_dense(y, 1, 1, 37), cvz_view_dense(x, 1, 1, 37), (cvz_curve)curve, 0.5f);
    for (int i = 0; i < 37; i++) assert_true(isnan(y[i]));
  }
}

static void softmax_sums_to_one_for_large_inputs_too(void **state)
{
  (void)state;
  EACH_TABLE(k)
  for (size_t n = 0; n < COUNTS; n++)
    for (int size = 1; size <= 10000; size *= 10) {
      float x[64], y[64];
      double sum = 0, exact = 0, most = -INFINITY;
      fill_random(x, 64, (uint32_t)n);
      for (int c = 0; c < channel_counts[n]; c++) x[c] *= (float)size, most = fmax(most, (double)x[c]);
      k->softmax(cvz_view_dense(y, 1, 1, channel_counts[n]), cvz_view_dense(x, 1, 1, channel_counts[n]));
      for (int c = 0; c < channel_counts[n]; c++) exact += exp((double)x[c] - most);
      for (int c = 0; c < channel_counts[n]; c++) {
        assert_near(y[c], exp((double)x[c] - most) / exact, 1e-6);
        sum += (double)y[c];
      }
      assert_near(sum, 1, 1e-6);
    }
}

static void the_first_maximum_gets_the_gradient(void **state)
{
  (void)state;
  const cvz_slide slide = {{2, 3}, {2, 2}, {1, 1}, {0, 1}};
  EACH_TABLE(k)
  for (size_t n = 0; n < COUNTS; n++) {
    const int channels = channel_counts[n];
    static float x[4 * 5 * 64], y[2 * 3 * 64], dx[4 * 5 * 64], dy[2 * 3 * 64];
    static uint16_t arg[2 * 3 * 64];
    for (int i = 0; i < 4 * 5 * 64; i++) x[i] = -1, dx[i] = 0;
    for (int i = 0; i < 2 * 3 * 64; i++) dy[i] = (float)(i + 1);
    const cvz_view from = cvz_view_dense(x, 4, 5, channels), to = cvz_view_dense(y, 2, 3, channels);
    k->maxpool(&slide, to, from, arg, false);
    k->maxpool_backward(&slide, cvz_view_dense(dx, 4, 5, channels), cvz_view_dense(dy, 2, 3, channels), arg, true);
    for (int i = 0; i < 6; i++)
      for (int c = 0; c < channels; c++) {
        const int row = i / 3 * 2, column = i % 3 * 2 - 1 < 0 ? 0 : i % 3 * 2 - 1;
        assert_true(y[i * channels + c] == -1);
        assert_int_equal(arg[i * channels + c], i % 3 == 0); /* place 0 is padding in the first column */
        assert_true(dx[(row * 5 + column) * channels + c] == dy[i * channels + c]);
      }
  }
}

/* Windows for which the view starts at, after, or before the first of them. */
static const cvz_slide slides[] = {{{3, 3}, {1, 1}, {1, 1}, {1, 1}},   {{3, 2}, {2, 1}, {1, 1}, {0, 0}},
                                   {{3, 3}, {1, 2}, {2, 1}, {2, 1}},   {{2, 2}, {2, 2}, {1, 1}, {-1, -2}},
                                   {{1, 1}, {2, 3}, {1, 1}, {-1, -1}}, {{3, 3}, {1, 1}, {1, 3}, {-1, 3}},
                                   {{5, 4}, {3, 3}, {1, 1}, {4, 3}}};
#define SLIDES (sizeof slides / sizeof *slides)

/* Element of x that a matrix element comes from, NULL for padding. */
static float *source(const cvz_slide *s, cvz_view x, int i, int j, int place, int c)
{
  const int row = i * s->stride[0] - s->before[0] + place / s->kernel[1] * s->dilation[0];
  const int column = j * s->stride[1] - s->before[1] + place % s->kernel[1] * s->dilation[1];
  return row >= 0 && row < x.height && column >= 0 && column < x.width ? at(x, row, column) + c : NULL;
}

static void windows_as_rows_of_a_matrix_have_zeros_for_padding(void **state)
{
  (void)state;
  static float x[ROOM], matrix[ROOM];
  fill_random(x, ROOM, 1);
  EACH_TABLE(k)
  for (size_t n = 0; n < 5 * SLIDES; n++) {
    const cvz_slide *s = &slides[n / 5];
    const int channels = channel_counts[n % 5], places = s->kernel[0] * s->kernel[1];
    const cvz_view views[] = {cvz_view_dense(x, 6, 7, channels), loose(x, 6, 7, channels)};
    for (int form = 0; form < 2; form++)
      for (int first = 0; first < 3; first++) {
        for (int i = 0; i < ROOM; i++) matrix[i] = NAN;
        k->im2row(s, matrix, views[form], first, 2, 3);
        const float *next = matrix;
        for (int window = 0; window < 6; window++)
          for (int place = 0; place < places; place++)
            for (int c = 0; c < channels; c++) {
              const float *from = source(s, views[form], first + window / 3, window % 3, place, c);
              assert_true(*next++ == (from ? *from : 0));
            }
        assert_true(isnan(*next));
      }
  }
}

static void rows_of_a_matrix_are_added_to_where_they_came_from(void **state)
{
  (void)state;
  static float dx[ROOM], expected[ROOM], matrix[ROOM];
  fill_random(matrix, ROOM, 2);
  EACH_TABLE(k)
  for (size_t n = 0; n < 5 * SLIDES; n++) {
    const cvz_slide *s = &slides[n / 5];
    const int channels = channel_counts[n % 5], places = s->kernel[0] * s->kernel[1];
    for (int form = 0; form < 2; form++) {
      fill_random(dx, ROOM, 3);
      fill_random(expected, ROOM, 3);
      k->row2im(s, form ? loose(dx, 6, 7, channels) : cvz_view_dense(dx, 6, 7, channels), matrix, 1, 2, 3);
      const cvz_view to = form ? loose(expected, 6, 7, channels) : cvz_view_dense(expected, 6, 7, channels);
      const float *next = matrix;
      for (int window = 0; window < 6; window++)
        for (int place = 0; place < places; place++)
          for (int c = 0; c < channels; c++, next++) {
            float *at_x = source(s, to, 1 + window / 3, window % 3, place, c);
            if (at_x) *at_x += *next;
          }
      assert_memory_equal(dx, expected, sizeof dx);
    }
  }
}

static void dot_products_of_any_length(void **state)
{
  (void)state;
  static float a[ROOM], b[ROOM];
  fill_random(a, ROOM, 4);
  fill_random(b, ROOM, 5);
  EACH_TABLE(k)
  for (size_t count = 0; count < 200; count++) {
    double sum = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
      sum += (double)a[i + 1] * (double)b[i + 3];
      size += fabs((double)a[i + 1] * (double)b[i + 3]);
    }
    assert_near(k->dot(a + 1, b + 3, count), sum, 1e-6 * size);
  }
}

static void scaling_stops_at_the_count(void **state)
{
  (void)state;
  float x[80], y[80];
  fill_random(x, 80, 6);
  EACH_TABLE(k)
  for (size_t count = 0; count < 80; count++) {
    for (int i = 0; i < 80; i++) y[i] = 9;
    k->scale(y, x, -2.0f, count);
    for (size_t i = 0; i < 80; i++) assert_true(y[i] == (i < count ? -2.0f * x[i] : 9.0f));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_beyond_the_processor_is_refused),
      cmocka_unit_test(filling_leaves_what_lies_between),
      cmocka_unit_test(elementwise_loops_equal_plain_ones_at_odd_sizes),
      cmocka_unit_test(pixel_sums_add_to_what_is_there),
      cmocka_unit_test(sums_over_large_maps_keep_all_but_the_last_bits),
      cmocka_unit_test(not_a_number_passes_through_every_clamp),
      cmocka_unit_test(a_clamp_has_no_slope_at_its_ends),
      cmocka_unit_test(a_relu_with_a_threshold_is_zero_at_it),
      cmocka_unit_test(curves_are_within_2e_7_of_double_precision),
      cmocka_unit_test(curves_of_not_a_number_are_not_a_number),
      cmocka_unit_test(softmax_sums_to_one_for_large_inputs_too),
      cmocka_unit_test(the_first_maximum_gets_the_gradient),
      cmocka_unit_test(windows_as_rows_of_a_matrix_have_zeros_for_padding),
      cmocka_unit_test(rows_of_a_matrix_are_added_to_where_they_came_from),
      cmocka_unit_test(dot_products_of_any_length),
      cmocka_unit_test(scaling_stops_at_the_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
