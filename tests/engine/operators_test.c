/* Values and gradients of the operators that only some networks have, against the reference: see gradient.h. */
#include "gradient.h"

static void every_curve(void **state)
{
  (void)state;
  static const cvz_activation curves[] = {
      {CVZ_GELU, 0, 0, 0},           {CVZ_GELU_TANH, 0, 0, 0},      {CVZ_ELU, 0.7f, 0, 0},
      {CVZ_CELU, 1.3f, 0, 0},        {CVZ_SELU, 0, 0, 0},           {CVZ_SOFTPLUS, 0, 0, 0},
      {CVZ_SOFTSIGN, 0, 0, 0},       {CVZ_EXPONENTIAL, 0, 0, 0},    {CVZ_HARD_SIGMOID, 0.2f, 0, 0},
      {CVZ_HARD_SWISH, 0, 0, 0},     {CVZ_MISH, 0, 0, 0},           {CVZ_LOG_SIGMOID, 0, 0, 0},
      {CVZ_TANH_SHRINK, 0, 0, 0},    {CVZ_SOFT_SHRINK, 0.4f, 0, 0}, {CVZ_HARD_SHRINK, 0.4f, 0, 0},
      {CVZ_THRESHOLD, 0.2f, 0, 0},   {CVZ_SQUAREPLUS, 4, 0, 0},     {CVZ_SPARSE_PLUS, 0, 0, 0},
      {CVZ_SPARSE_SIGMOID, 0, 0, 0}, {CVZ_ABSOLUTE, 0, 0, 0},       {CVZ_SQUARE, 0, 0, 0},
  };
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
    net n = net_of(5, 6, 2);
    const int x = stem(&n, 5);
    check_and_free("curve", &n, add(&n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = curves[i]}, 1, &x));
  }
}

static void curves_of_numbers_above_zero(void **state)
{
  (void)state;
  static const cvz_activation curves[] = {
      {CVZ_SQUARE_ROOT, 0, 0, 0}, {CVZ_RECIPROCAL, 0, 0, 0}, {CVZ_LOGARITHM, 0, 0, 0}, {CVZ_POWER, -1.7f, 0, 0}};
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
    net n = net_of(5, 6, 2);
    const int x = activation(&n, stem(&n, 5), CVZ_SIGMOID);
    check_and_free("curve", &n, add(&n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = curves[i]}, 1, &x));
  }
}

static int normalized(net *n, int from, cvz_normalize normalize)
{
  return add(n, (cvz_node){.op = CVZ_OP_NORMALIZE, .normalize = normalize}, 1, &from);
}

/* gamma and beta, as the layers have them. A gamma near 0 would leave no gradient to compare; what is called "variance"
 * is between 0.2 and 1.2. */
static int scaled(net *n, int from, int channels)
{
  const cvz_affine a = {.gamma = weight(n, "variance", 1, &channels),
                        .beta = weight(n, "beta", 1, &channels),
                        .mean = CVZ_NO_WEIGHT,
                        .variance = CVZ_NO_WEIGHT};
  return add(n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = a}, 1, &from);
}

static void check_normalize(const char *name, cvz_normalize normalize, int channels)
{
  net n = net_of(6, 5, 2);
  const int x = stem(&n, channels);
  /* Bent, as the mean of what is normalised does not depend on the image. */
  check(name, &n, activation(&n, normalized(&n, x, normalize), CVZ_SWISH));
  check(name, &n, activation(&n, scaled(&n, normalized(&n, x, normalize), channels), CVZ_SWISH));
  const int y = scaled(&n, normalized(&n, x, normalize), channels);
  check(name, &n,
        merge(&n, CVZ_OP_ADD, conv(&n, x, square(3, 1, CVZ_SAME), channels, 3, 1, true),
              conv(&n, activation(&n, y, CVZ_TANH), square(1, 1, CVZ_SAME), channels, 3, 1, true)));
  cvz_graph_free(&n.graph);
}

static void normalization_of_each_pixel(void **state)
{
  (void)state;
  check_normalize("layer", (cvz_normalize){false, true, false, 1, 1e-3f}, 7);
  check_normalize("layer of 20", (cvz_normalize){false, true, false, 1, 1e-6f}, 20);
  check_normalize("root mean square", (cvz_normalize){false, false, false, 1, 1e-3f}, 5);
  check_normalize("length", (cvz_normalize){false, false, true, 1, 1e-12f}, 5);
  check_normalize("of a length below epsilon", (cvz_normalize){false, false, true, 1, 100}, 5);
  check_normalize("pixels in groups", (cvz_normalize){false, true, false, 2, 1e-3f}, 6);
}

static void normalization_of_a_map(void **state)
{
  (void)state;
  check_normalize("one group", (cvz_normalize){true, true, false, 1, 1e-3f}, 6);
  check_normalize("three groups", (cvz_normalize){true, true, false, 3, 1e-3f}, 6);
  check_normalize("instance", (cvz_normalize){true, true, false, -1, 1e-3f}, 5);
  check_normalize("length", (cvz_normalize){true, false, true, 1, 1e-12f}, 4);
}

/* A map (h, w, c) that depends on the image, for a network of 5 x 5 x 2; h and w are 1 or 5. */
static int part(net *n, int h, int w, int c)
{
  return conv(n, n->input, window(h == 1 ? 5 : 1, w == 1 ? 5 : 1, 1, 1, 1, 1, CVZ_VALID), 2, c, 1, true);
}

static int both(net *n, cvz_binary kind, int a, int b)
{
  return add(n, (cvz_node){.op = CVZ_OP_BINARY, .binary = kind}, 2, (int[]){a, b});
}

static void larger_smaller_and_prelu(void **state)
{
  (void)state;
  static const int shapes[][3] = {{5, 5, 3}, {1, 1, 3}, {5, 5, 1}, {1, 5, 3}, {5, 1, 1}};
  for (int kind = CVZ_MAXIMUM; kind <= (int)CVZ_PRELU; kind++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      net n = net_of(5, 5, 2);
      const int whole = part(&n, 5, 5, 3), less = part(&n, shapes[i][0], shapes[i][1], shapes[i][2]);
      check("the second is spread", &n, both(&n, (cvz_binary)kind, whole, less));
      check("the first is spread", &n, both(&n, (cvz_binary)kind, less, whole));
      check_and_free("of the image", &n, both(&n, (cvz_binary)kind, n.input, part(&n, 1, 5, 2)));
    }
}

static void prelu_with_a_slope_from_the_file(void **state)
{
  (void)state;
  static const int shapes[][3] = {{1, 1, 4}, {5, 6, 4}, {5, 1, 1}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    net n = net_of(5, 6, 2);
    const int x = stem(&n, 4);
    const int slope =
        add(&n, (cvz_node){.op = CVZ_OP_CONSTANT, .constant = weight(&n, "alpha", 3, shapes[i])}, 0, shapes[i]);
    check_and_free("prelu", &n, both(&n, CVZ_PRELU, x, slope));
  }
}

static void reductions_over_any_axes(void **state)
{
  (void)state;
  for (int kind = CVZ_SUM; kind <= (int)CVZ_MIN; kind++)
    for (int axes = 1; axes < 8; axes++) {
      const cvz_reduce reduce = {(cvz_reduction)kind, {axes & 1, axes & 2, axes & 4}};
      net n = net_of(5, 6, 2);
      const int x = stem(&n, 4), y = add(&n, (cvz_node){.op = CVZ_OP_REDUCE, .reduce = reduce}, 1, &x);
      check("reduced", &n, y);
      check_and_free("beside another reader", &n, merge(&n, CVZ_OP_MULTIPLY, x, y));
    }
}

static void check_resize(const char *name, cvz_resize resize)
{
  net n = net_of(5, 6, 2);
  const int x = stem(&n, 3), y = add(&n, (cvz_node){.op = CVZ_OP_RESIZE, .resize = resize}, 1, &x);
  check(name, &n, y);
  check_and_free("before a convolution", &n, conv(&n, y, square(3, 1, CVZ_VALID), 3, 2, 1, true));
}

static void maps_of_another_size(void **state)
{
  (void)state;
  check_resize("nearest", (cvz_resize){{2, 3}, {0, 0}, CVZ_NEAREST, false});
  check_resize("bilinear", (cvz_resize){{2, 3}, {0, 0}, CVZ_BILINEAR, false});
  check_resize("nearest, 7 x 4", (cvz_resize){{1, 1}, {7, 4}, CVZ_NEAREST, false});
  check_resize("bilinear, 4 x 9", (cvz_resize){{1, 1}, {4, 9}, CVZ_BILINEAR, false});
  /* Places that are multiples of 1 / 1024: TensorFlow has the weights of these alone. */
  check_resize("bicubic", (cvz_resize){{2, 4}, {0, 0}, CVZ_BICUBIC, false});
  check_resize("bicubic, 4 x 8", (cvz_resize){{1, 1}, {4, 8}, CVZ_BICUBIC, false});
  check_resize("bicubic, 3 x 9, antialiased", (cvz_resize){{1, 1}, {3, 9}, CVZ_BICUBIC, true});
  check_resize("bilinear, 3 x 4, antialiased", (cvz_resize){{1, 1}, {3, 4}, CVZ_BILINEAR, true});
  check_resize("lanczos3", (cvz_resize){{3, 2}, {0, 0}, CVZ_LANCZOS3, false});
  check_resize("lanczos5, 7 x 3, antialiased", (cvz_resize){{1, 1}, {7, 3}, CVZ_LANCZOS5, true});
}

static void parts_of_the_channels(void **state)
{
  (void)state;
  net n = net_of(5, 6, 2);
  const int x = stem(&n, 6);
  for (int i = 0; i < 3; i++) check("a third", &n, add(&n, (cvz_node){.op = CVZ_OP_PART, .part = {i, 3}}, 1, &x));
  const int half = add(&n, (cvz_node){.op = CVZ_OP_PART, .part = {1, 2}}, 1, &x);
  check_and_free("before a convolution", &n, conv(&n, half, square(3, 1, CVZ_VALID), 3, 2, 1, true));
}

static int transpose(net *n, int from, int a, int b, int c)
{
  return add(n, (cvz_node){.op = CVZ_OP_TRANSPOSE, .transpose = {{a, b, c}}}, 1, &from);
}

static void axes_in_every_order(void **state)
{
  (void)state;
  static const int orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    net n = net_of(5, 6, 2);
    const int x = stem(&n, 4), y = transpose(&n, x, orders[i][0], orders[i][1], orders[i][2]);
    const int channels[3] = {5, 6, 4};
    check("transposed", &n, y);
    check_and_free("and its window", &n, conv(&n, y, square(2, 1, CVZ_VALID), channels[orders[i][2]], 2, 1, true));
  }
}

static void check_convtranspose(const char *name, cvz_window w, int vertical, int horizontal)
{
  net n = net_of(4, 5, 2);
  const int x = stem(&n, 3);
  const cvz_convtranspose node = {
      w, {vertical, horizontal}, 4, weight(&n, "kernel", 4, (int[]){w.kernel[0], w.kernel[1], 4, 3})};
  const int y = add(&n, (cvz_node){.op = CVZ_OP_CONVTRANSPOSE, .convtranspose = node}, 1, &x);
  check(name, &n, y);
  check(name, &n, scaled(&n, y, 4));
  check_and_free("before a convolution", &n, conv(&n, y, square(3, 1, CVZ_SAME), 4, 2, 1, true));
}

static void transposed_convolutions(void **state)
{
  (void)state;
  check_convtranspose("3 x 3 same", square(3, 1, CVZ_SAME), -1, -1);
  check_convtranspose("3 x 3 same, stride 2", square(3, 2, CVZ_SAME), -1, -1);
  check_convtranspose("4 x 4 same, stride 2", square(4, 2, CVZ_SAME), -1, -1);
  check_convtranspose("2 x 2 valid, stride 2", square(2, 2, CVZ_VALID), -1, -1);
  check_convtranspose("3 x 2 valid, stride 2 x 3", window(3, 2, 2, 3, 1, 1, CVZ_VALID), -1, -1);
  check_convtranspose("output padding", square(3, 2, CVZ_SAME), 0, 1);
  check_convtranspose("output padding, valid", square(3, 3, CVZ_VALID), 1, 2);
  check_convtranspose("dilation 2", window(3, 2, 1, 1, 2, 2, CVZ_SAME), -1, -1);
  check_convtranspose("1 x 1, stride 3", square(1, 3, CVZ_VALID), -1, -1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_curve),
      cmocka_unit_test(curves_of_numbers_above_zero),
      cmocka_unit_test(normalization_of_each_pixel),
      cmocka_unit_test(normalization_of_a_map),
      cmocka_unit_test(larger_smaller_and_prelu),
      cmocka_unit_test(prelu_with_a_slope_from_the_file),
      cmocka_unit_test(reductions_over_any_axes),
      cmocka_unit_test(maps_of_another_size),
      cmocka_unit_test(parts_of_the_channels),
      cmocka_unit_test(axes_in_every_order),
      cmocka_unit_test(transposed_convolutions),
  };
  return cmocka_run_group_tests(tests, NULL, print_worst);
}
