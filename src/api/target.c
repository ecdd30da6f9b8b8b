#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "job/ascent_options.h"
#include "job/cost.h"
#include "job/planner.h"
#include "job/recipe.h"
#include "job/size.h"

static bool is_setting(cvz_option_id id)
{
  const cvz_option *option = &cvz_options_table()[id];
  const bool how = option->group == CVZ_GROUP_HOW && (option->flags & CVZ_OPTION_CHANGES_PICTURE);
  return (how && id != CVZ_OPTION_init) || id == CVZ_OPTION_classes;
}

/* "iterations=60" */
static cvz_status take_setting(cvz_options *options, char *setting, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "setting ", NULL};
  cvz_option_id id;
  char *value = strchr(setting, '=');
  CVZ_REQUIRE(value, error, CVZ_E_USAGE, "setting '%.200s': no value, expected name=value", setting);
  *value++ = 0;
  CVZ_TRY(cvz_options_find(&id, setting, CVZ_OPTION_IN_ARGUMENTS, source.prefix, error));
  CVZ_REQUIRE(is_setting(id), error, CVZ_E_USAGE,
              "setting '%.200s': is none of a target, expected one of how to render", setting);
  return cvz_options_set(options, id, value, &source, error);
}

static cvz_status read_settings(cvz_options *options, const char *layer, const char *const *settings, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "", NULL};
  CVZ_TRY(cvz_options_init(options, error));
  CVZ_TRY(cvz_options_set(options, CVZ_OPTION_model, "-", &source, error)); /* which the check wants */
  CVZ_TRY(cvz_options_set(options, CVZ_OPTION_layer, layer, &source, error));
  CVZ_TRY(cvz_options_set(options, CVZ_OPTION_objective, "channel", &source, error));
  for (; settings && *settings; settings++) {
    char *copy = cvz_copy_text(*settings, error);
    if (!copy) return CVZ_E_MEMORY;
    const cvz_status status = take_setting(options, copy, error);
    free(copy);
    CVZ_TRY(status);
  }
  CVZ_TRY(cvz_recipe_apply(options, error));
  return cvz_options_check(options, error);
}

static cvz_status decide(cvz_target *target, const char *layer, const char *const *settings, cvz_error *error)
{
  const cvz_graph *graph = &target->network->graph;
  cvz_options *options = &target->options;
  CVZ_TRY(read_settings(options, layer, settings, error));
  CVZ_TRY(cvz_size_settle(&options->size, graph, options, error));
  CVZ_TRY(cvz_work_create(&target->work, graph, options, NULL, error));
  CVZ_REQUIRE(target->work.layer_count == 1, error, CVZ_E_USAGE, "layer: '%.200s' are %d layers, expected one", layer,
              target->work.layer_count);
  return cvz_cost_shape_of(graph, target->work.layers[0].node, options->size.height, options->size.width,
                           &target->output, error);
}

cvz_status cvz_target_open(cvz_target **target, const cvz_network *network, const char *layer,
                           const char *const *settings, cvz_error *error)
{
  cvz_target *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  opened->network = network;
  const cvz_status status = decide(opened, layer, settings, error);
  if (status == CVZ_OK)
    *target = opened;
  else
    cvz_target_close(opened);
  return status;
}

static void free_engine(cvz_engine *engine)
{
  cvz_run_free(engine->run);
  cvz_run_free(engine->redirected);
  cvz_plan_free(engine->plan);
  cvz_plan_free(engine->redirected_plan);
  cvz_packs_free(engine->packs);
  cvz_block_free(&engine->arena);
  cvz_block_free(&engine->packed);
  *engine = (cvz_engine){0};
}

void cvz_target_close(cvz_target *target)
{
  if (!target) return;
  free_engine(&target->answers);
  free_engine(&target->climbs);
  cvz_work_free(&target->work);
  cvz_options_free(&target->options);
  free(target);
}

static size_t arena_of(const cvz_engine *engine)
{
  const size_t plain = cvz_plan_arena(engine->plan);
  const size_t other = engine->redirected_plan ? cvz_plan_arena(engine->redirected_plan) : 0;
  return other > plain ? other : plain;
}

/* Weights and memory for the plans. */
static cvz_status equip(cvz_engine *engine, const cvz_network *network, cvz_error *error)
{
  CVZ_TRY(cvz_block_create(&engine->packed, cvz_packs_layout(engine->packs) * sizeof(float), error));
  cvz_packs_bind(engine->packs, engine->packed.data);
  CVZ_TRY(cvz_packs_fill(engine->packs, network->values.data, 0, 1, error));
  CVZ_TRY(cvz_block_create(&engine->arena, arena_of(engine) * sizeof(float), error));
  if (engine->redirected_plan)
    CVZ_TRY(cvz_run_create(&engine->redirected, engine->redirected_plan, engine->arena.data, error));
  return cvz_run_create(&engine->run, engine->plan, engine->arena.data, error);
}

cvz_status cvz_target_answers(cvz_target *target, cvz_error *error)
{
  const cvz_network *network = target->network;
  cvz_engine *engine = &target->answers;
  const cvz_plan_request request = {.target = target->work.layers[0].node,
                                    .height = target->options.size.height,
                                    .width = target->options.size.width,
                                    .kernels = network->kernels};
  if (engine->run) return CVZ_OK;
  cvz_status status = cvz_packs_create(&engine->packs, &network->graph, network->gemm, error);
  if (status == CVZ_OK) status = cvz_plan_create(&engine->plan, &network->graph, &request, engine->packs, error);
  if (status == CVZ_OK) status = equip(engine, network, error);
  if (status != CVZ_OK) free_engine(engine);
  return status;
}

cvz_status cvz_target_climbs(cvz_target *target, cvz_error *error)
{
  const cvz_network *network = target->network;
  cvz_engine *engine = &target->climbs;
  const cvz_planner planner = {.graph = &network->graph,
                               .kernels = network->kernels,
                               .gemm = network->gemm,
                               .loss_border = target->options.loss_border};
  const cvz_climb_settings settings = cvz_ascent_climb(&target->options);
  if (engine->run) return CVZ_OK;
  cvz_status status = cvz_packs_create(&engine->packs, &network->graph, network->gemm, error);
  if (status == CVZ_OK) status = cvz_planner_layer(&planner, &target->work, 0, engine->packs, &engine->plan, error);
  if (status == CVZ_OK && (settings.rescue || settings.redirect))
    status =
        cvz_planner_redirected(&planner, &target->work, engine->packs, &engine->plan, &engine->redirected_plan, error);
  if (status == CVZ_OK) status = equip(engine, network, error);
  if (status != CVZ_OK) free_engine(engine);
  return status;
}

cvz_dimensions cvz_target_image(const cvz_target *target)
{
  const cvz_graph *graph = &target->network->graph;
  const cvz_size size = target->options.size;
  return (cvz_dimensions){size.height, size.width, graph->nodes[graph->input].input.channels};
}

cvz_dimensions cvz_target_output(const cvz_target *target)
{
  return (cvz_dimensions){target->output.height, target->output.width, target->output.channels};
}

cvz_status cvz_target_check(const cvz_target *target, int filter, cvz_error *error)
{
  const int filters = target->work.layers[0].channels;
  CVZ_REQUIRE(filter >= 0 && filter < filters, error, CVZ_E_RANGE, "filter: %d, expected 0 to %d", filter, filters - 1);
  return CVZ_OK;
}
