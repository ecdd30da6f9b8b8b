/* A schedule played with times, and the shares of an atlas of ResNet50V2 on many ranks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "job/cost.h"
#include "job/planner.h"
#include "job/recipe.h"
#include "job/simulate.h"

#include "../model/network.h"

static void the_rank_that_ends_last_makes_the_time(void **state)
{
  (void)state;
  cvz_work_layer layers[2] = {{.filter_count = 2, .flops = 30, .first_unit = 0},
                              {.filter_count = 3, .flops = 20, .first_unit = 2}};
  const cvz_work work = {.layers = layers, .layer_count = 2, .unit_count = 5};
  cvz_schedule schedule;
  assert_int_equal(cvz_schedule_create(&schedule, &work, 2, NULL), CVZ_OK);
  /* By cost 30 + 20 + 20 and 30 + 20; by time 1 + 5 + 5 and 1 + 5. */
  const cvz_simulation planned = cvz_simulate(&schedule, &work, NULL);
  assert_float_equal(planned.makespan, 70, 1e-12);
  assert_float_equal(planned.balance, schedule.balance, 1e-12);
  const cvz_simulation real = cvz_simulate(&schedule, &work, (double[]){1, 5});
  assert_float_equal(real.total, 17, 1e-12);
  assert_float_equal(real.makespan, 11, 1e-12);
  assert_float_equal(real.balance, 17.0 / 2 / 11, 1e-12);
  assert_int_equal(real.fewest, 2);
  assert_int_equal(real.most, 3);
  cvz_schedule_free(&schedule);
}

static cvz_simulation play(const cvz_work *work, const double *seconds, const double *speeds, int ranks, bool dynamic)
{
  cvz_schedule schedule;
  cvz_simulation s;
  assert_int_equal(cvz_schedule_create(&schedule, work, ranks, NULL), CVZ_OK);
  assert_int_equal(cvz_simulate_uneven(&s, &schedule, work, seconds, speeds, dynamic, NULL), CVZ_OK);
  cvz_schedule_free(&schedule);
  return s;
}

static void a_slow_rank_gives_what_it_has_not_begun(void **state)
{
  (void)state;
  cvz_work_layer layer = {.filter_count = 4, .flops = 10};
  const cvz_work work = {.layers = &layer, .layer_count = 1, .unit_count = 4};
  const double seconds[] = {1}, speeds[] = {1, 1.0 / 3};
  const cvz_simulation apart = play(&work, seconds, speeds, 2, false);
  assert_float_equal(apart.makespan, 6, 1e-9);
  assert_float_equal(apart.balance, 0.5, 1e-9);
  /* The fast rank ends its own at 2, takes over the other's second, and both end at 3. */
  const cvz_simulation together = play(&work, seconds, speeds, 2, true);
  assert_float_equal(together.makespan, 3, 1e-9);
  assert_float_equal(together.balance, 1, 1e-9);
  assert_int_equal(together.fewest, 1);
  assert_int_equal(together.most, 3);
}

static void even_ranks_are_as_without_speeds(void **state)
{
  (void)state;
  cvz_work_layer layers[2] = {{.filter_count = 20, .flops = 30, .first_unit = 0},
                              {.filter_count = 31, .flops = 20, .first_unit = 20}};
  const cvz_work work = {.layers = layers, .layer_count = 2, .unit_count = 51};
  const double seconds[] = {30, 20}, speeds[] = {1, 1, 1};
  cvz_schedule schedule;
  assert_int_equal(cvz_schedule_create(&schedule, &work, 3, NULL), CVZ_OK);
  const cvz_simulation plain = cvz_simulate(&schedule, &work, seconds);
  assert_float_equal(play(&work, seconds, speeds, 3, false).makespan, plain.makespan, 1e-9);
  assert_true(play(&work, seconds, speeds, 3, true).makespan <= plain.makespan + 1e-9);
  cvz_schedule_free(&schedule);
}

/* Every convolution of a network under the recipe `keras`, with the costs of its plans. */
typedef struct atlas {
  cvz_graph graph;
  cvz_options options;
  cvz_work work;
} atlas;

static void plan_atlas(atlas *a, cvz_isa isa)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
  cvz_planner planner = {.graph = &a->graph, .gemm = cvz_gemm_openblas(), .loss_border = a->options.loss_border};
  cvz_packs *packs;
  assert_int_equal(cvz_kernels_select(&planner.kernels, isa, NULL), CVZ_OK);
  assert_int_equal(cvz_options_set(&a->options, CVZ_OPTION_layer, "conv", &source, NULL), CVZ_OK);
  assert_int_equal(cvz_work_create(&a->work, &a->graph, &a->options, NULL, NULL), CVZ_OK);
  assert_int_equal(cvz_packs_create(&packs, &a->graph, planner.gemm, NULL), CVZ_OK);
  cvz_plan **plans = calloc((size_t)a->work.layer_count, sizeof *plans);
  assert_int_equal(cvz_planner_all(&planner, &a->work, packs, plans, NULL), CVZ_OK);
  for (int i = 0; i < a->work.layer_count; i++) cvz_plan_free(plans[i]);
  free(plans);
  cvz_packs_free(packs);
}

static void open_atlas(atlas *a, const char *arch, cvz_isa isa)
{
  *a = (atlas){0};
  build_untrained(&a->graph, arch);
  assert_int_equal(cvz_options_init(&a->options, NULL), CVZ_OK);
  assert_int_equal(cvz_recipe_apply(&a->options, NULL), CVZ_OK);
  plan_atlas(a, isa);
}

static void close_atlas(atlas *a)
{
  cvz_work_free(&a->work);
  cvz_options_free(&a->options);
  cvz_graph_free(&a->graph);
}

static void repeat(cvz_work *work, int repeats)
{
  work->unit_count = 0;
  for (int i = 0; i < work->layer_count; i++) {
    work->layers[i].first_unit = work->unit_count;
    work->layers[i].filter_count *= repeats;
    work->unit_count += work->layers[i].filter_count;
  }
}

static void check_balance(const atlas *a, int ranks)
{
  cvz_schedule schedule;
  assert_int_equal(cvz_schedule_create(&schedule, &a->work, ranks, NULL), CVZ_OK);
  const cvz_simulation s = cvz_simulate(&schedule, &a->work, NULL);
  assert_true(s.balance >= 0.95);
  cvz_schedule_free(&schedule);
}

static void an_atlas_of_resnet50v2_fills_1024_ranks_and_16384_with_16_repeats(void **state)
{
  (void)state;
  const cvz_isa sets[] = {CVZ_ISA_PORTABLE, cvz_cpu_isa()};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    atlas a;
    open_atlas(&a, "ResNet50V2", sets[i]);
    assert_int_equal(a.work.layer_count, 53);
    assert_int_equal(a.work.unit_count, 26560);
    check_balance(&a, 1024);
    repeat(&a.work, 16);
    check_balance(&a, 16384);
    close_atlas(&a);
  }
}

/* Times as costs at 250 GFLOP/s; every 16th rank has half the speed. */
static void dynamic_fills_1024_ranks_of_which_some_are_slow(void **state)
{
  (void)state;
  enum { RANKS = 1024 };
  atlas a;
  open_atlas(&a, "ResNet50V2", cvz_cpu_isa());
  double speeds[RANKS], *seconds = calloc((size_t)a.work.layer_count, sizeof *seconds);
  for (int r = 0; r < RANKS; r++) speeds[r] = r % 16 ? 1 : 0.5;
  for (int i = 0; i < a.work.layer_count; i++) seconds[i] = a.work.layers[i].flops * a.options.iterations / 250e9;
  assert_true(play(&a.work, seconds, speeds, RANKS, false).balance < 0.55);
  assert_true(play(&a.work, seconds, speeds, RANKS, true).balance >= 0.95);
  free(seconds);
  close_atlas(&a);
}

/* Layers in the order of the network: each one behind it costs more, unless it skips the other's map. */
static void a_layer_behind_another_costs_more(void **state)
{
  (void)state;
  atlas a;
  open_atlas(&a, "VGG16", cvz_cpu_isa());
  for (int i = 0; i + 1 < a.work.layer_count; i++) assert_true(a.work.layers[i].flops < a.work.layers[i + 1].flops);
  assert_true(a.work.layers[0].flops >= CVZ_COST_IMAGE * 180 * 180 * 3);
  close_atlas(&a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rank_that_ends_last_makes_the_time),
      cmocka_unit_test(an_atlas_of_resnet50v2_fills_1024_ranks_and_16384_with_16_repeats),
      cmocka_unit_test(a_slow_rank_gives_what_it_has_not_begun),
      cmocka_unit_test(even_ranks_are_as_without_speeds),
      cmocka_unit_test(dynamic_fills_1024_ranks_of_which_some_are_slow),
      cmocka_unit_test(a_layer_behind_another_costs_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
