/* Every operator's forward pass against plain double precision, and its gradient against central differences of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "engine/run.h"
#include "reference.h"

enum { HEIGHT = 11, WIDTH = 13, CHANNELS = 4 };

#define STEP           1e-7 /* of the central differences, in double precision */
#define VALUE_BOUND    2e-5 /* relative, of float32 sums */
#define GRADIENT_BOUND 1e-4 /* relative L2 */

/* A graph under construction, with the weights that it has so far. */
typedef struct build {
  cvz_graph graph;
  float *weights;
} build;

static int add(build *b, cvz_node node, int count, const int *inputs)
{
  node.inputs = (int *)(uintptr_t)inputs;
  node.input_count = count;
  const int index = cvz_graph_add_node(&b->graph, &node, NULL);
  assert_true(index >= 0);
  return index;
}

static int after(build *b, int input, cvz_node node)
{
  return add(b, node, 1, &input);
}

static int weight(build *b, int rank, const int *dims, float low, float high)
{
  const int index = cvz_graph_add_weight(&b->graph, "layer/weight", rank, dims, NULL);
  const cvz_weight *w = &b->graph.weights[index];
  b->weights = realloc(b->weights, b->graph.value_count * sizeof(float));
  const cvz_random random = cvz_random_stream(7, 0, (uint32_t)index, 0, CVZ_PURPOSE_WEIGHTS, 0);
  cvz_random_uniform(&random, 0, w->count, b->weights + w->offset);
  for (size_t i = 0; i < w->count; i++) b->weights[w->offset + i] = low + (high - low) * b->weights[w->offset + i];
  return index;
}

static int vector(build *b, int count, float low, float high)
{
  return weight(b, 1, &count, low, high);
}

static int start(build *b)
{
  *b = (build){0};
  assert_true(cvz_graph_add_layer(&b->graph, "layer", "Layer", 0, NULL, NULL) == 0);
  cvz_node node = {.op = CVZ_OP_INPUT};
  node.input = (cvz_shape){3, 0, 0, CHANNELS};
  return add(b, node, 0, NULL);
}

static cvz_window window(int kh, int kw, int sh, int sw, int dilation, cvz_padding padding)
{
  return (cvz_window){{kh, kw}, {sh, sw}, {dilation, dilation}, padding};
}

static int conv(build *b, int input, cvz_window w, int in, int filters, int groups)
{
  cvz_node node = {.op = CVZ_OP_CONV};
  const int dims[4] = {w.kernel[0], w.kernel[1], in / groups, filters};
  node.conv = (cvz_conv){w, filters, groups, weight(b, 4, dims, -0.5f, 0.5f), vector(b, filters, -0.2f, 0.2f)};
  return after(b, input, node);
}

static int dense(build *b, int input, int in, int units)
{
  cvz_node node = {.op = CVZ_OP_CONV};
  const int dims[2] = {in, units};
  node.conv = (cvz_conv){window(1, 1, 1, 1, 1, CVZ_VALID), units, 1, weight(b, 2, dims, -0.5f, 0.5f), CVZ_NO_WEIGHT};
  return after(b, input, node);
}

static int depthwise(build *b, int input, cvz_window w, int in, int multiplier)
{
  cvz_node node = {.op = CVZ_OP_DEPTHWISE};
  const int dims[4] = {w.kernel[0], w.kernel[1], in, multiplier};
  node.conv = (cvz_conv){w, multiplier, 1, weight(b, 4, dims, -0.5f, 0.5f), vector(b, in * multiplier, -0.2f, 0.2f)};
  return after(b, input, node);
}

static int norm(build *b, int input, int channels)
{
  cvz_node node = {.op = CVZ_OP_AFFINE};
  node.affine = (cvz_affine){.gamma = vector(b, channels, 0.5f, 1.5f),
                             .beta = vector(b, channels, -0.3f, 0.3f),
                             .mean = vector(b, channels, -0.3f, 0.3f),
                             .variance = vector(b, channels, 0.5f, 1.5f),
                             .epsilon = 1e-3f};
  return after(b, input, node);
}

static int constants(build *b, int input)
{
  float scale[CHANNELS] = {0.5f, -1, 2, 0.25f}, offset[CHANNELS] = {0.1f, 0, -0.5f, 1};
  cvz_node node = {.op = CVZ_OP_AFFINE};
  node.affine = (cvz_affine){CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, 0, false, scale, offset, CHANNELS};
  return after(b, input, node);
}

static int activation(build *b, int input, cvz_function function, float slope, float max, float threshold)
{
  cvz_node node = {.op = CVZ_OP_ACTIVATION};
  node.activation = (cvz_activation){function, slope, max, threshold};
  return after(b, input, node);
}

static int relu(build *b, int input)
{
  return activation(b, input, CVZ_RELU, 0, INFINITY, 0);
}

static int pool(build *b, int input, cvz_op op, cvz_window w)
{
  cvz_node node = {.op = op};
  node.pool = w;
  return after(b, input, node);
}

static int simple(build *b, int input, cvz_op op)
{
  return after(b, input, (cvz_node){.op = op});
}

static int pad(build *b, int input, int top, int bottom, int left, int right)
{
  cvz_node node = {.op = CVZ_OP_PAD};
  node.pad = (cvz_pad){top, bottom, left, right};
  return after(b, input, node);
}

static int reshape(build *b, int input, int rank, int a, int c, int d)
{
  cvz_node node = {.op = CVZ_OP_RESHAPE};
  node.reshape = (cvz_reshape){rank, {a, c, d}};
  return after(b, input, node);
}

static int merge(build *b, cvz_op op, int count, int x, int y, int z)
{
  return add(b, (cvz_node){.op = op}, count, (int[]){x, y, z});
}

typedef struct subject {
  build *b;
  int target, channel, border;
  bool one_channel;
  const cvz_kernels *kernels;
} subject;

/* Mean of the channel over the target's map less the border: the loss, in double precision. */
static double reference_loss(const subject *s, const double *image, double *largest)
{
  const cvz_graph *graph = &s->b->graph;
  reference_map *maps = calloc((size_t)graph->node_count, sizeof *maps);
  reference_forward(graph, s->target, HEIGHT, WIDTH, image, s->b->weights, maps);
  const reference_map *map = &maps[s->target];
  double sum = 0;
  int count = 0;
  for (int y = s->border; y < map->height - s->border; y++)
    for (int x = s->border; x < map->width - s->border; x++, count++) sum += reference_at(map, y, x, s->channel);
  if (largest) *largest = fabs(sum / count) > 1e-2 ? fabs(sum / count) : 1e-2;
  reference_free(graph, maps);
  free(maps);
  return sum / count;
}

static double view_mean(cvz_view view)
{
  double sum = 0;
  for (int y = 0; y < view.height; y++)
    for (int x = 0; x < view.width; x++) sum += (double)view.data[(size_t)y * view.row + (size_t)x * view.pixel];
  return sum / (view.height * view.width);
}

static double relative_difference(const float *gradient, const subject *s, double *image, size_t count)
{
  double difference = 0, norm_ = 0;
  for (size_t i = 0; i < count; i++) {
    const double kept = image[i];
    image[i] = kept + STEP;
    const double up = reference_loss(s, image, NULL);
    image[i] = kept - STEP;
    const double exact = (up - reference_loss(s, image, NULL)) / (2 * STEP);
    image[i] = kept;
    difference += ((double)gradient[i] - exact) * ((double)gradient[i] - exact);
    norm_ += exact * exact;
  }
  assert_true(norm_ > 0);
  return sqrt(difference / norm_);
}

static void check_run(const subject *s, cvz_run *run)
{
  const size_t count = HEIGHT * WIDTH * CHANNELS;
  double *image = calloc(count, sizeof *image), size;
  const cvz_random random = cvz_random_stream(3, 0, 0, 0, CVZ_PURPOSE_INIT, 0);
  cvz_random_uniform(&random, 0, count, cvz_run_image(run));
  for (size_t i = 0; i < count; i++) image[i] = (double)(cvz_run_image(run)[i] -= 0.5f);
  cvz_run_select(run, s->channel);
  for (int pass = 0; pass < 2; pass++) { /* the second finds the arena as the first has left it */
    cvz_run_forward(run);
    const cvz_view map = cvz_run_target(run);
    const double exact = reference_loss(s, image, &size);
    if (fabs(view_mean(map) - exact) > VALUE_BOUND * size) fail_msg("loss %g, expected %g", view_mean(map), exact);
    cvz_run_backward(run, 1.0f / (float)(map.height * map.width));
  }
  const double error = relative_difference(cvz_run_gradient(run), s, image, count);
  free(image);
  if (error > GRADIENT_BOUND)
    fail_msg("gradient off by %g (%s, border %d, one channel %d)", error, cvz_isa_name(s->kernels->isa), s->border,
             s->one_channel);
}

static void check_plan(const subject *s)
{
  cvz_error error = {0};
  cvz_packs *packs = NULL;
  cvz_plan *plan = NULL;
  cvz_run *run = NULL;
  cvz_block packed = {0}, arena = {0};
  const cvz_plan_request request = {s->target, s->border, s->one_channel, HEIGHT, WIDTH, s->kernels};
  assert_int_equal(cvz_packs_create(&packs, &s->b->graph, cvz_gemm_openblas(), &error), CVZ_OK);
  if (cvz_plan_create(&plan, &s->b->graph, &request, packs, &error) != CVZ_OK) fail_msg("%s", error.text);
  assert_int_equal(cvz_block_create(&packed, cvz_packs_layout(packs) * sizeof(float), &error), CVZ_OK);
  assert_int_equal(cvz_block_create(&arena, cvz_plan_arena(plan) * sizeof(float), &error), CVZ_OK);
  cvz_packs_bind(packs, packed.data);
  assert_int_equal(cvz_packs_fill(packs, s->b->weights, 0, 1, &error), CVZ_OK);
  assert_int_equal(cvz_run_create(&run, plan, arena.data, &error), CVZ_OK);
  check_run(s, run);
  cvz_run_free(run);
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  cvz_block_free(&packed);
  cvz_block_free(&arena);
}

/* All instruction sets, whole maps and needed regions, all channels and one; then frees the graph. */
static void check(build *b, int target, int channel, int border)
{
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++)
    for (int one = 0; one < 2; one++)
      for (int margin = 0; margin <= border; margin += border ? border : 1) {
        subject s = {b, target, channel, margin, one, NULL};
        assert_int_equal(cvz_kernels_select(&s.kernels, (cvz_isa)isa, NULL), CVZ_OK);
        check_plan(&s);
      }
  cvz_graph_free(&b->graph);
  free(b->weights);
}

static void convolution_of_any_window(void **state)
{
  (void)state;
  const cvz_window windows[] = {window(3, 3, 1, 1, 1, CVZ_SAME),  window(3, 3, 2, 2, 1, CVZ_SAME),
                                window(2, 4, 1, 1, 1, CVZ_SAME),  window(1, 7, 1, 1, 1, CVZ_VALID),
                                window(5, 3, 2, 1, 1, CVZ_VALID), window(3, 3, 1, 1, 2, CVZ_SAME),
                                window(1, 1, 1, 1, 1, CVZ_VALID), window(1, 1, 2, 2, 1, CVZ_SAME),
                                window(2, 2, 3, 3, 1, CVZ_SAME)};
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
    build b;
    const int first = conv(&b, start(&b), windows[i], CHANNELS, 6, 1);
    const int target = conv(&b, first, window(3, 3, 1, 1, 1, CVZ_SAME), 6, 5, 1);
    check(&b, target, 3, 1);
    const int alone = conv(&b, start(&b), windows[i], CHANNELS, 6, 1);
    check(&b, alone, 5, 1);
  }
}

static void grouped_convolution(void **state)
{
  (void)state;
  build b;
  const int first = conv(&b, start(&b), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 6, 2);
  check(&b, conv(&b, first, window(3, 2, 2, 1, 1, CVZ_SAME), 6, 6, 3), 4, 1);
}

static void depthwise_convolution(void **state)
{
  (void)state;
  for (int multiplier = 1; multiplier < 4; multiplier++) {
    build b;
    int node = depthwise(&b, start(&b), window(3, 3, 2, 2, 1, CVZ_SAME), CHANNELS, multiplier);
    node = depthwise(&b, node, window(5, 3, 1, 1, 1, CVZ_SAME), CHANNELS * multiplier, 1);
    check(&b, depthwise(&b, node, window(2, 2, 1, 1, 2, CVZ_VALID), CHANNELS * multiplier, multiplier), 2, 1);
  }
}

static void dense_layers_behind_a_reshape(void **state)
{
  (void)state;
  build b;
  const int map = pool(&b, start(&b), CVZ_OP_AVGPOOL, window(4, 4, 4, 4, 1, CVZ_VALID));
  const int hidden = dense(&b, reshape(&b, map, 1, -1, 0, 0), 2 * 3 * CHANNELS, 7);
  check(&b, simple(&b, dense(&b, activation(&b, hidden, CVZ_TANH, 0, 0, 0), 7, 5), CVZ_OP_SOFTMAX), 2, 0);
  const int moved = reshape(&b, conv(&b, start(&b), window(1, 1, 1, 1, 1, CVZ_VALID), CHANNELS, 2, 1), 3, 13, 11, 2);
  check(&b, conv(&b, moved, window(3, 3, 1, 1, 1, CVZ_SAME), 2, 3, 1), 1, 2);
}

static void batch_norm_alone_and_folded(void **state)
{
  (void)state;
  build b;
  check(&b, norm(&b, start(&b), CHANNELS), 1, 2);
  check(&b, constants(&b, start(&b)), 2, 2);
  const int folded = norm(&b, conv(&b, start(&b), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 6, 1), 6);
  check(&b, conv(&b, activation(&b, folded, CVZ_RELU, 0, 0.4f, 0), window(3, 3, 1, 1, 1, CVZ_SAME), 6, 3, 1), 0, 1);
  const int single = norm(&b, depthwise(&b, start(&b), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 2), 2 * CHANNELS);
  check(&b, conv(&b, relu(&b, single), window(1, 1, 1, 1, 1, CVZ_SAME), 2 * CHANNELS, 3, 1), 0, 1);
}

static void activations_of_every_kind(void **state)
{
  (void)state;
  const cvz_activation kinds[] = {{CVZ_LINEAR, 0, INFINITY, 0},     {CVZ_RELU, 0, INFINITY, 0},
                                  {CVZ_RELU, 0.2f, INFINITY, 0},    {CVZ_RELU, 0, 0.3f, 0},
                                  {CVZ_RELU, 0.1f, 0.3f, 0.1f},     {CVZ_SIGMOID, 0, 0, 0},
                                  {CVZ_TANH, 0, 0, 0},              {CVZ_SWISH, 0, 0, 0}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    build b;
    const int before = conv(&b, start(&b), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 6, 1);
    const cvz_activation *a = &kinds[i];
    const int node = activation(&b, before, a->function, a->negative_slope, a->max_value, a->threshold);
    check(&b, conv(&b, node, window(3, 3, 1, 1, 1, CVZ_SAME), 6, 3, 1), 1, 2);
    const int alone = activation(&b, start(&b), a->function, a->negative_slope, a->max_value, a->threshold);
    check(&b, alone, 1, 2);
  }
}

static void pooling(void **state)
{
  (void)state;
  const cvz_window windows[] = {window(2, 2, 2, 2, 1, CVZ_VALID), window(3, 3, 2, 2, 1, CVZ_SAME),
                                window(3, 2, 1, 2, 1, CVZ_SAME), window(3, 3, 1, 1, 1, CVZ_VALID)};
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
    for (int op = CVZ_OP_MAXPOOL; op <= CVZ_OP_AVGPOOL; op++) {
      build b;
      const int node = pool(&b, start(&b), (cvz_op)op, windows[i]);
      check(&b, conv(&b, node, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 3, 1), 1, 1);
      const int alone = pool(&b, start(&b), (cvz_op)op, windows[i]);
      check(&b, alone, 1, 1);
    }
}

static void padding_and_cropping(void **state)
{
  (void)state;
  build b;
  check(&b, conv(&b, pad(&b, start(&b), 1, 2, 3, 0), window(3, 3, 2, 2, 1, CVZ_VALID), CHANNELS, 3, 1), 1, 1);
  check(&b, conv(&b, pad(&b, start(&b), -1, -2, 1, -3), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 3, 1), 1, 2);
  check(&b, pad(&b, start(&b), 2, -1, 0, 1), 1, 2);
}

static void sums_of_maps(void **state)
{
  (void)state;
  build b;
  int image = start(&b);
  int x = conv(&b, image, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, CHANNELS, 1);
  const int y = relu(&b, conv(&b, x, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, CHANNELS, 1));
  const int sum = merge(&b, CVZ_OP_ADD, 3, x, y, image);
  check(&b, merge(&b, CVZ_OP_ADD, 2, relu(&b, sum), sum, 0), 2, 2);
  image = start(&b);
  x = conv(&b, image, window(1, 1, 1, 1, 1, CVZ_SAME), CHANNELS, CHANNELS, 1);
  check(&b, merge(&b, CVZ_OP_ADD, 2, x, x, 0), 2, 2);
  image = start(&b);
  x = conv(&b, image, window(1, 1, 1, 1, 1, CVZ_SAME), CHANNELS, 1, 1);
  check(&b, merge(&b, CVZ_OP_ADD, 2, image, x, 0), 2, 2);
}

static void products_with_broadcast(void **state)
{
  (void)state;
  build b;
  int image = start(&b);
  const int mean = reshape(&b, simple(&b, image, CVZ_OP_GLOBALAVG), 3, 1, 1, CHANNELS);
  const int gate = activation(&b, conv(&b, mean, window(1, 1, 1, 1, 1, CVZ_SAME), CHANNELS, CHANNELS, 1), CVZ_SIGMOID, 0,
                              0, 0);
  const int gated = merge(&b, CVZ_OP_MULTIPLY, 2, image, gate, 0);
  check(&b, conv(&b, gated, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 3, 1), 1, 2);
  image = start(&b);
  const int spot = conv(&b, image, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 1, 1);
  check(&b, merge(&b, CVZ_OP_MULTIPLY, 2, image, spot, 0), 1, 2);
  image = start(&b);
  const int other = conv(&b, image, window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, CHANNELS, 1);
  check(&b, merge(&b, CVZ_OP_MULTIPLY, 3, image, other, image), 1, 2);
}

static void concatenation_of_branches(void **state)
{
  (void)state;
  build b;
  const int image = start(&b);
  const int x = relu(&b, norm(&b, conv(&b, image, window(1, 1, 1, 1, 1, CVZ_SAME), CHANNELS, 3, 1), 3));
  const int y = pool(&b, image, CVZ_OP_MAXPOOL, window(3, 3, 1, 1, 1, CVZ_SAME));
  const int all = merge(&b, CVZ_OP_CONCAT, 3, x, image, y);
  check(&b, conv(&b, all, window(3, 3, 2, 2, 1, CVZ_SAME), 3 + 2 * CHANNELS, 3, 1), 1, 1);
}

static void target_in_the_middle_of_a_chain(void **state)
{
  (void)state;
  build b;
  const int before = conv(&b, start(&b), window(3, 3, 1, 1, 1, CVZ_SAME), CHANNELS, 6, 1);
  relu(&b, norm(&b, before, 6));
  check(&b, before, 5, 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolution_of_any_window),   cmocka_unit_test(grouped_convolution),
      cmocka_unit_test(depthwise_convolution),       cmocka_unit_test(dense_layers_behind_a_reshape),
      cmocka_unit_test(batch_norm_alone_and_folded), cmocka_unit_test(activations_of_every_kind),
      cmocka_unit_test(pooling),                     cmocka_unit_test(padding_and_cropping),
      cmocka_unit_test(sums_of_maps),                cmocka_unit_test(products_with_broadcast),
      cmocka_unit_test(concatenation_of_branches),   cmocka_unit_test(target_in_the_middle_of_a_chain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
