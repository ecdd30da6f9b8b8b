/* Every operator's values and gradients against the reference: values to 1e-5, gradients to 1e-4 of central differences
 * in double precision, for each instruction set, whole maps and needed regions, all channels and one alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "engine/run.h"
#include "reference.h"

#define VALUE_BOUND    1e-5
#define GRADIENT_BOUND 1e-4
#define DIFFERENCE     1e-6
#define BORDERS        8
#define CHANNELS       8

static double worst_value, worst_gradient;

/* A graph under construction; its image is `input`. */
typedef struct net {
  cvz_graph graph;
  int input, height, width;
} net;

static net net_of(int height, int width, int channels)
{
  net n = {.height = height, .width = width};
  assert_int_equal(cvz_graph_add_layer(&n.graph, "layer", "Layer", 0, NULL, NULL), 0);
  const cvz_node node = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, channels}};
  n.graph.input = n.input = cvz_graph_add_node(&n.graph, &node, NULL);
  return n;
}

static int add(net *n, cvz_node node, int count, const int *inputs)
{
  int copy[4];
  memcpy(copy, inputs, (size_t)count * sizeof *copy);
  node.inputs = copy;
  node.input_count = count;
  const int index = cvz_graph_add_node(&n->graph, &node, NULL);
  assert_true(index >= 0);
  return index;
}

static int weight(net *n, const char *name, int rank, const int *dims)
{
  const int index = cvz_graph_add_weight(&n->graph, name, rank, dims, NULL);
  assert_true(index >= 0);
  return index;
}

static cvz_window window(int kh, int kw, int sh, int sw, int dh, int dw, cvz_padding padding)
{
  return (cvz_window){{kh, kw}, {sh, sw}, {dh, dw}, padding};
}

static cvz_window square(int kernel, int stride, cvz_padding padding)
{
  return window(kernel, kernel, stride, stride, 1, 1, padding);
}

/* `channels` are those of the input. */
static int conv(net *n, int from, cvz_window w, int channels, int filters, int groups, bool bias)
{
  const cvz_conv c = {w, filters, groups,
                      weight(n, "kernel", 4, (int[]){w.kernel[0], w.kernel[1], channels / groups, filters}),
                      bias ? weight(n, "bias", 1, &filters) : CVZ_NO_WEIGHT};
  return add(n, (cvz_node){.op = CVZ_OP_CONV, .conv = c}, 1, &from);
}

static int dense(net *n, int from, int channels, int units)
{
  const cvz_conv c = {square(1, 1, CVZ_VALID), units, 1, weight(n, "kernel", 2, (int[]){channels, units}),
                      weight(n, "bias", 1, &units)};
  return add(n, (cvz_node){.op = CVZ_OP_CONV, .conv = c}, 1, &from);
}

static int depthwise(net *n, int from, cvz_window w, int channels, int multiplier, bool bias)
{
  const int outputs = channels * multiplier;
  const cvz_conv c = {w, multiplier, 1, weight(n, "kernel", 4, (int[]){w.kernel[0], w.kernel[1], channels, multiplier}),
                      bias ? weight(n, "bias", 1, &outputs) : CVZ_NO_WEIGHT};
  return add(n, (cvz_node){.op = CVZ_OP_DEPTHWISE, .conv = c}, 1, &from);
}

static int batch_norm(net *n, int from, int channels)
{
  const cvz_affine a = {.gamma = weight(n, "gamma", 1, &channels),
                        .beta = weight(n, "beta", 1, &channels),
                        .mean = weight(n, "mean", 1, &channels),
                        .variance = weight(n, "variance", 1, &channels),
                        .epsilon = 1e-3f};
  return add(n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = a}, 1, &from);
}

static int rescaling(net *n, int from, int constants, float *scale, float *offset)
{
  const cvz_affine a = {CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, 0, false, scale, offset, constants};
  return add(n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = a}, 1, &from);
}

static int activation(net *n, int from, cvz_function function)
{
  return add(n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = {function, 0, INFINITY, 0}}, 1, &from);
}

static int relu(net *n, int from, float slope, float max, float threshold)
{
  return add(n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = {CVZ_RELU, slope, max, threshold}}, 1, &from);
}

static int pool(net *n, int from, cvz_op op, cvz_window w)
{
  return add(n, (cvz_node){.op = op, .pool = w}, 1, &from);
}

static int pad(net *n, int from, int top, int bottom, int left, int right)
{
  return add(n, (cvz_node){.op = CVZ_OP_PAD, .pad = {top, bottom, left, right}}, 1, &from);
}

static int plain(net *n, int from, cvz_op op)
{
  return add(n, (cvz_node){.op = op}, 1, &from);
}

static int merge(net *n, cvz_op op, int a, int b)
{
  return add(n, (cvz_node){.op = op}, 2, (int[]){a, b});
}

static int merge3(net *n, cvz_op op, int a, int b, int c)
{
  return add(n, (cvz_node){.op = op}, 3, (int[]){a, b, c});
}

static int reshape(net *n, int from, int rank, int first, int second, int third)
{
  return add(n, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = {rank, {first, second, third}}}, 1, &from);
}

/* A first convolution, so that what follows has values of both signs that depend on the image. */
static int stem(net *n, int filters)
{
  return conv(n, n->input, square(3, 1, CVZ_SAME), n->graph.nodes[n->input].input.channels, filters, 1, true);
}

static float *random_weights(const cvz_graph *graph)
{
  float *values = cvz_array(graph->value_count, sizeof *values, NULL);
  assert_non_null(values);
  const cvz_random random = cvz_random_stream(7, 11, 0, 0, CVZ_PURPOSE_WEIGHTS, 0);
  cvz_random_uniform(&random, 0, graph->value_count, values);
  for (int i = 0; i < graph->weight_count; i++) {
    const bool positive = !strcmp(graph->weights[i].name, "variance");
    for (size_t j = 0; j < graph->weights[i].count; j++)
      values[graph->weights[i].offset + j] -= positive ? -0.2f : 0.5f;
  }
  return values;
}

/* A case under test: the network, its values and its image, and what the reference says of them. */
typedef struct subject {
  const char *name;
  const net *n;
  int target;
  float *weights, *image;
  size_t pixels;
  reference_map map; /* the target's, whole */
  int borders, channels;
  double *gradients; /* (borders, channels, pixels), by central differences */
} subject;

static reference_map target_map(const subject *s, const double *image)
{
  reference_map maps[64];
  assert_true(s->n->graph.node_count <= 64);
  reference_forward(&s->n->graph, s->target, s->n->height, s->n->width, image, s->weights, maps);
  const reference_map map = maps[s->target];
  maps[s->target].values = NULL;
  reference_free(&s->n->graph, maps);
  return map;
}

static double loss(const reference_map *map, int border, int channel)
{
  double sum = 0;
  for (int y = border; y < map->height - border; y++)
    for (int x = border; x < map->width - border; x++) sum += reference_at(map, y, x, channel);
  return sum / ((double)(map->height - 2 * border) * (map->width - 2 * border));
}

static void differentiate(subject *s, double *image)
{
  for (size_t i = 0; i < s->pixels; i++) {
    const double at = image[i];
    image[i] = at + DIFFERENCE;
    reference_map above = target_map(s, image);
    image[i] = at - DIFFERENCE;
    reference_map below = target_map(s, image);
    image[i] = at;
    for (int b = 0; b < s->borders; b++)
      for (int k = 0; k < s->channels; k++)
        s->gradients[((size_t)b * (size_t)s->channels + (size_t)k) * s->pixels + i] =
            (loss(&above, b, k) - loss(&below, b, k)) / (2 * DIFFERENCE);
    free(above.values);
    free(below.values);
  }
}

static int least(int a, int b)
{
  return a < b ? a : b;
}

static subject subject_of(const char *name, const net *n, int target)
{
  subject s = {.name = name, .n = n, .target = target, .weights = random_weights(&n->graph)};
  s.pixels = (size_t)n->height * (size_t)n->width * (size_t)n->graph.nodes[n->input].input.channels;
  s.image = cvz_array(s.pixels, sizeof *s.image, NULL);
  double *image = cvz_array(s.pixels, sizeof *image, NULL);
  const cvz_random random = cvz_random_stream(3, 5, 0, 0, CVZ_PURPOSE_INIT, 0);
  cvz_random_uniform(&random, 0, s.pixels, s.image);
  for (size_t i = 0; i < s.pixels; i++) image[i] = (double)(s.image[i] = 2 * s.image[i] - 1);
  s.map = target_map(&s, image);
  s.borders = least(BORDERS, (least(s.map.height, s.map.width) + 1) / 2);
  s.channels = least(CHANNELS, s.map.channels);
  s.gradients = cvz_array((size_t)(s.borders * s.channels) * s.pixels, sizeof *s.gradients, NULL);
  differentiate(&s, image);
  free(image);
  return s;
}

static void subject_free(subject *s)
{
  free(s->weights);
  free(s->image);
  free(s->map.values);
  free(s->gradients);
}

/* Of a channel's whole map, since a needed region may hold but one pixel, in which large terms cancel. */
static double largest(const reference_map *map, int channel)
{
  double most = 0;
  for (int y = 0; y < map->height; y++)
    for (int x = 0; x < map->width; x++) most = fmax(most, fabs(reference_at(map, y, x, channel)));
  return most;
}

static void check_values(const subject *s, cvz_view map, int border, int channel)
{
  double error = 0;
  const double most = largest(&s->map, channel);
  assert_int_equal(map.height, s->map.height - 2 * border);
  assert_int_equal(map.width, s->map.width - 2 * border);
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) {
      const double expected = reference_at(&s->map, y + border, x + border, channel);
      const double difference = fabs((double)map.data[(size_t)y * map.row + (size_t)x * map.pixel] - expected);
      error = difference <= error ? error : difference;
    }
  if (!(error <= VALUE_BOUND * most)) fail_msg("value of channel %d is off by %g of %g", channel, error, most);
  if (most > 0) worst_value = fmax(worst_value, error / most);
}

static void check_gradient(const subject *s, const float *gradient, int border, int channel)
{
  const double *expected = s->gradients + ((size_t)border * (size_t)s->channels + (size_t)channel) * s->pixels;
  double norm = 0, error = 0;
  for (size_t i = 0; i < s->pixels; i++) {
    norm += expected[i] * expected[i];
    error += ((double)gradient[i] - expected[i]) * ((double)gradient[i] - expected[i]);
  }
  norm = sqrt(norm), error = sqrt(error);
  if (!(error <= GRADIENT_BOUND * norm)) fail_msg("gradient of channel %d is off by %g of %g", channel, error, norm);
  if (norm > 0) worst_gradient = fmax(worst_gradient, error / norm);
}

/* The arena starts as NaN, since it may have served another run: what is read before it is written shows. */
static void run_channels(const subject *s, const cvz_plan *plan, int border)
{
  cvz_block arena;
  cvz_run *run;
  const size_t floats = cvz_plan_arena(plan);
  assert_int_equal(cvz_block_create(&arena, floats * sizeof(float), NULL), CVZ_OK);
  for (size_t i = 0; i < floats; i++) ((float *)arena.data)[i] = NAN;
  assert_int_equal(cvz_run_create(&run, plan, arena.data, NULL), CVZ_OK);
  memcpy(cvz_run_image(run), s->image, s->pixels * sizeof(float));
  for (int channel = 0; channel < s->channels; channel++) {
    cvz_run_select(run, channel);
    cvz_run_forward(run);
    const cvz_view map = cvz_run_target(run);
    check_values(s, map, border, channel);
    cvz_run_backward(run, 1.0f / ((float)map.height * (float)map.width));
    check_gradient(s, cvz_run_gradient(run), border, channel);
    assert_memory_equal(cvz_run_image(run), s->image, s->pixels * sizeof(float));
  }
  cvz_run_free(run);
  cvz_block_free(&arena);
}

static void check_plan(const subject *s, cvz_isa isa, const cvz_gemm *gemm, bool one_channel, int border)
{
  const cvz_kernels *kernels;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_block memory;
  cvz_error error = {0};
  print_message("%s: %s, %s, %s, border %d\n", s->name, cvz_isa_name(isa), gemm->name,
                one_channel ? "one channel" : "all channels", border);
  assert_int_equal(cvz_kernels_select(&kernels, isa, &error), CVZ_OK);
  assert_int_equal(cvz_packs_create(&packs, &s->n->graph, gemm, &error), CVZ_OK);
  const cvz_plan_request request = {s->target, border, one_channel, s->n->height, s->n->width, kernels, NULL};
  if (cvz_plan_create(&plan, &s->n->graph, &request, packs, &error) != CVZ_OK) fail_msg("%s", error.text);
  assert_int_equal(cvz_block_create(&memory, cvz_packs_layout(packs) * sizeof(float), &error), CVZ_OK);
  cvz_packs_bind(packs, memory.data);
  for (int part = 0; part < 3; part++) assert_int_equal(cvz_packs_fill(packs, s->weights, part, 3, &error), CVZ_OK);
  run_channels(s, plan, border);
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  cvz_block_free(&memory);
}

static void check(const char *name, const net *n, int target)
{
  subject s = subject_of(name, n, target);
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++) {
    const cvz_gemm *const backends[] = {cvz_gemm_openblas(), cvz_gemm_libxsmm((cvz_isa)isa)};
    for (int i = 0; i < 2 && backends[i]; i++)
      for (int border = 0; border < s.borders; border++) {
        check_plan(&s, (cvz_isa)isa, backends[i], false, border);
        check_plan(&s, (cvz_isa)isa, backends[i], true, border);
      }
  }
  subject_free(&s);
}

static void check_and_free(const char *name, net *n, int target)
{
  check(name, n, target);
  cvz_graph_free(&n->graph);
}

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
  check("norm read twice", &n, merge(&n, CVZ_OP_ADD, clamped, norm));
  check_and_free("clamp of it read twice", &n, merge3(&n, CVZ_OP_ADD, clamped, x, norm));
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

static int print_worst(void **state)
{
  (void)state;
  print_message("worst relative error: values %.2g, gradients %.2g\n", worst_value, worst_gradient);
  return 0;
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
