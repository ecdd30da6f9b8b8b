#include "bench/network.h"

#include <stdlib.h>

#include "ascent/objective.h"
#include "base/hash.h"
#include "job/ascent_options.h"
#include "job/cost.h"
#include "job/recipe.h"
#include "model/untrained.h"

#define WEIGHT_SEED 0

static cvz_status check_source(const cvz_bench_options *options, cvz_error *error)
{
  CVZ_REQUIRE(options->arch || options->model, error, CVZ_E_USAGE, "no network, expected --arch or --model");
  CVZ_REQUIRE(!options->model || !options->arch, error, CVZ_E_USAGE, "--arch beside --model, expected one");
  CVZ_REQUIRE(!options->weights || options->arch, error, CVZ_E_USAGE, "--weights without --arch");
  CVZ_REQUIRE(options->layer, error, CVZ_E_USAGE, "no layer, expected --layer");
  return CVZ_OK;
}

static cvz_status describe(cvz_bench_network *network, const cvz_bench_options *options, cvz_text *description,
                           cvz_error *error)
{
  const char *path = options->model ? options->model : options->weights;
  if (!path) return cvz_untrained_describe(options->arch, description, error);
  CVZ_TRY(cvz_keras_open(&network->file, path, options->arch, error));
  return cvz_keras_describe(network->file, description, error);
}

cvz_status cvz_bench_network_build(cvz_bench_network *network, const cvz_bench_options *options, cvz_error *error)
{
  cvz_text description = {0};
  CVZ_TRY(check_source(options, error));
  cvz_status status = describe(network, options, &description, error);
  if (status == CVZ_OK) status = cvz_keras_build(&network->graph, description.data, description.length, error);
  cvz_text_free(&description);
  return status;
}

static cvz_status unknown_layer(const cvz_graph *graph, const char *name, cvz_error *error)
{
  char closest[512] = "";
  const char **names = cvz_array((size_t)graph->layer_count, sizeof *names, error);
  if (!names) return CVZ_E_MEMORY;
  for (int i = 0; i < graph->layer_count; i++) names[i] = graph->layers[i].name;
  cvz_text_closest(name, names, (size_t)graph->layer_count, closest, sizeof closest);
  free(names);
  return cvz_fail(error, CVZ_E_USAGE, "--layer: '%.200s' is no layer of the network%s%s", name,
                  *closest ? "; close to it: " : "", closest);
}

static cvz_status find_target(cvz_bench_network *network, const char *name, int *node, cvz_error *error)
{
  const int index = cvz_graph_find_layer(&network->graph, name);
  if (index < 0) return unknown_layer(&network->graph, name, error);
  const cvz_layer *layer = &network->graph.layers[index];
  CVZ_REQUIRE(layer->node >= 0, error, CVZ_E_UNSUPPORTED, "--layer: '%.200s': %s", name, layer->problem);
  CVZ_REQUIRE(layer->node != network->graph.input, error, CVZ_E_USAGE,
              "--layer: '%.200s' is the input of the network, expected a layer behind it", name);
  network->layer = layer->name;
  *node = layer->node;
  return CVZ_OK;
}

static cvz_status plan(cvz_bench_network *network, const cvz_bench_options *options, int border,
                       const cvz_bench_machine *machine, cvz_error *error)
{
  cvz_shape map;
  cvz_plan_request request = {.one_channel = true,
                              .height = options->size.height,
                              .width = options->size.width,
                              .kernels = machine->kernels,
                              .bf16 = machine->bf16};
  CVZ_TRY(find_target(network, options->layer, &request.target, error));
  CVZ_TRY(cvz_cost_shape_of(&network->graph, request.target, request.height, request.width, &map, error));
  if (map.rank < 3) request.target = cvz_graph_before_squash(&network->graph, request.target);
  request.border = cvz_objective_region(map, border, NULL).y0;
  CVZ_TRY(cvz_packs_create(&network->packs, &network->graph, machine->gemm, error));
  return cvz_plan_create(&network->plan, &network->graph, &request, network->packs, error);
}

static cvz_status read_weights(cvz_bench_network *network, cvz_error *error)
{
  bool *wanted = cvz_array((size_t)network->graph.weight_count, sizeof *wanted, error);
  if (!wanted) return CVZ_E_MEMORY;
  cvz_packs_wanted(network->packs, wanted);
  cvz_status status = CVZ_OK;
  if (network->file)
    status = cvz_keras_read(network->file, &network->graph, wanted, network->values.data, NULL, error);
  else
    cvz_untrained_fill(&network->graph, wanted, WEIGHT_SEED, network->values.data);
  free(wanted);
  return status;
}

cvz_status cvz_bench_network_pack(cvz_bench_network *network, cvz_error *error)
{
  CVZ_TRY(cvz_block_create(&network->values, network->graph.value_count * sizeof(float), error));
  CVZ_TRY(cvz_block_create(&network->packed, cvz_packs_layout(network->packs) * sizeof(float), error));
  CVZ_TRY(read_weights(network, error));
  cvz_packs_bind(network->packs, network->packed.data);
  const cvz_status status = cvz_packs_fill(network->packs, network->values.data, 0, 1, error);
  cvz_block_free(&network->values);
  return status;
}

/* The recipe as convviz-mpi has it without further options. */
static cvz_status read_recipe(cvz_bench_network *network, const char *name, int *loss_border, cvz_error *error)
{
  const cvz_option_source source = {CVZ_ORIGIN_COMMAND_LINE, "--", NULL};
  cvz_options defaults = {0};
  cvz_status status = cvz_options_init(&defaults, error);
  if (status == CVZ_OK) status = cvz_options_set(&defaults, CVZ_OPTION_recipe, name, &source, error);
  if (status == CVZ_OK) status = cvz_recipe_apply(&defaults, error);
  if (status == CVZ_OK) network->recipe = cvz_ascent_options(&defaults, &network->graph);
  *loss_border = defaults.loss_border;
  cvz_options_free(&defaults);
  return status;
}

cvz_status cvz_bench_network_create(cvz_bench_network *network, const cvz_bench_options *options,
                                    const cvz_bench_machine *machine, cvz_error *error)
{
  int border;
  CVZ_TRY(cvz_bench_network_build(network, options, error));
  CVZ_TRY(read_recipe(network, options->recipe, &border, error));
  CVZ_TRY(plan(network, options, border, machine, error));
  CVZ_TRY(cvz_bench_network_pack(network, error));
  CVZ_TRY(cvz_block_create(&network->arena, cvz_plan_arena(network->plan) * sizeof(float), error));
  CVZ_TRY(cvz_run_create(&network->run, network->plan, network->arena.data, error));
  const cvz_shape image = cvz_plan_image(network->plan);
  return cvz_workspace_create(&network->workspace, &network->recipe, image, image, cvz_plan_kernels(network->plan),
                              error);
}

void cvz_bench_network_free(cvz_bench_network *network)
{
  cvz_workspace_free(&network->workspace);
  cvz_run_free(network->run);
  cvz_plan_free(network->plan);
  cvz_packs_free(network->packs);
  cvz_block_free(&network->arena);
  cvz_block_free(&network->packed);
  cvz_block_free(&network->values);
  cvz_graph_free(&network->graph);
  cvz_keras_close(network->file);
}

void cvz_bench_network_begin(cvz_bench_network *network, cvz_ascent *ascent, int filter, int repeat, float *loss)
{
  const cvz_ascent_unit unit = {cvz_hash_text(network->layer), filter, repeat, NULL};
  cvz_ascent_begin(ascent, &network->workspace, network->run, unit, loss);
}
