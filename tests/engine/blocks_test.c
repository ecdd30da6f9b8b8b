/* Values and gradients of what networks are made of, several operators that are planned together, against the
 * reference: see gradient.h. */
#include "gradient.h"

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
      cmocka_unit_test(convolution_norm_and_clamp_in_one_step),
      cmocka_unit_test(a_map_with_a_second_reader_is_kept),
      cmocka_unit_test(residual_blocks),
      cmocka_unit_test(squeeze_and_excitation),
      cmocka_unit_test(branches_that_need_different_parts),
      cmocka_unit_test(blocks_of_resnet),
      cmocka_unit_test(dense_blocks),
      cmocka_unit_test(summands_and_members_that_repeat),
  };
  return cmocka_run_group_tests(tests, NULL, print_worst);
}
