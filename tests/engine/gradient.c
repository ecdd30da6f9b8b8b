#include "gradient.h"

#include <stdlib.h>
#include <string.h>

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

net net_of(int height, int width, int channels)
{
  net n = {.height = height, .width = width};
  assert_int_equal(cvz_graph_add_layer(&n.graph, "layer", "Layer", 0, NULL, NULL), 0);
  const cvz_node node = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, channels}};
  n.graph.input = n.input = cvz_graph_add_node(&n.graph, &node, NULL);
  return n;
}

int add(net *n, cvz_node node, int count, const int *inputs)
{
  int copy[4];
  memcpy(copy, inputs, (size_t)count * sizeof *copy);
  node.inputs = copy;
  node.input_count = count;
  const int index = cvz_graph_add_node(&n->graph, &node, NULL);
  assert_true(index >= 0);
  return index;
}

int weight(net *n, const char *name, int rank, const int *dims)
{
  const int index = cvz_graph_add_weight(&n->graph, name, rank, dims, NULL);
  assert_true(index >= 0);
  return index;
}

cvz_window window(int kh, int kw, int sh, int sw, int dh, int dw, cvz_padding padding)
{
  return (cvz_window){{kh, kw}, {sh, sw}, {dh, dw}, padding};
}

cvz_window square(int kernel, int stride, cvz_padding padding)
{
  return window(kernel, kernel, stride, stride, 1, 1, padding);
}

/* `channels` are those of the input. */
int conv(net *n, int from, cvz_window w, int channels, int filters, int groups, bool bias)
{
  const cvz_conv c = {w, filters, groups,
                      weight(n, "kernel", 4, (int[]){w.kernel[0], w.kernel[1], channels / groups, filters}),
                      bias ? weight(n, "bias", 1, &filters) : CVZ_NO_WEIGHT};
  return add(n, (cvz_node){.op = CVZ_OP_CONV, .conv = c}, 1, &from);
}

int dense(net *n, int from, int channels, int units)
{
  const cvz_conv c = {square(1, 1, CVZ_VALID), units, 1, weight(n, "kernel", 2, (int[]){channels, units}),
                      weight(n, "bias", 1, &units)};
  return add(n, (cvz_node){.op = CVZ_OP_CONV, .conv = c}, 1, &from);
}

int depthwise(net *n, int from, cvz_window w, int channels, int multiplier, bool bias)
{
  const int outputs = channels * multiplier;
  const cvz_conv c = {w, multiplier, 1, weight(n, "kernel", 4, (int[]){w.kernel[0], w.kernel[1], channels, multiplier}),
                      bias ? weight(n, "bias", 1, &outputs) : CVZ_NO_WEIGHT};
  return add(n, (cvz_node){.op = CVZ_OP_DEPTHWISE, .conv = c}, 1, &from);
}

int batch_norm(net *n, int from, int channels)
{
  const cvz_affine a = {.gamma = weight(n, "gamma", 1, &channels),
                        .beta = weight(n, "beta", 1, &channels),
                        .mean = weight(n, "mean", 1, &channels),
                        .variance = weight(n, "variance", 1, &channels),
                        .epsilon = 1e-3f};
  return add(n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = a}, 1, &from);
}

int rescaling(net *n, int from, int constants, float *scale, float *offset)
{
  const cvz_affine a = {CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, CVZ_NO_WEIGHT, 0, false, scale, offset, constants};
  return add(n, (cvz_node){.op = CVZ_OP_AFFINE, .affine = a}, 1, &from);
}

int activation(net *n, int from, cvz_function function)
{
  return add(n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = {function, 0, INFINITY, 0}}, 1, &from);
}

int relu(net *n, int from, float slope, float max, float threshold)
{
  return add(n, (cvz_node){.op = CVZ_OP_ACTIVATION, .activation = {CVZ_RELU, slope, max, threshold}}, 1, &from);
}

int pool(net *n, int from, cvz_op op, cvz_window w)
{
  return add(n, (cvz_node){.op = op, .pool = w}, 1, &from);
}

int pad(net *n, int from, int top, int bottom, int left, int right)
{
  return add(n, (cvz_node){.op = CVZ_OP_PAD, .pad = {top, bottom, left, right}}, 1, &from);
}

int plain(net *n, int from, cvz_op op)
{
  return add(n, (cvz_node){.op = op}, 1, &from);
}

int merge(net *n, cvz_op op, int a, int b)
{
  return add(n, (cvz_node){.op = op}, 2, (int[]){a, b});
}

int merge3(net *n, cvz_op op, int a, int b, int c)
{
  return add(n, (cvz_node){.op = op}, 3, (int[]){a, b, c});
}

int reshape(net *n, int from, int rank, int first, int second, int third)
{
  return add(n, (cvz_node){.op = CVZ_OP_RESHAPE, .reshape = {rank, {first, second, third}}}, 1, &from);
}

/* A first convolution, so that what follows has values of both signs that depend on the image. */
int stem(net *n, int filters)
{
  return conv(n, n->input, square(3, 1, CVZ_SAME), n->graph.nodes[n->input].input.channels, filters, 1, true);
}

float *random_weights(const cvz_graph *graph)
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

/* Redirection changes nothing where all ReLUs on the way let something through; where the gradient is 0, one does not.
 */
static void check_gradient(const subject *s, const float *gradient, int border, int channel, bool redirect)
{
  const double *expected = s->gradients + ((size_t)border * (size_t)s->channels + (size_t)channel) * s->pixels;
  double norm = 0, error = 0;
  for (size_t i = 0; i < s->pixels; i++) {
    norm += expected[i] * expected[i];
    error += ((double)gradient[i] - expected[i]) * ((double)gradient[i] - expected[i]);
  }
  norm = sqrt(norm), error = sqrt(error);
  if (redirect && norm == 0) return;
  if (!(error <= GRADIENT_BOUND * norm)) fail_msg("gradient of channel %d is off by %g of %g", channel, error, norm);
  if (norm > 0) worst_gradient = fmax(worst_gradient, error / norm);
}

/* The arena starts as NaN, since it may have served another run: what is read before it is written shows. */
static void run_channels(const subject *s, const cvz_plan *plan, int border, bool redirect)
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
    check_gradient(s, cvz_run_gradient(run), border, channel, redirect);
    assert_memory_equal(cvz_run_image(run), s->image, s->pixels * sizeof(float));
  }
  cvz_run_free(run);
  cvz_block_free(&arena);
}

static void check_plan(const subject *s, cvz_isa isa, const cvz_gemm *gemm, bool one_channel, int border, bool redirect)
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
  const cvz_plan_request request = {.target = s->target,
                                    .border = border,
                                    .one_channel = one_channel,
                                    .height = s->n->height,
                                    .width = s->n->width,
                                    .kernels = kernels,
                                    .redirect = redirect};
  if (cvz_plan_create(&plan, &s->n->graph, &request, packs, &error) != CVZ_OK) fail_msg("%s", error.text);
  assert_int_equal(cvz_block_create(&memory, cvz_packs_layout(packs) * sizeof(float), &error), CVZ_OK);
  cvz_packs_bind(packs, memory.data);
  for (int part = 0; part < 3; part++) assert_int_equal(cvz_packs_fill(packs, s->weights, part, 3, &error), CVZ_OK);
  run_channels(s, plan, border, redirect);
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  cvz_block_free(&memory);
}

void check_ways(const char *name, const net *n, int target, bool redirect)
{
  subject s = subject_of(name, n, target);
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++) {
    const cvz_gemm *const backends[] = {cvz_gemm_openblas(), cvz_gemm_libxsmm((cvz_isa)isa)};
    for (int i = 0; i < 2 && backends[i]; i++) {
      if (redirect) check_plan(&s, (cvz_isa)isa, backends[i], true, 0, true);
      for (int border = 0; border < s.borders; border++) {
        check_plan(&s, (cvz_isa)isa, backends[i], false, border, false);
        check_plan(&s, (cvz_isa)isa, backends[i], true, border, false);
      }
    }
  }
  subject_free(&s);
}

void check(const char *name, const net *n, int target)
{
  check_ways(name, n, target, true);
}

void check_and_free(const char *name, net *n, int target)
{
  check(name, n, target);
  cvz_graph_free(&n->graph);
}

int print_worst(void **state)
{
  (void)state;
  print_message("worst relative error: values %.2g, gradients %.2g\n", worst_value, worst_gradient);
  return 0;
}
