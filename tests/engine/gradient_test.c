/* Every operator's values and gradients against the reference, see gradient.h. Those that are rarer: operators_test.c.
 */
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

static void convolution_norm_and_clamp_in_one_step(void **state)
{
  (void)state;
  net n = net_of(8, 9, 3);
  int x = conv(&n, n.input, square(3, 2, CVZ_SAME), 3, 5, 1, false);
  const int first = relu(&n, batch_norm(&n, x, 5), 0, 1.0f, 0);
  const int between = depthwise(&n, first, square(3, 1, CVZ_SAME), 5, 1, true);
  x = relu(&n, batch_norm(&n, between, 5), 0, 1.0f, 0);
  x = batch_norm(&n, conv(&n, x, square(1, 1, CVZ_SAME), 5, 6, 1, true), 6);
  check("separable block", &n, x);
  check("target before its norm", &n, between);
  check("target behind the clamp", &n, first);
  check("the norm alone", &n, first - 1);
  check("the convolution alone", &n, first - 2);
  cvz_graph_free(&n.graph);
  n = net_of(6, 6, 4);
  x = conv(&n, n.input, square(3, 1, CVZ_SAME), 4, 6, 2, true);
  check_and_free("groups with a norm and a leaky clamp", &n, relu(&n, batch_norm(&n, x, 6), 0.3f, 0.8f, 0));
}

static void a_map_with_a_second_reader_is_kept(void **state)
{
  (void)state;
  net n = net_of(6, 6, 3);
  const int x = stem(&n, 4), norm = batch_norm(&n, x, 4), clamped = relu(&n, norm, 0, INFINITY, 0);
  check("convolution read twice", &n, merge(&n, CVZ_OP_MULTIPLY, clamped, x));
  check_ways("norm read twice", &n, merge(&n, CVZ_OP_ADD, clamped, norm), false); /* channel 3 of the ReLU is dead */
  check_ways("clamp of it read twice", &n, merge3(&n, CVZ_OP_ADD, clamped, x, norm), false);
  cvz_graph_free(&n.graph);
}

static void residual_blocks(void **state)
{
  (void)state;
  net n = net_of(9, 8, 3);
  int x = relu(&n, batch_norm(&n, stem(&n, 4), 4), 0, INFINITY, 0);
  int y = relu(&n, batch_norm(&n, conv(&n, x, square(3, 1, CVZ_SAME), 4, 4, 1, true), 4), 0, INFINITY, 0);
  y = batch_norm(&n, conv(&n, y, square(3, 1, CVZ_SAME), 4, 4, 1, true), 4);
  x = relu(&n, merge(&n, CVZ_OP_ADD, x, y), 0, INFINITY, 0);
  check("same size", &n, x);
  y = batch_norm(&n, conv(&n, x, square(3, 2, CVZ_SAME), 4, 6, 1, true), 6);
  const int shortcut = batch_norm(&n, conv(&n, x, square(1, 2, CVZ_SAME), 4, 6, 1, true), 6);
  const int sum = merge(&n, CVZ_OP_ADD, shortcut, y);
  check("half the size", &n, relu(&n, sum, 0, INFINITY, 0));
  check_and_free("before its clamp", &n, sum);
}

static void squeeze_and_excitation(void **state)
{
  (void)state;
  net n = net_of(8, 8, 3);
  const int x = activation(&n, stem(&n, 4), CVZ_SWISH);
  int gate = reshape(&n, plain(&n, x, CVZ_OP_GLOBALAVG), 3, 1, 1, 4);
  gate = activation(&n, conv(&n, gate, square(1, 1, CVZ_SAME), 4, 2, 1, true), CVZ_SWISH);
  gate = activation(&n, conv(&n, gate, square(1, 1, CVZ_SAME), 2, 4, 1, true), CVZ_SIGMOID);
  const int gated = merge(&n, CVZ_OP_MULTIPLY, x, gate);
  check("gated map", &n, gated);
  check_and_free("with what follows", &n, conv(&n, gated, square(3, 2, CVZ_VALID), 4, 3, 1, true));
}

static void branches_that_need_different_parts(void **state)
{
  (void)state;
  net n = net_of(11, 10, 2);
  const int x = relu(&n, stem(&n, 3), 0.1f, INFINITY, 0);
  const int a = conv(&n, x, square(1, 1, CVZ_SAME), 3, 2, 1, true);
  const int b = conv(&n, x, square(5, 1, CVZ_SAME), 3, 2, 1, true);
  const int c = pool(&n, x, CVZ_OP_AVGPOOL, square(3, 1, CVZ_SAME));
  const int d = pool(&n, x, CVZ_OP_MAXPOOL, square(3, 1, CVZ_SAME));
  const int all = add(&n, (cvz_node){.op = CVZ_OP_CONCAT}, 4, (int[]){a, b, c, d});
  check("mixed block", &n, all);
  check("sums of reaches", &n, merge3(&n, CVZ_OP_ADD, x, c, d));
  check("products of reaches", &n, merge3(&n, CVZ_OP_MULTIPLY, x, c, d));
  check("norm beside a pool", &n, merge3(&n, CVZ_OP_ADD, batch_norm(&n, x, 3), c, activation(&n, x, CVZ_TANH)));
  check_and_free("softmax beside a pool", &n, merge(&n, CVZ_OP_ADD, plain(&n, x, CVZ_OP_SOFTMAX), d));
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

/* ResNet V2: the sum goes on without a ReLU, and both the next block and the next sum read it. */
static int block_v2(net *n, int from, int channels, int filters, int outputs, int stride)
{
  const int z = relu(n, batch_norm(n, from, channels), 0, INFINITY, 0);
  const int a =
      relu(n, batch_norm(n, conv(n, z, square(1, 1, CVZ_VALID), channels, filters, 1, false), filters), 0, INFINITY, 0);
  const int b = conv(n, pad(n, a, 1, 1, 1, 1), square(3, stride, CVZ_VALID), filters, filters, 1, false);
  const int c =
      conv(n, relu(n, batch_norm(n, b, filters), 0, INFINITY, 0), square(1, 1, CVZ_VALID), filters, outputs, 1, true);
  int shortcut = from;
  if (stride > 1) shortcut = pool(n, from, CVZ_OP_MAXPOOL, square(1, stride, CVZ_VALID));
  if (channels != outputs) shortcut = conv(n, z, square(1, 1, CVZ_VALID), channels, outputs, 1, true);
  return merge(n, CVZ_OP_ADD, shortcut, c);
}

/* ResNet V1: the ReLU is behind the sum. */
static int block_v1(net *n, int from, int channels, int filters, int outputs)
{
  const int a = relu(n, batch_norm(n, conv(n, from, square(1, 1, CVZ_VALID), channels, filters, 1, true), filters), 0,
                     INFINITY, 0);
  const int b =
      relu(n, batch_norm(n, conv(n, a, square(3, 1, CVZ_SAME), filters, filters, 1, true), filters), 0, INFINITY, 0);
  int shortcut = from;
  if (channels != outputs)
    shortcut = batch_norm(n, conv(n, from, square(1, 1, CVZ_VALID), channels, outputs, 1, true), outputs);
  const int c = batch_norm(n, conv(n, b, square(1, 1, CVZ_VALID), filters, outputs, 1, true), outputs);
  return relu(n, merge(n, CVZ_OP_ADD, shortcut, c), 0, INFINITY, 0);
}

static void blocks_of_resnet(void **state)
{
  (void)state;
  net n = net_of(15, 11, 3);
  int x = block_v2(&n, stem(&n, 5), 5, 16, 9, 1);
  x = block_v2(&n, x, 9, 4, 9, 1);
  check("blocks of version 2", &n, x);
  check_and_free("a block that halves", &n, block_v2(&n, x, 9, 4, 9, 2));
  net m = net_of(14, 12, 3);
  x = block_v1(&m, relu(&m, stem(&m, 5), 0, INFINITY, 0), 5, 16, 9);
  check_and_free("blocks of version 1", &m, block_v1(&m, x, 9, 4, 9));
}

/* DenseNet: every layer adds channels to all that were there. */
static void dense_blocks(void **state)
{
  (void)state;
  net n = net_of(12, 9, 3);
  int x = stem(&n, 6), channels = 6;
  for (int i = 0; i < 3; i++, channels += 3) {
    const int a = relu(&n, batch_norm(&n, x, channels), 0, INFINITY, 0);
    const int b = relu(&n, conv(&n, a, square(1, 1, CVZ_SAME), channels, 16, 1, true), 0, INFINITY, 0);
    const int grown = conv(&n, b, square(3, 1, CVZ_SAME), 16, 3, 1, false);
    x = merge(&n, CVZ_OP_CONCAT, x, grown);
  }
  check("a dense block", &n, x);
  check_and_free(
      "and what reads it", &n,
      conv(&n, relu(&n, batch_norm(&n, x, channels), 0, INFINITY, 0), square(1, 1, CVZ_SAME), channels, 70, 1, true));
}

static void summands_and_members_that_repeat(void **state)
{
  (void)state;
  net n = net_of(10, 9, 3);
  const int x = relu(&n, stem(&n, 16), 0, INFINITY, 0);
  const int a = conv(&n, x, square(3, 1, CVZ_SAME), 16, 16, 1, true);
  check("a sum with its own input", &n, merge(&n, CVZ_OP_ADD, x, a));
  check("a sum of one map", &n, merge(&n, CVZ_OP_ADD, a, a));
  check("a map twice", &n, merge3(&n, CVZ_OP_CONCAT, a, x, a));
  const int all = merge(&n, CVZ_OP_CONCAT, a, x);
  const int b = conv(&n, all, square(1, 1, CVZ_SAME), 32, 16, 1, true);
  check("a member that is added later", &n, merge(&n, CVZ_OP_ADD, a, b));
  check_and_free("concatenations of one", &n, merge(&n, CVZ_OP_CONCAT, all, merge(&n, CVZ_OP_CONCAT, b, x)));
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
      cmocka_unit_test(batch_normalisation_from_weights),
      cmocka_unit_test(rescaling_by_constants),
      cmocka_unit_test(relu_in_all_its_forms),
      cmocka_unit_test(curves_and_softmax),
      cmocka_unit_test(pooling_with_and_without_overlap),
      cmocka_unit_test(global_mean),
      cmocka_unit_test(padding_and_cropping),
      cmocka_unit_test(sums_of_several_maps),
      cmocka_unit_test(sums_are_broadcast),
      cmocka_unit_test(products_of_several_maps),
      cmocka_unit_test(products_are_broadcast),
      cmocka_unit_test(concatenations),
      cmocka_unit_test(reshapes),
      cmocka_unit_test(convolution_norm_and_clamp_in_one_step),
      cmocka_unit_test(a_map_with_a_second_reader_is_kept),
      cmocka_unit_test(residual_blocks),
      cmocka_unit_test(squeeze_and_excitation),
      cmocka_unit_test(branches_that_need_different_parts),
      cmocka_unit_test(winograd_with_all_that_follows_it),
      cmocka_unit_test(blocks_of_resnet),
      cmocka_unit_test(dense_blocks),
      cmocka_unit_test(summands_and_members_that_repeat),
  };
  return cmocka_run_group_tests(tests, NULL, print_worst);
}
