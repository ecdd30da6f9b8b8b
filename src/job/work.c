#include "job/work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job/ascent_options.h"
#include "job/cost.h"
#include "job/filters.h"
#include "job/select.h"
#include "job/size.h"
#include "job/stem.h"

/* What stands around while the layers are gathered. */
typedef struct gathering {
  const cvz_graph *graph;
  const cvz_options *options;
  cvz_cost cost;
  char **stems; /* of every layer of the graph */
} gathering;

static cvz_status check_layer(const cvz_layer *layer, cvz_error *error)
{
  CVZ_REQUIRE(layer->node >= 0, error, CVZ_E_UNSUPPORTED, "layer: '%s' cannot be rendered: %s", layer->name,
              layer->problem ? layer->problem : "it is not supported");
  CVZ_REQUIRE(!cvz_select_is_input(layer), error, CVZ_E_USAGE,
              "layer: '%s' is the input of the network, expected a layer behind it", layer->name);
  return CVZ_OK;
}

/* Where a vector ends in a softmax or a sigmoid, what it is made of, unless `classes` says otherwise. */
static int target_of(const gathering *g, int node, cvz_shape shape)
{
  const cvz_node *at = &g->graph->nodes[node];
  const bool squashes =
      at->op == CVZ_OP_SOFTMAX || (at->op == CVZ_OP_ACTIVATION && at->activation.function == CVZ_SIGMOID);
  return shape.rank < 3 && squashes && !strcmp(g->options->classes, "logits") ? at->inputs[0] : node;
}

/* Named layers must have every filter asked for; the others at least one. */
static cvz_status check_filters(const cvz_layer *layer, const cvz_work_layer *item, const char *filters, bool named,
                                cvz_error *error)
{
  const int largest = cvz_filters_largest(filters);
  CVZ_REQUIRE((!named || largest < item->channels) && item->filter_count > 0, error, CVZ_E_USAGE,
              "filters: '%.200s', expected at most %d: layer '%s' has %d channels", filters, item->channels - 1,
              layer->name, item->channels);
  return CVZ_OK;
}

static void free_layer(cvz_work_layer *item)
{
  free(item->stem);
  free(item->filters);
  *item = (cvz_work_layer){0};
}

/* The layer's shape, and the node that is climbed for it. */
static cvz_status find_target(gathering *g, const cvz_layer *layer, cvz_work_layer *item, cvz_error *error)
{
  const cvz_status status = cvz_cost_shape(&g->cost, layer->node, &item->shape, error);
  if (status != CVZ_OK) return cvz_size_explain(g->graph, layer, &g->options->size, status, error);
  item->node = target_of(g, layer->node, item->shape);
  return item->node == layer->node ? CVZ_OK : cvz_cost_shape(&g->cost, item->node, &item->shape, error);
}

/* Fills in all but first_unit. *fits is false if it failed for being a vector where only maps are meant. */
static cvz_status describe(gathering *g, const cvz_choice *choice, cvz_work_layer *item, bool *fits, cvz_error *error)
{
  const cvz_layer *layer = &g->graph->layers[choice->layer];
  cvz_status status;
  *item = (cvz_work_layer){.layer = choice->layer};
  *fits = true;
  CVZ_TRY(check_layer(layer, error));
  CVZ_TRY(find_target(g, layer, item, error));
  *fits = item->shape.rank == 3 || choice->vectors;
  CVZ_REQUIRE(*fits, error, CVZ_E_USAGE, "layer: '%s' is a vector, expected a map", layer->name);
  item->channels = item->shape.channels;
  item->flops = cvz_cost_step(&g->cost, item->node);
  const char *filters = g->options->filters;
  CVZ_TRY(cvz_filters_list(&item->filters, &item->filter_count, filters, item->channels, error));
  CVZ_TRY_GOTO(check_filters(layer, item, filters, choice->named, error), failed);
  item->stem = cvz_copy_text(g->stems[choice->layer], error);
  if (item->stem) return CVZ_OK;
  status = CVZ_E_MEMORY;
failed:
  free_layer(item);
  return status;
}

static cvz_status skip(cvz_work *work, const cvz_layer *layer, const cvz_error *reason, cvz_error *error)
{
  if (work->skipped++) return CVZ_OK;
  work->skip_name = cvz_copy_text(layer->name, error);
  work->skip_reason = cvz_copy_text(reason->text, error);
  return work->skip_name && work->skip_reason ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_status count_units(cvz_work *work, cvz_work_layer *item, cvz_error *error)
{
  item->first_unit = work->unit_count;
  CVZ_REQUIRE(!__builtin_add_overflow(work->unit_count, item->filter_count, &work->unit_count), error, CVZ_E_RANGE,
              "layer: more than 2147483647 filters in all");
  return CVZ_OK;
}

static cvz_status add(gathering *g, cvz_work *work, const cvz_choice *choice, cvz_error *error)
{
  cvz_work_layer *item = &work->layers[work->layer_count];
  cvz_error reason = {0};
  bool fits;
  const cvz_status status = describe(g, choice, item, &fits, &reason);
  if (status == CVZ_OK) {
    work->layer_count++;
    return count_units(work, item, error);
  }
  if (choice->named || status == CVZ_E_MEMORY) return cvz_fail(error, status, "%s", reason.text);
  return fits ? skip(work, &g->graph->layers[choice->layer], &reason, error) : CVZ_OK;
}

static cvz_status gather(gathering *g, cvz_work *work, cvz_error *error)
{
  int count = 0;
  cvz_choice *choices = NULL;
  cvz_status status;
  CVZ_TRY_GOTO(cvz_select_layers(&choices, &count, g->graph, g->options->layer, error), done);
  work->layers = cvz_array((size_t)count, sizeof *work->layers, error);
  if (!work->layers) status = CVZ_E_MEMORY;
  for (int i = 0; i < count && status == CVZ_OK; i++) status = add(g, work, &choices[i], error);
  if (status != CVZ_OK) goto done;
  CVZ_REQUIRE_GOTO(work->layer_count || work->skipped, done, error, CVZ_E_USAGE,
                   "layer: '%.200s' has no map; a layer without height and width is rendered by its exact name",
                   g->options->layer);
  CVZ_REQUIRE_GOTO(work->layer_count, done, error, CVZ_E_USAGE, "layer: '%.200s' leaves nothing to render; first: %s",
                   g->options->layer, work->skip_reason);
done:
  free(choices);
  return status;
}

cvz_status cvz_work_create(cvz_work *work, const cvz_graph *graph, const cvz_options *options, cvz_error *error)
{
  assert(options->layer && options->filters);
  gathering g = {.graph = graph, .options = options};
  cvz_status status;
  const cvz_size view = cvz_ascent_view(options);
  *work = (cvz_work){.height = view.height, .width = view.width};
  CVZ_TRY_GOTO(cvz_cost_create(&g.cost, graph, work->height, work->width, options->loss_border, error), done);
  CVZ_TRY_GOTO(cvz_stems_create(&g.stems, graph, error), done);
  CVZ_TRY_GOTO(gather(&g, work, error), done);
done:
  cvz_stems_free(g.stems, graph->layer_count);
  cvz_cost_free(&g.cost);
  if (status != CVZ_OK) cvz_work_free(work);
  return status;
}

void cvz_work_free(cvz_work *work)
{
  for (int i = 0; i < work->layer_count; i++) free_layer(&work->layers[i]);
  free(work->layers);
  free(work->skip_name);
  free(work->skip_reason);
  *work = (cvz_work){0};
}

int cvz_work_layer_of(const cvz_work *work, int unit)
{
  assert(unit >= 0 && unit < work->unit_count);
  int low = 0, high = work->layer_count;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    if (work->layers[middle].first_unit <= unit)
      low = middle;
    else
      high = middle;
  }
  return low;
}
