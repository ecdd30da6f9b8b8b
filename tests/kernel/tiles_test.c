/* Products of float32 numbers in pieces of bfloat16, against sums in double precision and beside float32's own. Where
 * the processor has no tiles they say that they are skipped. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/tiles.h"
#include "tables.h"

static const cvz_tiles *tiles_or_skip(void)
{
  const cvz_tiles *tiles = cvz_tiles_of(cvz_cpu_isa());
  if (tiles) return tiles;
  print_message("skipped: this processor or build has no tiles\n");
  skip();
  return NULL;
}

/* With room between rows, of A and of C. */
typedef struct product {
  int m, n, k;
  size_t lda, ldc;
  float *a, *b, *packed, *before, *c;
} product;

static product product_new(const cvz_tiles *tiles, int m, int n, int k)
{
  product p = {m, n, k, (size_t)k + 5, (size_t)n + 3, NULL, NULL, NULL, NULL, NULL};
  const size_t outputs = (size_t)m * p.ldc, bytes = tiles->packed_floats(k, n) * sizeof(float);
  p.a = random_floats((size_t)m * p.lda, 1);
  p.b = random_floats((size_t)k * (size_t)n, 2);
  p.before = random_floats(outputs, 3);
  p.c = malloc(outputs * sizeof *p.c);
  p.packed = aligned_alloc(64, bytes);
  assert_true(p.c && p.packed);
  memcpy(p.c, p.before, outputs * sizeof *p.c);
  tiles->pack(p.packed, p.b, k, n);
  return p;
}

static void product_free(product *p)
{
  free(p->a);
  free(p->b);
  free(p->packed);
  free(p->before);
  free(p->c);
}

static void multiply(const cvz_tiles *tiles, const product *p, bool accumulate)
{
  const cvz_tiles_call call = {p->m, p->n, p->k, p->a, p->lda, p->packed, p->c, p->ldc, accumulate};
  tiles->multiply(&call);
}

/* The sum of an output and that of its products' sizes. */
static double expected(const product *p, int i, int j, double *sizes)
{
  double sum = 0;
  *sizes = 0;
  for (int k = 0; k < p->k; k++) {
    const double factor =
        (double)p->a[(size_t)i * p->lda + (size_t)k] * (double)p->b[(size_t)k * (size_t)p->n + (size_t)j];
    sum += factor;
    *sizes += fabs(factor);
  }
  return sum;
}

/* Within what k roundings of float32 may do, and what is left out of the products; beside C nothing changes. */
static void check_product(const cvz_tiles *tiles, int m, int n, int k, bool accumulate)
{
  product p = product_new(tiles, m, n, k);
  multiply(tiles, &p, accumulate);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < (int)p.ldc; j++) {
      const size_t place = (size_t)i * p.ldc + (size_t)j;
      const double before = (double)p.before[place];
      double sizes = 0, sum = before;
      if (j < n) sum = expected(&p, i, j, &sizes) + (accumulate ? before : 0);
      const double bound = j < n ? (k + 5) * ldexp(sizes + (accumulate ? fabs(before) : 0), -24) : 0;
      if (!(fabs((double)p.c[place] - sum) <= bound))
        fail_msg("%d x %d x %d: (%d, %d) is %.9g, expected %.9g", m, n, k, i, j, (double)p.c[place], sum);
    }
  product_free(&p);
}

static void products_of_all_shapes(void **state)
{
  (void)state;
  const cvz_tiles *tiles = tiles_or_skip();
  for (int m = 0; m <= 70; m++) check_product(tiles, m, 1 + m * 7 % 67, 1 + m * 13 % 75, m % 2);
  for (int n = 1; n <= 66; n++) check_product(tiles, 19, n, 33, n % 2);
  for (int k = 1; k <= 66; k++) check_product(tiles, 35, 20, k, k % 2);
  check_product(tiles, 96, 256, 512, false);
  check_product(tiles, 45, 64, 259, true);
  check_product(tiles, 37, 301, 800, true); /* more than a group of columns */
}

/* The error of a sum of products in float32, one after another, and of the tiles' own, both over all outputs. */
static void compare_errors(const product *p, double *ours, double *plain)
{
  *ours = *plain = 0;
  for (int i = 0; i < p->m; i++)
    for (int j = 0; j < p->n; j++) {
      double sizes;
      float sum = 0;
      const double exact = expected(p, i, j, &sizes);
      for (int k = 0; k < p->k; k++)
        sum = fmaf(p->a[(size_t)i * p->lda + (size_t)k], p->b[(size_t)k * (size_t)p->n + (size_t)j], sum);
      *ours += pow((double)p->c[(size_t)i * p->ldc + (size_t)j] - exact, 2);
      *plain += pow((double)sum - exact, 2);
    }
}

static void errors_are_less_than_those_of_float32(void **state)
{
  (void)state;
  const cvz_tiles *tiles = tiles_or_skip();
  for (int k = 16; k <= 1024; k *= 4) {
    product p = product_new(tiles, 64, 64, k);
    double ours, plain;
    multiply(tiles, &p, false);
    compare_errors(&p, &ours, &plain);
    print_message("k %4d: error %.1e, of float32 %.1e\n", k, sqrt(ours / 4096), sqrt(plain / 4096));
    assert_true(ours < plain);
    product_free(&p);
  }
}

/* One product of numbers with all 24 bits set, at several magnitudes. */
static void all_bits_of_a_number_count(void **state)
{
  (void)state;
  const cvz_tiles *tiles = tiles_or_skip();
  for (int exponent = -40; exponent <= 40; exponent += 8) {
    product p = product_new(tiles, 1, 16, 1);
    p.a[0] = ldexpf(nextafterf(2, 1), exponent);
    for (int j = 0; j < 16; j++) p.b[j] = -nextafterf(2, 1) + (float)j * FLT_EPSILON;
    tiles->pack(p.packed, p.b, 1, 16);
    multiply(tiles, &p, false);
    for (int j = 0; j < 16; j++) {
      const double exact = (double)p.a[0] * (double)p.b[j];
      assert_true(fabs((double)p.c[j] - exact) <= ldexp(fabs(exact), -23));
    }
    product_free(&p);
  }
}

/* Plans cut maps in bands. */
static void an_output_has_the_same_bits_in_any_company(void **state)
{
  (void)state;
  const cvz_tiles *tiles = tiles_or_skip();
  product p = product_new(tiles, 50, 40, 300);
  multiply(tiles, &p, true);
  for (int first = 0; first < p.m; first++) {
    float *rows = malloc((size_t)p.m * p.ldc * sizeof *rows);
    memcpy(rows, p.before, (size_t)p.m * p.ldc * sizeof *rows);
    const cvz_tiles_call call = {p.m - first, p.n,   p.k, p.a + (size_t)first * p.lda, p.lda, p.packed,
                                 rows,        p.ldc, true};
    memcpy(rows, p.before + (size_t)first * p.ldc, (size_t)(p.m - first) * p.ldc * sizeof *rows);
    tiles->multiply(&call);
    assert_memory_equal(rows, p.c + (size_t)first * p.ldc, (size_t)(p.m - first) * p.ldc * sizeof *rows);
    free(rows);
  }
  product_free(&p);
}

/* It has to show in the loss. */
static void what_is_not_finite_stays_so(void **state)
{
  (void)state;
  const cvz_tiles *tiles = tiles_or_skip();
  const float special[] = {NAN, -NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    product p = product_new(tiles, 3, 20, 40);
    p.a[p.lda + 37] = special[i];
    multiply(tiles, &p, false);
    for (int j = 0; j < p.n; j++) {
      assert_false(isfinite(p.c[p.ldc + (size_t)j]));
      assert_true(isfinite(p.c[j]) && isfinite(p.c[2 * p.ldc + (size_t)j]));
    }
    product_free(&p);
  }
}

static void only_the_instruction_set_that_has_them_gives_tiles(void **state)
{
  (void)state;
  for (int isa = 0; isa < CVZ_ISA_AMX; isa++) assert_null(cvz_tiles_of((cvz_isa)isa));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_of_all_shapes),
      cmocka_unit_test(errors_are_less_than_those_of_float32),
      cmocka_unit_test(all_bits_of_a_number_count),
      cmocka_unit_test(an_output_has_the_same_bits_in_any_company),
      cmocka_unit_test(what_is_not_finite_stays_so),
      cmocka_unit_test(only_the_instruction_set_that_has_them_gives_tiles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
