/* Plans whose products are made in a way of their own, against plain loops in double precision. In bfloat16 and on
 * tiles they are exact where all numbers are whole and small; other numbers are within a few times 2^-8 in bfloat16.
 * Maps of 200 tiles of 6 x 6 and more take Winograd's algorithm for such tiles. */
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
#include "engine/report.h"
#include "engine/run.h"
#include "kernel/tiles.h"

#define ROUNDING ldexp(1, -8) /* twice what rounding one number costs at most: a product has two */
#define WINOGRAD 4            /* times that: what the transforms make of it, see engine/conv_winograd.c */
#define NOTICED  1e-4         /* an error that float32 does not have: numbers were rounded */

/* x (height, width, inputs) -> y = a 3 x 3 or 1 x 1 convolution [, ReLU, a 1 x 1 convolution]. */
typedef struct net {
  int height, width, inputs, kernel, middle, outputs, border; /* outputs 0: one convolution */
  cvz_isa isa;
  cvz_graph graph;
  float *weights, *x;
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_block packed, arena;
} net;

static const cvz_bf16 *table_or_skip(cvz_isa isa)
{
  const cvz_bf16 *bf16 = NULL;
  if (cvz_bf16_select(&bf16, "bf16", isa, NULL) == CVZ_OK) return bf16;
  print_message("skipped: this processor has no AVX512-BF16\n");
  skip();
  return NULL;
}

static int add_conv(net *n, int from, int kernel, int channels, int filters)
{
  const int dims[4] = {kernel, kernel, channels, filters};
  const cvz_conv c = {{{kernel, kernel}, {1, 1}, {1, 1}, CVZ_VALID},
                      filters,
                      1,
                      cvz_graph_add_weight(&n->graph, "kernel", 4, dims, NULL),
                      cvz_graph_add_weight(&n->graph, "bias", 1, &filters, NULL)};
  const cvz_node node = {.op = CVZ_OP_CONV, .inputs = &from, .input_count = 1, .conv = c};
  return cvz_graph_add_node(&n->graph, &node, NULL);
}

static int add_relu(net *n, int from)
{
  const cvz_node node = {
      .op = CVZ_OP_ACTIVATION, .inputs = &from, .input_count = 1, .activation = {CVZ_RELU, 0, INFINITY, 0}};
  return cvz_graph_add_node(&n->graph, &node, NULL);
}

static int add_nodes(net *n)
{
  const cvz_node input = {.op = CVZ_OP_INPUT, .input = {3, 0, 0, n->inputs}};
  assert_int_equal(cvz_graph_add_layer(&n->graph, "layer", "Layer", 0, NULL, NULL), 0);
  n->graph.input = cvz_graph_add_node(&n->graph, &input, NULL);
  const int first = add_conv(n, n->graph.input, n->kernel, n->inputs, n->middle);
  return n->outputs ? add_conv(n, add_relu(n, first), 1, n->middle, n->outputs) : first;
}

/* Of -1, 0 and 1 where `whole`, else between -1 and 1. */
static float *numbers(size_t count, uint32_t stream, bool whole)
{
  float *values = cvz_array(count, sizeof *values, NULL);
  const cvz_random random = cvz_random_stream(3, 4, stream, 0, CVZ_PURPOSE_NOISE, 0);
  cvz_random_uniform(&random, 0, count, values);
  for (size_t i = 0; i < count; i++) values[i] = whole ? floorf(3 * values[i]) - 1 : 2 * values[i] - 1;
  return values;
}

static void open_net(net *n, const cvz_bf16 *bf16, bool one_channel, bool whole)
{
  cvz_plan_request request = {
      .target = add_nodes(n), n->border, one_channel, n->height, n->width, .kernels = NULL, .bf16 = bf16};
  n->weights = numbers(n->graph.value_count, 1, whole);
  n->x = numbers((size_t)(n->height * n->width * n->inputs), 2, whole);
  assert_int_equal(cvz_kernels_select(&request.kernels, n->isa, NULL), CVZ_OK);
  assert_int_equal(cvz_packs_create(&n->packs, &n->graph, cvz_gemm_openblas(), NULL), CVZ_OK);
  assert_int_equal(cvz_plan_create(&n->plan, &n->graph, &request, n->packs, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&n->packed, cvz_packs_layout(n->packs) * sizeof(float), NULL), CVZ_OK);
  cvz_packs_bind(n->packs, n->packed.data);
  assert_int_equal(cvz_packs_fill(n->packs, n->weights, 0, 1, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&n->arena, cvz_plan_arena(n->plan) * sizeof(float), NULL), CVZ_OK);
  assert_int_equal(cvz_run_create(&n->run, n->plan, n->arena.data, NULL), CVZ_OK);
}

static void close_net(net *n)
{
  cvz_run_free(n->run);
  cvz_plan_free(n->plan);
  cvz_packs_free(n->packs);
  cvz_graph_free(&n->graph);
  cvz_block_free(&n->packed);
  cvz_block_free(&n->arena);
  free(n->weights);
  free(n->x);
}

static double kernel_at(const net *n, int conv, int tap, int c, int k)
{
  const int channels = conv ? n->middle : n->inputs, filters = conv ? n->outputs : n->middle;
  const float *kernel = n->weights + n->graph.weights[2 * conv].offset;
  return (double)kernel[(tap * channels + c) * filters + k];
}

static double bias_at(const net *n, int conv, int k)
{
  return (double)n->weights[n->graph.weights[2 * conv + 1].offset + (size_t)k];
}

static double x_at(const net *n, int y, int x, int c)
{
  return (double)n->x[((size_t)y * (size_t)n->width + (size_t)x) * (size_t)n->inputs + (size_t)c];
}

/* Channel k of the first convolution at (y, x), before the ReLU. */
static double middle_at(const net *n, int y, int x, int k)
{
  double sum = bias_at(n, 0, k);
  for (int tap = 0; tap < n->kernel * n->kernel; tap++)
    for (int c = 0; c < n->inputs; c++)
      sum += kernel_at(n, 0, tap, c, k) * x_at(n, y + tap / n->kernel, x + tap % n->kernel, c);
  return sum;
}

/* The target at (y, x), and `factor` times its derivative added to gradient (height, width, inputs). */
static double target_at(const net *n, int y, int x, int channel, double factor, double *gradient)
{
  double sum = n->outputs ? bias_at(n, 1, channel) : 0;
  for (int k = n->outputs ? 0 : channel; k < (n->outputs ? n->middle : channel + 1); k++) {
    const double value = middle_at(n, y, x, k), slope = n->outputs ? kernel_at(n, 1, 0, k, channel) : 1;
    if (n->outputs && value <= 0) continue;
    sum += slope * value;
    for (int tap = 0; tap < n->kernel * n->kernel; tap++)
      for (int c = 0; c < n->inputs; c++)
        gradient[((y + tap / n->kernel) * n->width + x + tap % n->kernel) * n->inputs + c] +=
            factor * slope * kernel_at(n, 0, tap, c, k);
  }
  return sum;
}

/* Distances relative to what they are of, root mean square. */
typedef struct distance {
  double square, of;
} distance;

static void add_distance(distance *d, double found, double wanted)
{
  d->square += (found - wanted) * (found - wanted);
  d->of += wanted * wanted;
}

static double relative(const distance *d)
{
  assert_true(d->of > 0);
  return sqrt(d->square / d->of);
}

/* Runs a channel; the distances of its values and of the gradient. */
static void compare(net *n, int channel, double *of_values, double *of_gradient)
{
  const size_t count = (size_t)(n->height * n->width * n->inputs);
  double *gradient = cvz_array(count, sizeof *gradient, NULL);
  distance values = {0, 0}, slopes = {0, 0};
  memcpy(cvz_run_image(n->run), n->x, count * sizeof *n->x);
  cvz_run_select(n->run, channel);
  cvz_run_forward(n->run);
  const cvz_view map = cvz_run_target(n->run);
  const double factor = 1.0 / (map.height * map.width);
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++)
      add_distance(&values, (double)map.data[(size_t)y * map.row + (size_t)x * map.pixel],
                   target_at(n, y + n->border, x + n->border, channel, factor, gradient));
  cvz_run_backward(n->run, (float)factor);
  for (size_t i = 0; i < count; i++) add_distance(&slopes, (double)cvz_run_gradient(n->run)[i], gradient[i]);
  *of_values = relative(&values);
  *of_gradient = relative(&slopes);
  free(gradient);
}

static void check_exact(net n, const cvz_bf16 *bf16, const char *algorithm)
{
  for (int one_channel = 0; one_channel < 2; one_channel++) {
    net copy = n;
    double of_values, of_gradient;
    open_net(&copy, bf16, one_channel, true);
    assert_string_equal(cvz_report_step_of(copy.plan, 0).forward, algorithm);
    assert_string_equal(cvz_report_step_of(copy.plan, 0).backward, algorithm);
    for (int channel = 0; channel < copy.outputs; channel += 5) {
      compare(&copy, channel, &of_values, &of_gradient);
      assert_true(of_values == 0 && of_gradient == 0);
    }
    close_net(&copy);
  }
}

/* Maps whose pixels are a power of two, so that the seed of the gradient is exact. */
static void whole_numbers_are_exact_in_bfloat16(void **state)
{
  (void)state;
  const cvz_isa isa = cvz_cpu_isa();
  const cvz_bf16 *bf16 = table_or_skip(isa);
  check_exact((net){.height = 16, .width = 32, .inputs = 16, .kernel = 1, .middle = 70, .outputs = 24, .isa = isa},
              bf16, "1x1 bf16");
  check_exact(
      (net){.height = 24, .width = 40, .inputs = 18, .kernel = 1, .middle = 34, .outputs = 66, .border = 4, .isa = isa},
      bf16, "1x1 bf16");
  check_exact((net){.height = 8, .width = 128, .inputs = 32, .kernel = 1, .middle = 16, .outputs = 16, .isa = isa},
              bf16, "1x1 bf16");
}

static void whole_numbers_are_exact_on_tiles(void **state)
{
  (void)state;
  const cvz_isa isa = cvz_cpu_isa();
  if (!cvz_tiles_of(isa)) {
    print_message("skipped: this processor or build has no tiles\n");
    skip();
  }
  check_exact((net){.height = 16, .width = 32, .inputs = 32, .kernel = 1, .middle = 70, .outputs = 41, .isa = isa},
              NULL, "1x1 tiles");
  check_exact(
      (net){
          .height = 24, .width = 40, .inputs = 177, .kernel = 1, .middle = 34, .outputs = 66, .border = 4, .isa = isa},
      NULL, "1x1 tiles");
}

/* 16 x 16 tiles of 6 x 6 inputs, the last ones of them partly beyond the map. */
static void large_maps_take_large_tiles_backward(void **state)
{
  (void)state;
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++) {
    net n = {.height = 93, .width = 95, .inputs = 64, .kernel = 3, .middle = 64, .outputs = 8, .isa = (cvz_isa)isa};
    double of_values, of_gradient;
    open_net(&n, NULL, false, false);
    assert_string_equal(cvz_report_step_of(n.plan, 0).forward, "winograd");
    assert_string_equal(cvz_report_step_of(n.plan, 0).backward, "winograd 6x6");
    compare(&n, 7, &of_values, &of_gradient);
    print_message("%s: values %.1e, gradient %.1e\n", cvz_isa_name((cvz_isa)isa), of_values, of_gradient);
    assert_true(of_values <= 5e-6 && of_gradient <= 1e-5);
    close_net(&n);
  }
}

static void others_are_rounded(void **state)
{
  (void)state;
  net n = {.height = 13, .width = 17, .inputs = 32, .kernel = 1, .middle = 48, .isa = cvz_cpu_isa()};
  double of_values, of_gradient;
  open_net(&n, table_or_skip(n.isa), false, false);
  compare(&n, 7, &of_values, &of_gradient);
  print_message("1 x 1: values %.1e, gradient %.1e\n", of_values, of_gradient);
  assert_true(of_values <= ROUNDING && of_values >= NOTICED);
  assert_true(of_gradient <= ROUNDING && of_gradient >= NOTICED);
  close_net(&n);
}

/* The forward pass of Winograd's algorithm stays in float32. */
static void winograd_rounds_backward_alone(void **state)
{
  (void)state;
  net n = {.height = 19, .width = 23, .inputs = 32, .kernel = 3, .middle = 48, .isa = cvz_cpu_isa()};
  double of_values, of_gradient;
  open_net(&n, table_or_skip(n.isa), false, false);
  assert_string_equal(cvz_report_step_of(n.plan, 0).backward, "winograd bf16");
  compare(&n, 7, &of_values, &of_gradient);
  print_message("winograd: values %.1e, gradient %.1e\n", of_values, of_gradient);
  assert_true(of_values <= 1e-5);
  assert_true(of_gradient <= WINOGRAD * ROUNDING && of_gradient >= NOTICED);
  close_net(&n);
}

/* Odd or few channels, and no table. */
static void float32_where_bfloat16_does_not_suit(void **state)
{
  (void)state;
  const net shapes[] = {{.height = 9, .width = 9, .inputs = 17, .kernel = 1, .middle = 32},
                        {.height = 9, .width = 9, .inputs = 32, .kernel = 1, .middle = 14}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    net n = shapes[i];
    double of_values, of_gradient;
    n.isa = cvz_cpu_isa();
    open_net(&n, table_or_skip(n.isa), false, false);
    compare(&n, 3, &of_values, &of_gradient);
    assert_true(of_values <= 1e-6 && of_gradient <= 1e-6);
    close_net(&n);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_numbers_are_exact_in_bfloat16),  cmocka_unit_test(whole_numbers_are_exact_on_tiles),
      cmocka_unit_test(large_maps_take_large_tiles_backward), cmocka_unit_test(others_are_rounded),
      cmocka_unit_test(winograd_rounds_backward_alone),       cmocka_unit_test(float32_where_bfloat16_does_not_suit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
