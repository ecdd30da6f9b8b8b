/* Products that skip zeros, with every instruction set of this processor, against plain loops. */
#include <math.h>
#include <string.h>

#include "tables.h"

enum { PIXELS = 5, CHANNELS = 260, COLUMNS = 130, GAP = 3, ROOM = PIXELS * (CHANNELS + GAP) };

/* One row of pixels. */
static void multiply(const cvz_kernels *k, int pixels, int columns, int channels, const float *x, size_t ldx,
                     const uint64_t *bits, size_t bit_stride, const float *weights, float *y, size_t ldy,
                     bool accumulate)
{
  const cvz_sparse_product product = {.rows = 1,
                                      .width = pixels,
                                      .channels = channels,
                                      .columns = columns,
                                      .x = x,
                                      .x_pixel = ldx,
                                      .bits = bits,
                                      .bits_pixel = bit_stride,
                                      .weights = weights,
                                      .y = y,
                                      .y_pixel = ldy,
                                      .accumulate = accumulate};
  k->sparse_multiply(&product);
}

static const int channel_counts[] = {1, 7, 63, 64, 65, 128, 129, 200, CHANNELS};
static const int column_counts[] = {1, 4, 15, 16, 17, 33, 48, 63, 64, 80, 97, 127, 128};
static const float densities[] = {0.0f, 0.4f, 1.0f};

#define EACH(i, array) for (size_t i = 0; i < sizeof(array) / sizeof *(array); i++)

/* Row p of `words` words; a random share of the first `count` bits. */
static void fill_bits(uint64_t *bits, size_t words, int count, float density)
{
  static float draws[PIXELS * CHANNELS];
  fill_random(draws, sizeof draws / sizeof *draws, 7);
  memset(bits, 0, PIXELS * words * sizeof *bits);
  for (int p = 0; p < PIXELS; p++)
    for (int i = 0; i < count; i++)
      if (draws[p * CHANNELS + i] < 2 * density - 1) bits[(size_t)p * words + (size_t)i / 64] |= (uint64_t)1 << i % 64;
}

static bool is_set(const uint64_t *bits, size_t words, int p, int i)
{
  return bits[(size_t)p * words + (size_t)i / 64] >> i % 64 & 1;
}

static void assert_same_bits(float value, float expected)
{
  if (memcmp(&value, &expected, sizeof value)) fail_msg("%.9g, expected exactly %.9g", value, expected);
}

static void assert_near(double value, double expected, double bound)
{
  if (!(fabs(value - expected) <= bound)) fail_msg("%.9g, expected %.9g within %g", value, expected, bound);
}

/* Operands of both products, with room between the rows of x and y. */
static float x[ROOM], y[ROOM], y_before[ROOM], weights[CHANNELS * COLUMNS];
static uint64_t bits[PIXELS * (CHANNELS / 64 + 3)];

static void assert_gaps_untouched(int columns, size_t ldy, int pixels)
{
  for (size_t i = 0; i < ROOM; i++)
    if (i / ldy >= (size_t)pixels || i % ldy >= (size_t)columns) assert_same_bits(y[i], y_before[i]);
}

static void fill_operands(void)
{
  fill_random(x, ROOM, 1);
  fill_random(y, ROOM, 2);
  fill_random(weights, CHANNELS * COLUMNS, 3);
  memcpy(y_before, y, sizeof y);
}

/* The other pixel of a pair, itself if it has none. */
static int partner(cvz_isa isa, int p)
{
  return isa >= CVZ_ISA_AVX512 && (p ^ 1) < PIXELS ? p ^ 1 : p;
}

/* The sum of the channels that pixel p has, in the table's order; one rounding a channel but in the portable table. */
static float ordered_sum(cvz_isa isa, float sum, size_t words, int p, const float *row, const float *column,
                         int channels, int columns)
{
  for (int chunk = 0; chunk < channels; chunk += 64)
    for (int shared = 1; shared >= 0; shared--)
      for (int c = chunk; c < channels && c < chunk + 64; c++) {
        if (!is_set(bits, words, p, c) || is_set(bits, words, partner(isa, p), c) != shared) continue;
        sum = isa == CVZ_ISA_PORTABLE ? row[c] * column[c * columns] + sum : fmaf(row[c], column[c * columns], sum);
      }
  return sum;
}

static void check_sparse(const cvz_kernels *k, int channels, int columns, float density, bool accumulate)
{
  const size_t ldx = (size_t)channels + GAP, ldy = (size_t)columns + GAP, words = cvz_bits_words(channels) + 1;
  fill_operands();
  fill_bits(bits, words, channels, density);
  float hidden[ROOM];
  for (size_t i = 0; i < ROOM; i++)
    hidden[i] = i / ldx < PIXELS && i % ldx < (size_t)channels && is_set(bits, words, (int)(i / ldx), (int)(i % ldx))
                    ? x[i]
                    : NAN;
  multiply(k, PIXELS, columns, channels, hidden, ldx, bits, words, weights, y, ldy, accumulate);
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < columns; j++) {
      const size_t i = (size_t)p * ldy + (size_t)j;
      assert_same_bits(y[i], ordered_sum(k->isa, accumulate ? y_before[i] : 0, words, p, x + (size_t)p * ldx,
                                         weights + j, channels, columns));
    }
  assert_gaps_untouched(columns, ldy, PIXELS);
}

static void sparse_product_has_the_bits_of_the_ordered_sum(void **state)
{
  (void)state;
  EACH_TABLE(k)
  EACH(c, channel_counts) EACH(j, column_counts) EACH(d, densities)
  {
    if (column_counts[j] > k->sparse_columns) continue;
    check_sparse(k, channel_counts[c], column_counts[j], densities[d], false);
    check_sparse(k, channel_counts[c], column_counts[j], densities[d], true);
  }
}

static void sparse_product_is_near_the_sum_in_double(void **state)
{
  (void)state;
  EACH_TABLE(k)
  {
    const size_t words = cvz_bits_words(CHANNELS);
    fill_operands();
    fill_bits(bits, words, CHANNELS, 0.5f);
    multiply(k, PIXELS, 64, CHANNELS, x, CHANNELS, bits, words, weights, y, 64, false);
    for (int p = 0; p < PIXELS; p++)
      for (int j = 0; j < 64; j++) {
        double sum = 0;
        for (int c = 0; c < CHANNELS; c++)
          if (is_set(bits, words, p, c)) sum += (double)x[p * CHANNELS + c] * (double)weights[c * 64 + j];
        assert_near(y[p * 64 + j], sum, 1e-5);
      }
  }
}

static void check_masked(const cvz_kernels *k, int channels, int columns, float density)
{
  const size_t ldx = (size_t)channels + GAP, ldy = (size_t)columns + GAP, words = cvz_bits_words(columns) + 1;
  fill_operands();
  fill_bits(bits, words, columns, density);
  k->masked_multiply(PIXELS, columns, channels, x, ldx, bits, words, weights, y, ldy);
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < columns; j++) {
      const float value = y[(size_t)p * ldy + (size_t)j];
      double sum = 0;
      for (int c = 0; c < channels; c++)
        sum += (double)x[(size_t)p * ldx + (size_t)c] * (double)weights[j * channels + c];
      if (is_set(bits, words, p, j))
        assert_near(value, sum, 1e-5);
      else
        assert_same_bits(value, 0.0f);
    }
  assert_gaps_untouched(columns, ldy, PIXELS);
}

static void masked_product_has_the_wanted_outputs_and_zeros(void **state)
{
  (void)state;
  EACH_TABLE(k)
  EACH(c, channel_counts)
  EACH(j, column_counts) EACH(d, densities) check_masked(k, channel_counts[c], column_counts[j], densities[d]);
  EACH_TABLE(k) check_masked(k, 100, COLUMNS, 0.4f);
}

static void a_masked_output_does_not_depend_on_which_others_are_wanted(void **state)
{
  (void)state;
  static float all[PIXELS * COLUMNS];
  const size_t words = cvz_bits_words(COLUMNS);
  EACH_TABLE(k)
  {
    fill_operands();
    fill_bits(bits, words, COLUMNS, 1);
    k->masked_multiply(PIXELS, COLUMNS, 200, x, 200, bits, words, weights, all, COLUMNS);
    fill_bits(bits, words, COLUMNS, 0.3f);
    k->masked_multiply(PIXELS, COLUMNS, 200, x, 200, bits, words, weights, y, COLUMNS);
    for (int p = 0; p < PIXELS; p++)
      for (int j = 0; j < COLUMNS; j++)
        if (is_set(bits, words, p, j)) assert_same_bits(y[p * COLUMNS + j], all[p * COLUMNS + j]);
  }
}

static void nan_and_infinity_spread_from_set_bits_only(void **state)
{
  (void)state;
  const uint64_t chosen[2] = {(uint64_t)1 << 3, 1};
  EACH_TABLE(k)
  {
    for (int i = 0; i < 2 * 64; i++) x[i] = 1;
    for (int i = 0; i < 64 * 64; i++) weights[i] = 1;
    x[3] = NAN;
    x[5] = NAN;
    x[64 + 0] = INFINITY;
    for (int j = 0; j < 64; j++) weights[7 * 64 + j] = NAN;
    multiply(k, 2, 64, 64, x, 64, chosen, 1, weights, y, 64, false);
    for (int j = 0; j < 64; j++) {
      assert_true(isnan(y[j]));
      assert_true(y[64 + j] == INFINITY);
    }
    x[3] = x[64 + 0] = 1;
    multiply(k, 2, 64, 64, x, 64, chosen, 1, weights, y, 64, false);
    for (int j = 0; j < 2 * 64; j++) assert_true(y[j] == 1);
    k->masked_multiply(2, 64, 64, x, 64, chosen, 1, weights, y, 64);
    for (int j = 0; j < 64; j++) {
      assert_true(j == 3 ? isnan(y[j]) : y[j] == 0);
      assert_true(y[64 + j] == (j == 0 ? 64 : 0));
    }
  }
}

static void bits_beyond_the_channels_or_columns_are_ignored(void **state)
{
  (void)state;
  const uint64_t all = ~(uint64_t)0;
  EACH_TABLE(k)
  {
    fill_operands();
    for (int i = 0; i < 10; i++) x[i] = weights[i] = 1;
    multiply(k, 1, 1, 10, x, 10, &all, 1, weights, y, 1, false);
    assert_true(y[0] == 10);
    k->masked_multiply(1, 1, 10, x, 10, &all, 1, weights, y, 1);
    assert_true(y[0] == 10);
    assert_gaps_untouched(1, 1, 1);
  }
}

static void no_pixels_write_nothing(void **state)
{
  (void)state;
  EACH_TABLE(k)
  {
    fill_operands();
    memset(bits, 0xff, sizeof bits);
    k->nonzero(bits, 0, 64, x, 64);
    assert_true(bits[0] == ~(uint64_t)0);
    multiply(k, 0, 64, 64, x, 64, bits, 1, weights, y, 64, false);
    k->masked_multiply(0, 64, 64, x, 64, bits, 1, weights, y, 64);
    assert_gaps_untouched(0, 64, 0);
  }
}

static void nonzero_marks_numbers_and_nan_but_neither_zero(void **state)
{
  (void)state;
  static const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, NAN, INFINITY, 1e-45f, -INFINITY, 0.0f, 0.0f, 2.0f};
  EACH_TABLE(k)
  EACH(n, channel_counts)
  {
    const int channels = channel_counts[n];
    const size_t ldx = (size_t)channels + GAP, words = cvz_bits_words(channels);
    for (size_t i = 0; i < ROOM; i++) x[i] = i % ldx < (size_t)channels ? values[i * 7 % 11] : 1;
    memset(bits, 0xff, sizeof bits);
    k->nonzero(bits, PIXELS, channels, x, ldx);
    for (int p = 0; p < PIXELS; p++)
      for (int c = 0; c < (int)words * 64; c++)
        assert_int_equal(is_set(bits, words, p, c), c < channels && x[(size_t)p * ldx + (size_t)c] != 0);
    assert_true(bits[PIXELS * words] == ~(uint64_t)0);
  }
}

/* Of an even width, so that pairs of pixels lie within a row. */
static void a_rectangle_is_its_rows(void **state)
{
  (void)state;
  enum { ROWS = 3, WIDTH = 6, IN = 70, OUT = 20, X_ROW = 9 * IN, Y_ROW = 2 * WIDTH * OUT };
  static float maps[ROWS * X_ROW], matrix[IN * OUT], rows[ROWS * Y_ROW], rectangle[ROWS * Y_ROW];
  static uint64_t set[ROWS * WIDTH * 2];
  const cvz_random random = cvz_random_stream(1, 2, 3, 4, CVZ_PURPOSE_INIT, 0);
  cvz_random_uniform(&random, 0, ROWS * X_ROW, maps);
  cvz_random_uniform(&random, 0, IN * OUT, matrix);
  for (size_t i = 0; i < ROWS * X_ROW; i++) maps[i] = maps[i] < 0.5f ? 0 : maps[i];
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++) {
    const cvz_kernels *k;
    assert_int_equal(cvz_kernels_select(&k, (cvz_isa)isa, NULL), CVZ_OK);
    for (int i = 0; i < ROWS; i++) {
      k->nonzero(set + i * WIDTH * 2, WIDTH, IN, maps + i * X_ROW, IN);
      multiply(k, WIDTH, OUT, IN, maps + i * X_ROW, IN, set + i * WIDTH * 2, 2, matrix, rows + i * Y_ROW, 2 * OUT,
               false);
    }
    const cvz_sparse_product whole = {.rows = ROWS,
                                      .width = WIDTH,
                                      .channels = IN,
                                      .columns = OUT,
                                      .x = maps,
                                      .x_row = X_ROW,
                                      .x_pixel = IN,
                                      .bits = set,
                                      .bits_row = WIDTH * 2,
                                      .bits_pixel = 2,
                                      .weights = matrix,
                                      .y = rectangle,
                                      .y_row = Y_ROW,
                                      .y_pixel = 2 * OUT};
    k->sparse_multiply(&whole);
    assert_memory_equal(rectangle, rows, sizeof rows);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sparse_product_has_the_bits_of_the_ordered_sum),
      cmocka_unit_test(sparse_product_is_near_the_sum_in_double),
      cmocka_unit_test(masked_product_has_the_wanted_outputs_and_zeros),
      cmocka_unit_test(a_masked_output_does_not_depend_on_which_others_are_wanted),
      cmocka_unit_test(nan_and_infinity_spread_from_set_bits_only),
      cmocka_unit_test(bits_beyond_the_channels_or_columns_are_ignored),
      cmocka_unit_test(no_pixels_write_nothing),
      cmocka_unit_test(a_rectangle_is_its_rows),
      cmocka_unit_test(nonzero_marks_numbers_and_nan_but_neither_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
