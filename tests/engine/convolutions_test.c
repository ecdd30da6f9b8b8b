/* Values and gradients of convolutions and dense layers against the reference: see gradient.h. */
#include "gradient.h"

static void check_conv(const char *name, cvz_window w, int channels, int filters, int groups, bool bias)
{
  net n = net_of(9, 8, channels);
  check_and_free(name, &n, conv(&n, n.input, w, channels, filters, groups, bias));
}

static void convolutions_of_any_window(void **state)
{
  (void)state;
  check_conv("3 x 3 same", square(3, 1, CVZ_SAME), 3, 5, 1, true);
  check_conv("3 x 3 valid", square(3, 1, CVZ_VALID), 3, 5, 1, true);
  check_conv("no bias", square(3, 1, CVZ_SAME), 3, 4, 1, false);
  check_conv("4 x 4 same", square(4, 1, CVZ_SAME), 2, 3, 1, true);
  check_conv("2 x 2 valid", square(2, 1, CVZ_VALID), 2, 3, 1, true);
  check_conv("3 x 3 same, stride 2", square(3, 2, CVZ_SAME), 3, 4, 1, true);
  check_conv("3 x 3 valid, stride 2", square(3, 2, CVZ_VALID), 3, 4, 1, true);
  check_conv("2 x 2 same, stride 3", square(2, 3, CVZ_SAME), 3, 4, 1, true);
  check_conv("5 x 5 same, stride 4", square(5, 4, CVZ_SAME), 2, 3, 1, true);
  check_conv("dilation 2, same", window(3, 3, 1, 1, 2, 2, CVZ_SAME), 2, 3, 1, true);
  check_conv("dilation 2 x 3, valid", window(3, 2, 1, 1, 2, 3, CVZ_VALID), 2, 3, 1, true);
  check_conv("1 x 7 same", window(1, 7, 1, 1, 1, 1, CVZ_SAME), 2, 3, 1, true);
  check_conv("7 x 1 same", window(7, 1, 1, 1, 1, 1, CVZ_SAME), 2, 3, 1, true);
  check_conv("3 x 2, stride 1 x 2", window(3, 2, 1, 2, 1, 1, CVZ_SAME), 2, 3, 1, true);
  check_conv("kernel larger than the map", square(11, 1, CVZ_SAME), 2, 3, 1, true);
  check_conv("1 x 1", square(1, 1, CVZ_VALID), 3, 6, 1, true);
  check_conv("1 x 1, one filter", square(1, 1, CVZ_SAME), 3, 1, 1, true);
  check_conv("1 x 1, stride 2", square(1, 2, CVZ_SAME), 3, 6, 1, true);
}

static void convolutions_in_groups(void **state)
{
  (void)state;
  check_conv("2 groups", square(3, 1, CVZ_SAME), 4, 6, 2, true);
  check_conv("3 groups of 1", square(3, 2, CVZ_VALID), 3, 6, 3, false);
  check_conv("1 x 1 in 2 groups", square(1, 1, CVZ_SAME), 4, 4, 2, true);
}

static void a_convolution_behind_a_convolution(void **state)
{
  (void)state;
  net n = net_of(10, 11, 3);
  const int first = stem(&n, 5);
  const int second = conv(&n, first, square(3, 2, CVZ_SAME), 5, 4, 1, true);
  const int third = conv(&n, second, square(1, 1, CVZ_VALID), 4, 6, 1, true);
  check("three convolutions", &n, third);
  check("two of them", &n, second);
  check_and_free("the first", &n, first);
}

static void a_matrix_of_more_rows_than_fit_at_once(void **state)
{
  (void)state;
  net n = net_of(7, 5, 2);
  const int wide = conv(&n, n.input, square(1, 1, CVZ_VALID), 2, 200, 1, false);
  check_and_free("5 x 5 of 200 channels", &n, conv(&n, wide, square(5, 1, CVZ_SAME), 200, 3, 1, true));
}

static void dense_layers(void **state)
{
  (void)state;
  net n = net_of(4, 3, 2);
  const int flat = reshape(&n, n.input, 1, -1, 0, 0);
  const int hidden = relu(&n, dense(&n, flat, 24, 7), 0, INFINITY, 0);
  check_and_free("dense behind flatten", &n, dense(&n, hidden, 7, 5));
  n = net_of(4, 3, 2);
  check_and_free("dense on a map", &n, dense(&n, n.input, 2, 5));
  n = net_of(4, 3, 2);
  check_and_free("dense on rows", &n, dense(&n, reshape(&n, n.input, 2, 4, 6, 0), 6, 5));
}

static void check_depthwise(const char *name, cvz_window w, int channels, int multiplier, bool bias)
{
  net n = net_of(9, 8, channels);
  check_and_free(name, &n, depthwise(&n, n.input, w, channels, multiplier, bias));
}

static void depthwise_convolutions(void **state)
{
  (void)state;
  check_depthwise("3 x 3", square(3, 1, CVZ_SAME), 3, 1, true);
  check_depthwise("multiplier 2", square(3, 1, CVZ_SAME), 3, 2, true);
  check_depthwise("multiplier 3, one channel", square(3, 1, CVZ_VALID), 1, 3, false);
  check_depthwise("stride 2", square(3, 2, CVZ_SAME), 3, 1, false);
  check_depthwise("4 x 4, stride 2, multiplier 2", square(4, 2, CVZ_VALID), 2, 2, true);
  check_depthwise("dilation 2", window(3, 3, 1, 1, 2, 2, CVZ_SAME), 3, 1, true);
  check_depthwise("5 x 2, dilation 1 x 3", window(5, 2, 1, 1, 1, 3, CVZ_SAME), 2, 2, true);
}

static void winograd_with_all_that_follows_it(void **state)
{
  (void)state;
  net n = net_of(13, 10, 2);
  const int x = relu(&n, stem(&n, 17), 0, INFINITY, 0);
  const int a = conv(&n, x, square(3, 1, CVZ_SAME), 17, 20, 1, true);
  check("winograd", &n, a);
  const int b = relu(&n, batch_norm(&n, a, 20), 0, INFINITY, 0);
  const int c = conv(&n, b, square(3, 1, CVZ_SAME), 20, 17, 1, false);
  check("winograd twice", &n, c);
  check("winograd and a sum", &n, relu(&n, merge(&n, CVZ_OP_ADD, x, batch_norm(&n, c, 17)), 0, 1, 0));
  const int d = conv(&n, pad(&n, b, 1, 1, 1, 1), square(3, 1, CVZ_VALID), 20, 16, 1, true);
  check_and_free("winograd behind zeros", &n, relu(&n, d, 0.1f, INFINITY, 0));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolutions_of_any_window),
      cmocka_unit_test(convolutions_in_groups),
      cmocka_unit_test(a_convolution_behind_a_convolution),
      cmocka_unit_test(a_matrix_of_more_rows_than_fit_at_once),
      cmocka_unit_test(dense_layers),
      cmocka_unit_test(depthwise_convolutions),
      cmocka_unit_test(winograd_with_all_that_follows_it),
  };
  return cmocka_run_group_tests(tests, NULL, print_worst);
}
