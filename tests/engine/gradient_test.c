/* Values and gradients of the operators that most networks have beside convolutions, against the reference: see
 * gradient.h. Those that are rarer: operators_test.c. */
#include "gradient.h"

static void batch_normalisation_from_weights(void **state)
{
  (void)state;
  net n = net_of(6, 5, 3);
  check_and_free("on the image", &n, batch_norm(&n, n.input, 3));
  n = net_of(6, 5, 3);
  const cvz_affine clamped = {.gamma = CVZ_NO_WEIGHT,
                              .beta = CVZ_NO_WEIGHT,
                              .mean = weight(&n, "mean", 1, (int[]){3}),
                              .variance = weight(&n, "variance", 1, (int[]){3}),
                              .epsilon = 0.8f,
                              .clamped = true};
  check_and_free("clamped deviation", &n, add(&n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = clamped}, 1, &n.input));
}

static void rescaling_by_constants(void **state)
{
  (void)state;
  net n = net_of(6, 5, 3);
  check_and_free("one for all", &n, rescaling(&n, n.input, 1, (float[]){0.5f}, (float[]){-1.0f}));
  n = net_of(6, 5, 3);
  check_and_free("one a channel", &n,
                 rescaling(&n, n.input, 3, (float[]){0.5f, -2.0f, 3.0f}, (float[]){-1.0f, 0.25f, 0.0f}));
  n = net_of(6, 5, 3);
  check_and_free("scale alone", &n, rescaling(&n, n.input, 1, (float[]){0.5f}, NULL));
}

static void check_relu(const char *name, float slope, float max, float threshold)
{
  net n = net_of(6, 5, 2);
  check_and_free(name, &n, relu(&n, stem(&n, 4), slope, max, threshold));
  n = net_of(6, 5, 2);
  check_and_free(name, &n, relu(&n, n.input, slope, max, threshold));
}

static void relu_in_all_its_forms(void **state)
{
  (void)state;
  check_relu("plain", 0, INFINITY, 0);
  check_relu("max", 0, 0.4f, 0);
  check_relu("slope", 0.2f, INFINITY, 0);
  check_relu("slope and max", 0.2f, 0.4f, 0);
  check_relu("threshold", 0, INFINITY, 0.3f);
  check_relu("negative threshold", 0.1f, INFINITY, -0.3f);
  check_relu("slope, max and threshold", 0.3f, 0.7f, 0.2f);
  check_relu("negative slope", -0.5f, INFINITY, 0);
}

static void curves_and_softmax(void **state)
{
  (void)state;
  static const cvz_function functions[] = {CVZ_LINEAR, CVZ_SIGMOID, CVZ_TANH, CVZ_SWISH};
  for (int i = 0; i < 4; i++) {
    net n = net_of(5, 6, 2);
    check_and_free("curve", &n, activation(&n, stem(&n, 5), functions[i]));
  }
  net n = net_of(5, 6, 2);
  check_and_free("softmax of a map", &n, plain(&n, stem(&n, 5), CVZ_OP_SOFTMAX));
  n = net_of(5, 6, 2);
  check_and_free("softmax of a vector", &n,
                 plain(&n, dense(&n, plain(&n, n.input, CVZ_OP_GLOBALAVG), 2, 9), CVZ_OP_SOFTMAX));
}

static void check_pool(const char *name, cvz_window w)
{
  for (int i = 0; i < 2; i++) {
    const cvz_op op = i ? CVZ_OP_AVGPOOL : CVZ_OP_MAXPOOL;
    net n = net_of(9, 10, 3);
    check_and_free(name, &n, pool(&n, n.input, op, w));
    n = net_of(9, 10, 2);
    check_and_free(name, &n, conv(&n, pool(&n, stem(&n, 3), op, w), square(2, 1, CVZ_SAME), 3, 3, 1, true));
  }
}

static void pooling_with_and_without_overlap(void **state)
{
  (void)state;
  check_pool("2 x 2", square(2, 2, CVZ_VALID));
  check_pool("2 x 2 same", square(2, 2, CVZ_SAME));
  check_pool("3 x 3, stride 2", square(3, 2, CVZ_VALID));
  check_pool("3 x 3, stride 2, same", square(3, 2, CVZ_SAME));
  check_pool("3 x 3, stride 1, same", square(3, 1, CVZ_SAME));
  check_pool("3 x 2, stride 1 x 3", window(3, 2, 1, 3, 1, 1, CVZ_SAME));
  check_pool("1 x 1, stride 2", square(1, 2, CVZ_VALID));
}

static void global_mean(void **state)
{
  (void)state;
  net n = net_of(5, 6, 3);
  check_and_free("of the image", &n, plain(&n, n.input, CVZ_OP_GLOBALAVG));
  n = net_of(5, 6, 3);
  check_and_free("of a map", &n, plain(&n, stem(&n, 4), CVZ_OP_GLOBALAVG));
}

static void padding_and_cropping(void **state)
{
  (void)state;
  net n = net_of(6, 7, 2);
  check_and_free("zeros around", &n, pad(&n, stem(&n, 3), 1, 2, 3, 0));
  n = net_of(6, 7, 2);
  check_and_free("crop", &n, pad(&n, stem(&n, 3), -1, -2, -1, 0));
  n = net_of(6, 7, 2);
  check_and_free("both at once", &n, pad(&n, stem(&n, 3), -1, 2, 3, -2));
  n = net_of(9, 8, 2);
  check("a maximum with zeros around", &n,
        pool(&n, pad(&n, stem(&n, 19), 1, 1, 1, 1), CVZ_OP_MAXPOOL, square(3, 2, CVZ_VALID)));
  check_and_free("a maximum of zeros alone", &n,
                 pool(&n, pad(&n, stem(&n, 3), 3, 4, 2, 5), CVZ_OP_MAXPOOL, square(2, 2, CVZ_VALID)));
  n = net_of(9, 9, 2);
  const int padded = pad(&n, n.input, 0, 1, 0, 1);
  check_and_free("before a convolution", &n, conv(&n, padded, square(3, 2, CVZ_VALID), 2, 3, 1, true));
}

static void sums_of_several_maps(void **state)
{
  (void)state;
  net n = net_of(6, 5, 2);
  int a = stem(&n, 3), b = stem(&n, 3), c = stem(&n, 3);
  check("two", &n, merge(&n, CVZ_OP_ADD, a, b));
  check("three", &n, merge3(&n, CVZ_OP_ADD, a, b, c));
  check("twice the same", &n, merge(&n, CVZ_OP_ADD, a, a));
  check_and_free("a, b, a", &n, merge3(&n, CVZ_OP_ADD, a, b, a));
  n = net_of(6, 5, 2);
  check_and_free("twice the image", &n, merge(&n, CVZ_OP_ADD, n.input, n.input));
}

/* A map (h, w, c) that depends on the image, for a network of 5 x 5 x 2; h and w are 1 or 5. */
static int part(net *n, int h, int w, int c)
{
  return conv(n, n->input, window(h == 1 ? 5 : 1, w == 1 ? 5 : 1, 1, 1, 1, 1, CVZ_VALID), 2, c, 1, true);
}

static void check_broadcast(cvz_op op)
{
  static const int shapes[][3] = {{1, 1, 3}, {5, 5, 1}, {1, 5, 3}, {5, 1, 3}, {1, 1, 1}, {1, 5, 1}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    net n = net_of(5, 5, 2);
    int whole = part(&n, 5, 5, 3), less = part(&n, shapes[i][0], shapes[i][1], shapes[i][2]);
    check("the second is spread", &n, merge(&n, op, whole, less));
    check("the first is spread", &n, merge(&n, op, less, whole));
    check("both ends are spread", &n, merge3(&n, op, less, whole, less));
    check_and_free("the first two are spread", &n, merge3(&n, op, less, less, whole));
  }
  net n = net_of(5, 5, 2);
  check("a row and a column", &n, merge(&n, op, part(&n, 1, 5, 3), part(&n, 5, 1, 3)));
  check("clamped", &n, relu(&n, merge(&n, op, part(&n, 5, 5, 3), part(&n, 1, 1, 3)), 0, 0.5f, 0));
  check("a column and channels", &n, merge(&n, op, part(&n, 5, 1, 1), part(&n, 5, 5, 3)));
  check_and_free("rows of the image", &n, merge(&n, op, n.input, part(&n, 1, 5, 2)));
}

static void sums_are_broadcast(void **state)
{
  (void)state;
  check_broadcast(CVZ_OP_ADD);
}

static void products_are_broadcast(void **state)
{
  (void)state;
  check_broadcast(CVZ_OP_MULTIPLY);
}

static void products_of_several_maps(void **state)
{
  (void)state;
  net n = net_of(6, 5, 2);
  int a = stem(&n, 3), b = stem(&n, 3), c = stem(&n, 3);
  check("two", &n, merge(&n, CVZ_OP_MULTIPLY, a, b));
  check("three", &n, merge3(&n, CVZ_OP_MULTIPLY, a, b, c));
  check("a square", &n, merge(&n, CVZ_OP_MULTIPLY, a, a));
  check_and_free("a, b, a", &n, merge3(&n, CVZ_OP_MULTIPLY, a, b, a));
  n = net_of(6, 5, 2);
  check_and_free("the image squared", &n, merge(&n, CVZ_OP_MULTIPLY, n.input, n.input));
}

static void concatenations(void **state)
{
  (void)state;
  net n = net_of(6, 5, 2);
  int a = stem(&n, 3), b = stem(&n, 1), c = stem(&n, 2);
  check("three", &n, merge3(&n, CVZ_OP_CONCAT, a, b, c));
  check("with the image, twice", &n, merge3(&n, CVZ_OP_CONCAT, n.input, a, n.input));
  const int all = merge(&n, CVZ_OP_CONCAT, a, c);
  check("one side needs more of the map", &n,
        merge(&n, CVZ_OP_ADD, conv(&n, all, square(3, 1, CVZ_SAME), 5, 3, 1, true), a));
  cvz_graph_free(&n.graph);
}

static void reshapes(void **state)
{
  (void)state;
  net n = net_of(6, 4, 2);
  int a = stem(&n, 3);
  check("flatten", &n, reshape(&n, a, 1, -1, 0, 0));
  check("to a map", &n, reshape(&n, a, 3, 4, 6, 3));
  check("to rows", &n, reshape(&n, a, 2, 9, -1, 0));
  check("there and back", &n, relu(&n, reshape(&n, reshape(&n, a, 1, -1, 0, 0), 3, 8, -1, 3), 0.1f, INFINITY, 0));
  check("beside another reader", &n, merge(&n, CVZ_OP_ADD, a, reshape(&n, a, 3, 6, 4, 3)));
  check_and_free("the image", &n, reshape(&n, n.input, 3, 4, 4, 3));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batch_normalisation_from_weights),
      cmocka_unit_test(rescaling_by_constants),
      cmocka_unit_test(relu_in_all_its_forms),
      cmocka_unit_test(curves_and_softmax),
      cmocka_unit_test(pooling_with_and_without_overlap),
      cmocka_unit_test(global_mean),
      cmocka_unit_test(padding_and_cropping),
      cmocka_unit_test(sums_of_several_maps),
      cmocka_unit_test(sums_are_broadcast),
      cmocka_unit_test(products_are_broadcast),
      cmocka_unit_test(products_of_several_maps),
      cmocka_unit_test(concatenations),
      cmocka_unit_test(reshapes),
  };
  return cmocka_run_group_tests(tests, NULL, print_worst);
}
