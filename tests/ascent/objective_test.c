/* Objectives over one map and over several: values and gradients against the reference network in double precision and
 * its central differences, on every instruction set. */
#include "ascent/objective.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "gradient.h"
#include "reference.h"

#define DIFFERENCE 1e-5
#define BOUND      1e-5
#define MAPS       4

static const float slanted[8] = {1, -0.5f, 2, 0.25f, -1, 0.75f, 0.5f, -2};

/* A network, the nodes that are looked at, and what is made of them; the terms' maps are places in `nodes`. */
typedef struct subject {
  net n;
  int nodes[MAPS], count;
  cvz_region parts[MAPS];
  cvz_objective objective;
  float *weights;
  float image[512];
  double exact[512];
  size_t pixels;
} subject;

static double pixel_of(const cvz_term *term, const reference_map *map, int y, int x)
{
  double dot = 0, xx = 0, vv = 0;
  if (term->kind == CVZ_TERM_CHANNEL) return reference_at(map, y, x, term->channel);
  for (int c = 0; c < map->channels; c++) {
    const double a = reference_at(map, y, x, c), v = term->vector ? (double)term->vector[c] : 0;
    dot += a * v, xx += a * a, vv += v * v;
  }
  if (term->kind == CVZ_TERM_SQUARE) return xx / map->channels;
  return dot * pow(fmax(0.1, dot / ((1e-4 + sqrt(xx)) * (1e-4 + sqrt(vv)))), term->power);
}

static double term_of(const subject *s, const cvz_term *term, const reference_map *map)
{
  const cvz_region looked = s->parts[term->map];
  cvz_region part = term->part;
  if (part.y0 == part.y1) part = (cvz_region){0, looked.y1 - looked.y0, 0, looked.x1 - looked.x0};
  double sum = 0;
  for (int y = part.y0; y < part.y1; y++)
    for (int x = part.x0; x < part.x1; x++) sum += pixel_of(term, map, looked.y0 + y, looked.x0 + x);
  return sum / ((part.y1 - part.y0) * (part.x1 - part.x0));
}

static double value_at(const subject *s, const double *image)
{
  reference_map maps[64];
  double value = 0;
  const int last = s->n.graph.node_count - 2; /* all but the one that observes */
  reference_forward(&s->n.graph, last, s->n.height, s->n.width, image, s->weights, maps);
  for (int i = 0; i < s->objective.count; i++) {
    const cvz_term *term = &s->objective.terms[i];
    value += term->weight * term_of(s, term, &maps[s->nodes[term->map]]);
  }
  reference_free(&s->n.graph, maps);
  return value;
}

static void differentiate(const subject *s, double *gradient)
{
  double image[512];
  memcpy(image, s->exact, sizeof image);
  for (size_t i = 0; i < s->pixels; i++) {
    image[i] = s->exact[i] + DIFFERENCE;
    const double above = value_at(s, image);
    image[i] = s->exact[i] - DIFFERENCE;
    gradient[i] = (above - value_at(s, image)) / (2 * DIFFERENCE);
    image[i] = s->exact[i];
  }
}

static void compare(const subject *s, cvz_run *run, const double *expected)
{
  const double value = cvz_objective_value(&s->objective, run), exact = value_at(s, s->exact);
  double error = 0, norm = 0;
  if (!(fabs(value - exact) <= BOUND * fmax(fabs(exact), 0.1))) fail_msg("value %g, expected %g", value, exact);
  cvz_objective_backward(&s->objective, run, 1);
  for (size_t i = 0; i < s->pixels; i++) {
    const double off = (double)cvz_run_gradient(run)[i] - expected[i];
    error += off * off, norm += expected[i] * expected[i];
  }
  assert_true(norm > 0);
  if (!(sqrt(error) <= BOUND * sqrt(norm))) fail_msg("gradient is off by %g of %g", sqrt(error), sqrt(norm));
}

/* The arena starts as NaN, since it may have served another run. */
static void check_kernels(const subject *s, cvz_isa isa, const double *expected)
{
  cvz_plan_request request = {.target = s->n.graph.node_count - 1, .height = s->n.height, .width = s->n.width};
  cvz_packs *packs;
  cvz_plan *plan;
  cvz_run *run;
  cvz_block memory, arena;
  assert_int_equal(cvz_kernels_select(&request.kernels, isa, NULL), CVZ_OK);
  assert_int_equal(cvz_packs_create(&packs, &s->n.graph, cvz_gemm_openblas(), NULL), CVZ_OK);
  assert_int_equal(cvz_plan_create(&plan, &s->n.graph, &request, packs, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&memory, cvz_packs_layout(packs) * sizeof(float), NULL), CVZ_OK);
  cvz_packs_bind(packs, memory.data);
  assert_int_equal(cvz_packs_fill(packs, s->weights, 0, 1, NULL), CVZ_OK);
  assert_int_equal(cvz_block_create(&arena, cvz_plan_arena(plan) * sizeof(float), NULL), CVZ_OK);
  for (size_t i = 0; i < cvz_plan_arena(plan); i++) ((float *)arena.data)[i] = NAN;
  assert_int_equal(cvz_run_create(&run, plan, arena.data, NULL), CVZ_OK);
  assert_int_equal(cvz_run_maps(run), s->count);
  memcpy(cvz_run_image(run), s->image, s->pixels * sizeof(float));
  for (int pass = 0; pass < 2; pass++) {
    cvz_run_forward(run);
    compare(s, run, expected);
  }
  cvz_run_free(run);
  cvz_plan_free(plan);
  cvz_packs_free(packs);
  cvz_block_free(&memory);
  cvz_block_free(&arena);
}

static void check_terms(subject *s, const cvz_term *terms, int count)
{
  double expected[512];
  cvz_node node = {.op = CVZ_OP_OBSERVE, .observe = {s->parts}};
  add(&s->n, node, s->count, s->nodes);
  s->objective = (cvz_objective){terms, count};
  s->weights = random_weights(&s->n.graph);
  s->pixels = (size_t)s->n.height * (size_t)s->n.width * 3;
  assert_true(s->pixels <= 512);
  const cvz_random random = cvz_random_stream(3, 5, 0, 0, CVZ_PURPOSE_INIT, 0);
  cvz_random_uniform(&random, 0, s->pixels, s->image);
  for (size_t i = 0; i < s->pixels; i++) s->exact[i] = (double)(s->image[i] = 2 * s->image[i] - 1);
  differentiate(s, expected);
  for (int isa = 0; isa <= (int)cvz_cpu_isa(); isa++) check_kernels(s, (cvz_isa)isa, expected);
  free(s->weights);
  cvz_graph_free(&s->n.graph);
}

/* Two convolutions with a ReLU between them; all three maps are looked at. */
static subject chain(void)
{
  subject s = {.n = net_of(9, 8, 3), .count = 3};
  s.nodes[0] = stem(&s.n, 8);
  s.nodes[1] = relu(&s.n, s.nodes[0], 0, INFINITY, 0);
  s.nodes[2] = conv(&s.n, s.nodes[1], square(3, 1, CVZ_SAME), 8, 8, 1, true);
  s.parts[0] = s.parts[1] = s.parts[2] = (cvz_region){0, 9, 0, 8};
  return s;
}

static void a_channel_of_a_part(void **state)
{
  (void)state;
  const cvz_term term = {.weight = -1.5, .channel = 3};
  subject s = {.n = net_of(9, 8, 3), .count = 1};
  s.nodes[0] = conv(&s.n, relu(&s.n, stem(&s.n, 6), 0, INFINITY, 0), square(3, 1, CVZ_SAME), 6, 5, 1, true);
  s.parts[0] = (cvz_region){2, 7, 2, 6};
  check_terms(&s, &term, 1);
}

static void one_neuron_needs_but_what_reaches_it(void **state)
{
  (void)state;
  const cvz_term term = {.weight = 1, .channel = 4};
  subject s = {.n = net_of(12, 12, 3), .count = 1};
  s.nodes[0] = conv(&s.n, relu(&s.n, stem(&s.n, 6), 0, INFINITY, 0), square(3, 1, CVZ_SAME), 6, 5, 1, true);
  s.parts[0] = (cvz_region){6, 7, 5, 6};
  check_terms(&s, &term, 1);
}

static void a_direction_of_every_power(void **state)
{
  (void)state;
  for (int power = 0; power < 4; power++) {
    const cvz_term term = {.kind = CVZ_TERM_DIRECTION, .weight = 1, .map = 2, .vector = slanted, .power = power};
    subject s = chain();
    check_terms(&s, &term, 1);
  }
}

static void the_mean_square_of_a_layer(void **state)
{
  (void)state;
  const cvz_term term = {.kind = CVZ_TERM_SQUARE, .weight = 0.5, .map = 1};
  subject s = chain();
  check_terms(&s, &term, 1);
}

static void a_sum_over_layers_of_which_one_is_made_of_the_other(void **state)
{
  (void)state;
  const cvz_term terms[] = {
      {.weight = 1, .map = 2, .channel = 1, .part = {1, 8, 2, 6}},
      {.weight = -0.5, .map = 0, .channel = 7},
      {.weight = 2, .map = 1, .channel = 2, .part = {4, 5, 4, 5}},
      {.kind = CVZ_TERM_DIRECTION, .weight = 0.25, .map = 2, .vector = slanted, .power = 2},
      {.kind = CVZ_TERM_SQUARE, .weight = -0.125, .map = 0},
  };
  subject s = chain();
  check_terms(&s, terms, 5);
}

/* The members lie in the whole; the summand's gradient would be that of the sum. */
static void members_and_summands_are_looked_at(void **state)
{
  (void)state;
  const cvz_term terms[] = {{.weight = 1, .map = 0, .channel = 1},
                            {.weight = -2, .map = 1, .channel = 0},
                            {.weight = 0.5, .map = 2, .channel = 5},
                            {.weight = 1.5, .map = 3, .channel = 2}};
  subject s = {.n = net_of(6, 6, 3), .count = 4};
  const int a = stem(&s.n, 4), b = relu(&s.n, conv(&s.n, a, square(1, 1, CVZ_VALID), 4, 4, 1, true), 0, INFINITY, 0);
  const int whole = merge(&s.n, CVZ_OP_CONCAT, a, b), sum = merge(&s.n, CVZ_OP_ADD, a, b);
  const int nodes[] = {a, b, whole, relu(&s.n, sum, 0, INFINITY, 0)};
  for (int i = 0; i < 4; i++) s.nodes[i] = nodes[i], s.parts[i] = (cvz_region){0, 6, 0, 6};
  s.parts[1] = (cvz_region){1, 5, 0, 4};
  check_terms(&s, terms, 4);
}

static void numbers_before_a_softmax_and_behind_it(void **state)
{
  (void)state;
  const cvz_term terms[] = {{.weight = 1, .map = 0, .channel = 2}, {.weight = -3, .map = 1, .channel = 4}};
  subject s = {.n = net_of(6, 6, 3), .count = 2};
  const int pooled = plain(&s.n, relu(&s.n, stem(&s.n, 8), 0, INFINITY, 0), CVZ_OP_GLOBALAVG);
  s.nodes[0] = dense(&s.n, pooled, 8, 5);
  s.nodes[1] = plain(&s.n, s.nodes[0], CVZ_OP_SOFTMAX);
  s.parts[0] = s.parts[1] = (cvz_region){0, 1, 0, 1};
  check_terms(&s, terms, 2);
}

static void deviations_of_terms_add_as_of_independent_numbers(void **state)
{
  (void)state;
  const cvz_term terms[] = {{.weight = 2}, {.weight = -1}};
  const cvz_term_sums sums[] = {{.sum = 8, .squares = 4 * 4 + 4 * 9, .count = 4},
                                {.sum = 6, .squares = 50, .count = 2}};
  double mean, deviation;
  cvz_objective_spread(&(cvz_objective){terms, 2}, sums, &mean, &deviation);
  assert_float_equal(mean, 2 * 2 - 3, 1e-12);
  assert_float_equal(deviation, sqrt(4 * (13 - 4) + (25 - 9)), 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_channel_of_a_part),
      cmocka_unit_test(one_neuron_needs_but_what_reaches_it),
      cmocka_unit_test(a_direction_of_every_power),
      cmocka_unit_test(the_mean_square_of_a_layer),
      cmocka_unit_test(a_sum_over_layers_of_which_one_is_made_of_the_other),
      cmocka_unit_test(members_and_summands_are_looked_at),
      cmocka_unit_test(numbers_before_a_softmax_and_behind_it),
      cmocka_unit_test(deviations_of_terms_add_as_of_independent_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
