/* Rounding to bfloat16 and its products, against roundings by arithmetic and plain sums in double precision. Without
 * AVX512-BF16 only what needs none of it runs; the others say that they are skipped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/bf16.h"
#include "tables.h"

enum { GUARD = 32, UNTOUCHED = 0x4242 };

/* Runs the statement behind it with `bf16` each table there is, or skips the test. */
#define EACH_BF16(bf16)                                                                                                \
  for (int isa_ = first_or_skip(); isa_ <= (int)cvz_cpu_isa(); isa_++)                                                 \
    for (const cvz_bf16 *bf16 = bf16_of(isa_); bf16; bf16 = NULL)

static int first_or_skip(void)
{
  if (cvz_cpu_has_bf16()) return CVZ_ISA_AVX512;
  print_message("skipped: this processor has no AVX512-BF16\n");
  skip();
  return CVZ_ISA_COUNT;
}

static const cvz_bf16 *bf16_of(int isa)
{
  const cvz_bf16 *bf16 = NULL;
  assert_int_equal(cvz_bf16_select(&bf16, "bf16", (cvz_isa)isa, NULL), CVZ_OK);
  return bf16;
}

/* To 8 significant bits, ties to even, by the processor's rounding of a double to a whole number. */
static double rounded(double value)
{
  int exponent;
  const double fraction = frexp(value, &exponent);
  if (value == 0 || !isfinite(value)) return value;
  if (exponent < -125) return copysign(0, value); /* denormal in float32 */
  const double result = ldexp(rint(ldexp(fraction, 8)), exponent - 8);
  return fabs(result) >= ldexp(1, 128) ? copysign((double)INFINITY, value) : result;
}

static double value_of(uint16_t number)
{
  const uint32_t bits = (uint32_t)number << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static bool same(double a, double b)
{
  return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

/* Of every exponent and sign, on ties and beside them, and of what is special. */
static float *hard_numbers(size_t *count)
{
  static const uint32_t fractions[] = {0,        1,        0x7fff,   0x8000,   0x8001,   0xffff,
                                       0x10000,  0x17fff,  0x18000,  0x18001,  0x345678, 0x7f7fff,
                                       0x7f8000, 0x7f8001, 0x7fffff, 0x400000, 0x2aaaaa, 0x555555};
  const size_t each = sizeof fractions / sizeof *fractions;
  float *numbers = malloc(512 * each * sizeof *numbers);
  assert_non_null(numbers);
  *count = 0;
  for (uint32_t top = 0; top < 512; top++)
    for (size_t i = 0; i < each; i++) {
      const uint32_t bits = top << 23 | fractions[i];
      memcpy(&numbers[(*count)++], &bits, sizeof bits);
    }
  return numbers;
}

static void one_number_is_rounded_to_the_nearest(void **state)
{
  (void)state;
  size_t count;
  float *numbers = hard_numbers(&count);
  for (size_t i = 0; i < count; i++)
    if (!same(value_of(cvz_bf16_round(numbers[i])), rounded((double)numbers[i])))
      fail_msg("%a becomes %a, expected %a", (double)numbers[i], value_of(cvz_bf16_round(numbers[i])),
               rounded((double)numbers[i]));
  free(numbers);
}

static void maps_are_rounded_like_one_number(void **state)
{
  (void)state;
  const cvz_bf16 *bf16 = bf16_of(first_or_skip());
  size_t count;
  float *numbers = hard_numbers(&count);
  uint16_t *to = calloc(count, sizeof *to);
  const int channels = 97;
  const int pixels = (int)(count / (size_t)channels);
  bf16->round(to, 0, (size_t)channels, cvz_view_dense(numbers, 1, pixels, channels));
  for (size_t i = 0; i < (size_t)pixels * (size_t)channels; i++)
    if (!same(value_of(to[i]), value_of(cvz_bf16_round(numbers[i]))))
      fail_msg("%a becomes %a", (double)numbers[i], value_of(to[i]));
  free(numbers);
  free(to);
}

/* There is room between pixels and rows on both sides, and nothing in it changes. */
static void a_rectangle_is_rounded_and_nothing_beside_it(void **state)
{
  (void)state;
  const cvz_bf16 *bf16 = bf16_of(first_or_skip());
  for (int channels = 1; channels <= 70; channels++) {
    const size_t pixel = (size_t)channels + 2, row = 4 * pixel + 6;
    float *x = random_floats(3 * row, 5);
    uint16_t *to = malloc((3 * row + GUARD) * sizeof *to);
    for (size_t i = 0; i < 3 * row + GUARD; i++) to[i] = UNTOUCHED;
    bf16->round(to, row, pixel, (cvz_view){x, 3, 4, channels, row, pixel});
    for (size_t i = 0; i < 3 * row + GUARD; i++) {
      const bool inside = i < 3 * row && i % row / pixel < 4 && i % row % pixel < (size_t)channels;
      assert_int_equal(to[i], inside ? cvz_bf16_round(x[i]) : UNTOUCHED);
    }
    free(x);
    free(to);
  }
}

static void weights_are_packed_in_pairs_of_rows(void **state)
{
  (void)state;
  const float b[4][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};
  const double expected[] = {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12};
  uint16_t packed[12];
  cvz_bf16_pack(packed, b[0], 4, 3);
  for (int i = 0; i < 12; i++) assert_true(value_of(packed[i]) == expected[i]);
}

/* Operands of a product and what float32 arithmetic may make of it. */
typedef struct product {
  int m, n, k, terms;
  size_t lda, ldc;
  float *weights, *c;
  uint16_t *a, *packed;
  const uint16_t **rows; /* of each term */
} product;

static uint16_t *rounded_floats(size_t count, uint32_t stream)
{
  float *values = random_floats(count, stream);
  uint16_t *numbers = malloc(count * sizeof *numbers);
  for (size_t i = 0; i < count; i++) numbers[i] = cvz_bf16_round(values[i]);
  free(values);
  return numbers;
}

static product product_new(int m, int n, int k, int terms)
{
  product p = {m, n, k, terms, (size_t)k + 4, (size_t)n + 3, NULL, NULL, NULL, NULL, NULL};
  const size_t all = (size_t)m * p.lda, block = (size_t)k * (size_t)n;
  p.a = rounded_floats((size_t)terms * all, 6);
  p.weights = random_floats((size_t)terms * block, 7);
  p.packed = malloc((size_t)terms * block * sizeof *p.packed);
  p.rows = malloc((size_t)terms * sizeof *p.rows);
  for (int t = 0; t < terms; t++) {
    cvz_bf16_pack(p.packed + (size_t)t * block, p.weights + (size_t)t * block, (size_t)k, (size_t)n);
    p.rows[t] = p.a + (size_t)t * all;
  }
  p.c = random_floats((size_t)m * p.ldc, 8);
  return p;
}

static void product_free(product *p)
{
  free(p->weights);
  free(p->c);
  free(p->a);
  free(p->packed);
  free((void *)p->rows);
}

static cvz_bf16_call call_of(const product *p, float *c, bool accumulate)
{
  return (cvz_bf16_call){p->m, p->n, p->k, p->terms, p->rows, p->lda, p->packed, c, p->ldc, accumulate};
}

/* The sum of the rounded factors' products, and that of their sizes, to which the errors of float32 sums are bounded.
 */
static double expected(const product *p, int i, int j, double *sizes)
{
  double sum = 0;
  for (int t = 0; t < p->terms; t++)
    for (int k = 0; k < p->k; k++) {
      const size_t block = (size_t)t * (size_t)p->k * (size_t)p->n;
      const double w = rounded((double)p->weights[block + (size_t)k * (size_t)p->n + (size_t)j]);
      const double factor = value_of(p->rows[t][(size_t)i * p->lda + (size_t)k]) * w;
      sum += factor;
      *sizes += fabs(factor);
    }
  return sum;
}

static void check_product(const cvz_bf16 *bf16, int m, int n, int k, int terms, bool accumulate)
{
  product p = product_new(m, n, k, terms);
  float *c = malloc((size_t)m * p.ldc * sizeof *c);
  memcpy(c, p.c, (size_t)m * p.ldc * sizeof *c);
  const cvz_bf16_call call = call_of(&p, c, accumulate);
  bf16->multiply(&call);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < (int)p.ldc; j++) {
      const size_t place = (size_t)i * p.ldc + (size_t)j;
      const double before = (double)p.c[place];
      double sizes = accumulate ? fabs(before) : 0;
      const double sum = j < n ? (accumulate ? before : 0) + expected(&p, i, j, &sizes) : before;
      const double bound = j < n ? (k * terms + 1) * ldexp(sizes, -24) : 0;
      if (!(fabs((double)c[place] - sum) <= bound))
        fail_msg("%d x %d x %d, %d terms: (%d, %d) is %g, expected %g", m, n, k, terms, i, j, (double)c[place], sum);
    }
  free(c);
  product_free(&p);
}

static void products_of_all_shapes(void **state)
{
  (void)state;
  EACH_BF16(bf16)
  {
    assert_int_equal(bf16->columns, 64);
    for (int m = 1; m <= 14; m++)
      for (int n = 1; n <= bf16->columns; n += m % 2 ? 1 : 7) check_product(bf16, m, n, 10, 1 + m % 3, n % 2);
    for (int m = 15; m <= 70; m++) check_product(bf16, m, 1 + m * 7 % 64, 2 + m * 26 % 90, 1 + m % 3, m % 2);
    check_product(bf16, 96, 64, 512, 1, false);
    check_product(bf16, 45, 48, 192, 9, true);
    check_product(bf16, 7, 64, 2, 1, true);
    check_product(bf16, 0, 64, 2, 1, true);
  }
}

/* Whatever rows and columns are computed together: plans cut maps in bands. */
static void check_rows_alone(const cvz_bf16 *bf16)
{
  product p = product_new(43, 64, 98, 2);
  float *all = calloc((size_t)p.m * p.ldc, sizeof *all), *row = calloc(p.ldc, sizeof *row);
  const cvz_bf16_call together = call_of(&p, all, false);
  bf16->multiply(&together);
  for (int i = 0; i < p.m; i++) {
    const uint16_t *rows[2] = {p.rows[0] + (size_t)i * p.lda, p.rows[1] + (size_t)i * p.lda};
    cvz_bf16_call alone = call_of(&p, row, false);
    alone.m = 1;
    alone.a = rows;
    bf16->multiply(&alone);
    assert_memory_equal(row, all + (size_t)i * p.ldc, 64 * sizeof *row);
  }
  free(all);
  free(row);
  product_free(&p);
}

static void an_output_has_the_same_bits_in_any_company(void **state)
{
  (void)state;
  EACH_BF16(bf16) check_rows_alone(bf16);
}

/* A NaN or an infinity has to show in the loss. */
static void check_not_finite(const cvz_bf16 *bf16)
{
  const float special[2] = {NAN, INFINITY};
  for (int i = 0; i < 2; i++) {
    const float x[2] = {special[i], 1}, w[2] = {1, 1};
    uint16_t a[2], packed[2];
    const uint16_t *rows = a;
    float c = 0;
    bf16->round(a, 2, 2, cvz_view_dense((float *)(uintptr_t)x, 1, 1, 2));
    cvz_bf16_pack(packed, w, 2, 1);
    bf16->multiply(&(cvz_bf16_call){1, 1, 2, 1, &rows, 2, packed, &c, 1, false});
    assert_true(i == 0 ? isnan(c) : isinf(c));
  }
}

static void what_is_not_finite_stays(void **state)
{
  (void)state;
  EACH_BF16(bf16) check_not_finite(bf16);
}

static void the_precision_is_chosen_by_name(void **state)
{
  (void)state;
  const cvz_bf16 *bf16 = NULL;
  cvz_error error = {0};
  assert_int_equal(cvz_bf16_select(&bf16, "float32", CVZ_ISA_PORTABLE, &error), CVZ_OK);
  assert_null(bf16);
  assert_string_equal(cvz_bf16_precision(bf16), "float32");
  assert_int_equal(cvz_bf16_select(&bf16, "float8", CVZ_ISA_AVX512, &error), CVZ_E_RANGE);
  assert_non_null(strstr(error.text, "float8"));
  assert_int_equal(cvz_bf16_select(&bf16, "bf16", CVZ_ISA_AVX2, &error), CVZ_E_UNSUPPORTED);
  assert_non_null(strstr(error.text, "avx2"));
  const cvz_status status = cvz_bf16_select(&bf16, "bf16", CVZ_ISA_AVX512, &error);
  assert_int_equal(status, cvz_cpu_has_bf16() ? CVZ_OK : CVZ_E_UNSUPPORTED);
  assert_string_equal(cvz_bf16_precision(bf16), cvz_cpu_has_bf16() ? "bf16" : "float32");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_number_is_rounded_to_the_nearest),
      cmocka_unit_test(maps_are_rounded_like_one_number),
      cmocka_unit_test(a_rectangle_is_rounded_and_nothing_beside_it),
      cmocka_unit_test(weights_are_packed_in_pairs_of_rows),
      cmocka_unit_test(products_of_all_shapes),
      cmocka_unit_test(an_output_has_the_same_bits_in_any_company),
      cmocka_unit_test(what_is_not_finite_stays),
      cmocka_unit_test(the_precision_is_chosen_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
