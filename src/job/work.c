#include "job/work.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "job/ascent_options.h"
#include "job/cost.h"
#include "job/filters.h"
#include "job/select.h"
#include "job/stem.h"
#include "job/work_objective.h"

/* What stands around while the layers are gathered. */
typedef struct gathering {
  const cvz_graph *graph;
  const cvz_options *options;
  const cvz_work_files *files;
  cvz_expression expression;
  const cvz_row *row; /* of it, whose layers are gathered */
  cvz_cost cost;
  char **stems;       /* of every layer of the graph */
  const char **taken; /* those that are not free */
  int taken_count;
  size_t capacity; /* of work->layers */
} gathering;

cvz_status cvz_work_check_layer(const cvz_graph *graph, const cvz_layer *layer, cvz_error *error)
{
  CVZ_REQUIRE(layer->node >= 0, error, CVZ_E_UNSUPPORTED, "layer: '%s' cannot be rendered: %s", layer->name,
              layer->problem ? layer->problem : "it is not supported");
  CVZ_REQUIRE(!cvz_select_is_input(graph, layer), error, CVZ_E_USAGE,
              "layer: '%s' is the input of the network, expected a layer behind it", layer->name);
  return CVZ_OK;
}

/* Named layers must have every filter asked for; the others at least one. */
static cvz_status check_filters(const cvz_layer *layer, const cvz_work_layer *item, const char *filters, bool named,
                                cvz_error *error)
{
  const int largest = cvz_filters_largest(filters);
  CVZ_REQUIRE((!named || largest < item->numbers) && item->filter_count > 0, error, CVZ_E_USAGE,
              "filters: '%.200s', expected at most %d: layer '%s' has %d channels", filters, item->numbers - 1,
              layer->name, item->channels);
  return CVZ_OK;
}

void cvz_work_layer_free(cvz_work_layer *layer)
{
  free(layer->name);
  free(layer->objective);
  free(layer->stem);
  free(layer->filters);
  free(layer->terms);
  *layer = (cvz_work_layer){0};
}

/* The numbers of its units: filters, or pictures of a row, or the one that the objective names. */
static cvz_status list_units(const gathering *g, const cvz_choice *choice, cvz_work_layer *item, cvz_error *error)
{
  const char *filters = g->options->filters;
  if (cvz_row_wants_filters(g->row)) {
    CVZ_TRY(cvz_filters_list(&item->filters, &item->filter_count, filters, item->numbers, error));
    return check_filters(&g->graph->layers[item->layer], item, filters, choice->named, error);
  }
  item->filter_count = item->pictures ? item->pictures : 1;
  item->filters = cvz_array((size_t)item->filter_count, sizeof *item->filters, error);
  if (!item->filters) return CVZ_E_MEMORY;
  for (int i = 0; i < item->filter_count; i++) item->filters[i] = item->pictures ? i : item->number;
  return CVZ_OK;
}

/* "channel_a_1_-0.5_channel_b_2" of "channel:a:1 + -0.5 channel:b:2". */
static char *join_words(const char *text, cvz_error *error)
{
  cvz_text words = {0};
  while (*text) {
    const size_t length = strcspn(text, " \t:+*'@^,;");
    if (length) cvz_text_add(&words, "%s%.*s", words.length ? "_" : "", (int)length, text);
    text += length + (text[length] != 0);
  }
  if (cvz_text_check(&words, error) == CVZ_OK) return words.data;
  cvz_text_free(&words);
  return NULL;
}

/* The layer's where it is the only objective of that layer, else the objective's text. */
static cvz_status name_item(const gathering *g, const cvz_choice *choice, cvz_work_layer *item, cvz_error *error)
{
  const char *layer = g->graph->layers[choice->layer].name;
  cvz_text name = {0};
  item->objective = cvz_copy_text(g->row->text, error);
  if (!item->objective) return CVZ_E_MEMORY;
  item->placed = !cvz_row_wants_layers(g->row);
  item->by_filter = cvz_row_wants_filters(g->row);
  if (cvz_row_wants_layers(g->row) && g->expression.count == 1) {
    item->name = cvz_copy_text(layer, error);
    item->stem = cvz_copy_text(g->stems[choice->layer], error);
    return item->name && item->stem ? CVZ_OK : CVZ_E_MEMORY;
  }
  cvz_text_add(&name, cvz_row_wants_layers(g->row) ? "%s of %s" : "%s", g->row->text, layer);
  item->name = name.data;
  CVZ_TRY(cvz_text_check(&name, error));
  char *words = join_words(item->name, error);
  if (words) item->stem = cvz_stem_create(g->taken, g->taken_count, words, error);
  free(words);
  return item->stem ? CVZ_OK : CVZ_E_MEMORY;
}

static cvz_work_place place_of(gathering *g, int layer)
{
  return (cvz_work_place){.graph = g->graph,
                          .row = g->row,
                          .layer = layer,
                          .cost = &g->cost,
                          .size = &g->options->size,
                          .probabilities = !strcmp(g->options->classes, "probabilities"),
                          .labels = g->files ? g->files->labels : NULL,
                          .directions = g->files ? g->files->directions : NULL};
}

/* Fills in all but first_unit. *fits is false if it failed for being a vector where only maps are meant. */
static cvz_status describe(gathering *g, const cvz_choice *choice, cvz_work_layer *item, bool *fits, cvz_error *error)
{
  const cvz_layer *layer = &g->graph->layers[choice->layer];
  const cvz_work_place place = place_of(g, choice->layer);
  cvz_status status;
  *item = (cvz_work_layer){.layer = choice->layer};
  *fits = true;
  CVZ_TRY_GOTO(cvz_work_objective_resolve(item, &place, error), failed);
  *fits = item->shape.rank == 3 || choice->vectors;
  CVZ_REQUIRE_GOTO(*fits, failed, error, CVZ_E_USAGE, "layer: '%s' is a vector, expected a map", layer->name);
  if (!item->observes) item->flops = cvz_cost_step(&g->cost, item->node);
  CVZ_TRY_GOTO(list_units(g, choice, item, error), failed);
  CVZ_TRY_GOTO(name_item(g, choice, item, error), failed);
  return CVZ_OK;
failed:
  cvz_work_layer_free(item);
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

/* The layers of --layer; a row that names all of its own is one choice. */
static cvz_status choose(const gathering *g, cvz_choice **choices, int *count, cvz_error *error)
{
  if (cvz_row_wants_layers(g->row)) return cvz_select_layers(choices, count, g->graph, g->options->layer, error);
  *choices = cvz_array(1, sizeof **choices, error);
  if (!*choices) return CVZ_E_MEMORY;
  **choices = (cvz_choice){0, true, true};
  *count = 1;
  return CVZ_OK;
}

/* File names that are not free: of all layers of the graph, and of the work so far. */
static cvz_status note_stems(gathering *g, const cvz_work *work, int more, cvz_error *error)
{
  const int layers = g->graph->layer_count;
  free(g->taken);
  g->taken = cvz_array((size_t)(layers + work->layer_count + more), sizeof *g->taken, error);
  if (!g->taken) return CVZ_E_MEMORY;
  for (int i = 0; i < layers; i++) g->taken[i] = g->stems[i];
  for (int i = 0; i < work->layer_count; i++) g->taken[layers + i] = work->layers[i].stem;
  g->taken_count = layers + work->layer_count;
  return CVZ_OK;
}

static cvz_status add_row(gathering *g, cvz_work *work, cvz_error *error)
{
  int count = 0;
  cvz_choice *choices = NULL;
  cvz_status status = CVZ_OK;
  CVZ_TRY_GOTO(choose(g, &choices, &count, error), done);
  CVZ_TRY_GOTO(note_stems(g, work, count, error), done);
  for (int i = 0; i < count && status == CVZ_OK; i++) {
    const int before = work->layer_count;
    status = cvz_grow((void **)&work->layers, &g->capacity, (size_t)before, sizeof *work->layers, error);
    if (status == CVZ_OK) status = add(g, work, &choices[i], error);
    if (work->layer_count > before) g->taken[g->taken_count++] = work->layers[before].stem;
  }
done:
  free(choices);
  return status;
}

static cvz_status gather(gathering *g, cvz_work *work, cvz_error *error)
{
  for (int i = 0; i < g->expression.count; i++) {
    g->row = &g->expression.rows[i];
    CVZ_TRY(add_row(g, work, error));
  }
  CVZ_REQUIRE(work->layer_count || work->skipped, error, CVZ_E_USAGE,
              "layer: '%.200s' has no map; a layer without height and width is rendered by its exact name",
              g->options->layer);
  CVZ_REQUIRE(work->layer_count, error, CVZ_E_USAGE, "layer: '%.200s' leaves nothing to render; first: %s",
              g->options->layer, work->skip_reason);
  return CVZ_OK;
}

cvz_status cvz_work_create(cvz_work *work, const cvz_graph *graph, const cvz_options *options,
                           const cvz_work_files *files, cvz_error *error)
{
  gathering g = {.graph = graph, .options = options, .files = files};
  cvz_status status;
  const cvz_size view = cvz_ascent_view(options);
  *work = (cvz_work){.height = view.height, .width = view.width};
  CVZ_TRY_GOTO(cvz_expression_parse(&g.expression, options->objective, error), done);
  CVZ_TRY_GOTO(cvz_cost_create(&g.cost, graph, work->height, work->width, options->loss_border, error), done);
  CVZ_TRY_GOTO(cvz_stems_create(&g.stems, graph, error), done);
  CVZ_TRY_GOTO(gather(&g, work, error), done);
done:
  cvz_stems_free(g.stems, graph->layer_count);
  free(g.taken);
  cvz_cost_free(&g.cost);
  cvz_expression_free(&g.expression);
  if (status != CVZ_OK) cvz_work_free(work);
  return status;
}

void cvz_work_free(cvz_work *work)
{
  for (int i = 0; i < work->layer_count; i++) cvz_work_layer_free(&work->layers[i]);
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
