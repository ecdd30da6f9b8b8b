#include "job/work_objective.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "job/select.h"
#include "job/size.h"

/* Names the row and the place in it. */
static cvz_status fail_at(const cvz_work_place *place, int column, cvz_status status, cvz_error *error,
                          const char *format, ...) __attribute__((format(printf, 5, 6)));

static cvz_status fail_at(const cvz_work_place *place, int column, cvz_status status, cvz_error *error,
                          const char *format, ...)
{
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return cvz_fail(error, status, "objective: '%.100s', column %d: %s", place->row->text, column, text);
}

/* Where an item is, while it is resolved. */
typedef struct resolving {
  const cvz_work_place *place;
  const cvz_item *item;
  int layer;
  cvz_shape shape; /* of the term's node */
  cvz_work_term *term;
  cvz_error *error;
} resolving;

#define FAIL(r, where, ...) fail_at((r)->place, (r)->item->where, CVZ_E_USAGE, (r)->error, __VA_ARGS__)

static const cvz_layer *layer_of(const resolving *r)
{
  return &r->place->graph->layers[r->layer];
}

static cvz_status find_layer(resolving *r)
{
  const cvz_work_place *p = r->place;
  cvz_error reason = {0};
  cvz_status status = CVZ_OK;
  r->layer = p->layer;
  if (r->item->layer) status = cvz_select_layer(&r->layer, p->graph, r->item->layer, &reason);
  if (status == CVZ_OK) status = cvz_work_check_layer(p->graph, layer_of(r), &reason);
  if (status == CVZ_OK) status = cvz_cost_shape(p->cost, layer_of(r)->node, &r->shape, &reason);
  if (status != CVZ_OK) status = cvz_size_explain(p->graph, layer_of(r), p->size, status, &reason);
  if (status == CVZ_OK) return CVZ_OK;
  if (r->item->layer) return fail_at(p, r->item->layer_column, status, r->error, "%s", reason.text);
  return cvz_fail(r->error, status, "%s", reason.text);
}

static cvz_status find_node(resolving *r)
{
  const cvz_item_kind kind = r->item->kind;
  const int before = cvz_graph_before_squash(r->place->graph, layer_of(r)->node);
  const bool vector = r->shape.rank < 3, squashed = vector && before != layer_of(r)->node;
  const bool plain = kind == CVZ_ITEM_CHANNEL || kind == CVZ_ITEM_NEURON;
  r->term->node = layer_of(r)->node;
  if (kind == CVZ_ITEM_LOGIT && !vector)
    return FAIL(r, column, "layer '%s' has a map, expected one without height and width", layer_of(r)->name);
  if (kind == CVZ_ITEM_PROBABILITY && !squashed)
    return FAIL(r, column, "layer '%s' does not end in a softmax or a sigmoid", layer_of(r)->name);
  if (!squashed || !(kind == CVZ_ITEM_LOGIT || (plain && !r->place->probabilities))) return CVZ_OK;
  r->term->node = before;
  return cvz_cost_shape(r->place->cost, r->term->node, &r->shape, r->error);
}

/* When width and height are even the pixel to the right and below the centre, as in Lucid's `neuron`. */
static cvz_status find_region(resolving *r)
{
  const cvz_item *item = r->item;
  const bool pixel = item->placed || item->kind == CVZ_ITEM_NEURON;
  const int x = item->placed ? item->x : r->shape.width / 2, y = item->placed ? item->y : r->shape.height / 2;
  if (item->placed && (x >= r->shape.width || y >= r->shape.height))
    return FAIL(r, column, "pixel %d,%d, expected at most %d,%d: layer '%s' has a map of %d x %d", x, y,
                r->shape.width - 1, r->shape.height - 1, layer_of(r)->name, r->shape.height, r->shape.width);
  if (pixel)
    r->term->region = (cvz_region){y, y + 1, x, x + 1};
  else
    r->term->region = cvz_objective_region(r->shape, r->place->cost->border, NULL);
  return CVZ_OK;
}

static bool is_digits(const char *text)
{
  return !text[strspn(text, "0123456789")];
}

static cvz_status find_name(resolving *r, int *number)
{
  const cvz_labels *labels = r->place->labels;
  cvz_error reason = {0};
  if (!labels || !labels->count)
    return FAIL(r, number_column, "'%s', expected a number, or --labels FILE beside a name", r->item->number);
  if (labels->count != r->shape.channels)
    return FAIL(r, number_column, "'%s', expected a number: there are %d labels and %d channels", r->item->number,
                labels->count, r->shape.channels);
  const cvz_status status = cvz_labels_find(labels, r->item->number, number, &reason);
  return status == CVZ_OK ? CVZ_OK : FAIL(r, number_column, "%s", reason.text);
}

/* How many numbers the item can have. */
static cvz_status count_numbers(resolving *r, int *count)
{
  const cvz_directions *directions = r->place->directions;
  *count = r->shape.channels;
  if (r->item->kind != CVZ_ITEM_DIRECTION) return CVZ_OK;
  if (!directions || !directions->count) return FAIL(r, column, "no directions, expected --directions FILE");
  if (directions->channels != r->shape.channels)
    return FAIL(r, column, "directions of %d numbers, expected %d as layer '%s' has channels", directions->channels,
                r->shape.channels, layer_of(r)->name);
  *count = directions->count;
  return CVZ_OK;
}

static cvz_status find_number(resolving *r, cvz_work_layer *into)
{
  const cvz_item *item = r->item;
  int count = 0;
  r->term->number = 0;
  if (!cvz_item_is_numbered(item->kind)) return CVZ_OK;
  CVZ_TRY(count_numbers(r, &count));
  r->term->number = -1;
  if (!item->number) {
    if (!into->numbers || count < into->numbers) into->numbers = count;
    return CVZ_OK;
  }
  if (!is_digits(item->number)) return find_name(r, &r->term->number);
  const unsigned long number = strtoul(item->number, NULL, 10);
  if (strlen(item->number) > 9 || number >= (unsigned long)count)
    return FAIL(r, number_column, "%s, expected at most %d", item->number, count - 1);
  r->term->number = (int)number;
  return CVZ_OK;
}

static cvz_status resolve(cvz_work_layer *into, resolving *r)
{
  static const cvz_term_kind kinds[CVZ_ITEM_KINDS] = {[CVZ_ITEM_DIRECTION] = CVZ_TERM_DIRECTION,
                                                      [CVZ_ITEM_LAYER] = CVZ_TERM_SQUARE,
                                                      [CVZ_ITEM_DIVERSITY] = CVZ_TERM_DIVERSITY};
  CVZ_TRY(find_layer(r));
  CVZ_TRY(find_node(r));
  CVZ_TRY(find_region(r));
  CVZ_TRY(find_number(r, into));
  r->term->term = (cvz_term){.kind = kinds[r->item->kind], .weight = r->item->weight, .power = r->item->power};
  r->term->second = r->item->second;
  r->term->channels = r->shape.channels;
  return CVZ_OK;
}

/* One channel's mean over a map is what a plan for one channel is for; a neuron reads less of the map. */
static bool is_one_channel(const cvz_row *row)
{
  const cvz_item_kind kind = row->items[0].kind;
  return row->count == 1 && (kind == CVZ_ITEM_CHANNEL || kind == CVZ_ITEM_LOGIT || kind == CVZ_ITEM_PROBABILITY);
}

cvz_status cvz_work_objective_resolve(cvz_work_layer *item, const cvz_work_place *place, cvz_error *error)
{
  const cvz_row *row = place->row;
  assert(row->count <= CVZ_TERMS_MAX);
  item->terms = cvz_array((size_t)row->count, sizeof *item->terms, error);
  if (!item->terms) return CVZ_E_MEMORY;
  item->term_count = row->count;
  item->pictures = row->pictures;
  item->observes = !is_one_channel(row);
  for (int i = row->count - 1; i >= 0; i--) {
    resolving r = {.place = place, .item = &row->items[i], .term = &item->terms[i], .error = error};
    CVZ_TRY(resolve(item, &r));
    item->layer = r.layer, item->shape = r.shape, item->channels = r.shape.channels;
  }
  item->node = item->terms[0].node;
  item->number = item->terms[0].number;
  return CVZ_OK;
}

/* Nodes that the terms read, each once, with the union of what they read of it. */
static int collect(const cvz_work_layer *layer, int *nodes, cvz_region *parts)
{
  int count = 0;
  for (int i = 0; i < layer->term_count; i++) {
    int k = 0;
    while (k < count && nodes[k] != layer->terms[i].node) k++;
    if (k == count) nodes[count] = layer->terms[i].node, parts[count++] = layer->terms[i].region;
    parts[k] = cvz_region_union(parts[k], layer->terms[i].region);
    layer->terms[i].term.map = k;
  }
  return count;
}

static cvz_status observe(cvz_work_layer *layer, cvz_graph *graph, cvz_error *error)
{
  int nodes[CVZ_TERMS_MAX];
  cvz_region parts[CVZ_TERMS_MAX];
  const int count = collect(layer, nodes, parts);
  const cvz_node node = {
      .op = CVZ_OP_OBSERVE, .inputs = nodes, .input_count = count, .layer = layer->layer, .observe = {parts}};
  for (int i = 0; i < layer->term_count; i++) {
    const cvz_region all = parts[layer->terms[i].term.map], own = layer->terms[i].region;
    layer->terms[i].term.part = (cvz_region){own.y0 - all.y0, own.y1 - all.y0, own.x0 - all.x0, own.x1 - all.x0};
  }
  layer->node = cvz_graph_add_node(graph, &node, error);
  return layer->node >= 0 ? CVZ_OK : CVZ_E_MEMORY;
}

cvz_status cvz_work_observe(cvz_work *work, cvz_graph *graph, cvz_error *error)
{
  for (int i = 0; i < work->layer_count; i++)
    if (work->layers[i].observes) CVZ_TRY(observe(&work->layers[i], graph, error));
  return CVZ_OK;
}

static const cvz_work_layer *layer_of_unit(const cvz_work *work, int unit)
{
  return &work->layers[cvz_work_layer_of(work, unit)];
}

/* A row of n pictures: the first sum falls from 1 to 0, the second rises from 0 to 1, as in Lucid's
 * channel_interpolate (lucid/optvis/objectives.py). */
static double share_of(const cvz_work_layer *layer, const cvz_work_term *term, int filter)
{
  if (!layer->pictures) return 1;
  const double second = (double)filter / (layer->pictures - 1);
  return term->second ? second : 1 - second;
}

cvz_objective cvz_work_objective(const cvz_work *work, int unit, const cvz_directions *directions, cvz_term *terms)
{
  const cvz_work_layer *layer = layer_of_unit(work, unit);
  const int filter = layer->filters[unit - layer->first_unit];
  for (int i = 0; i < layer->term_count; i++) {
    const cvz_work_term *from = &layer->terms[i];
    const int number = from->number < 0 ? filter : from->number;
    terms[i] = from->term;
    terms[i].weight *= share_of(layer, from, filter);
    if (from->term.kind == CVZ_TERM_CHANNEL && layer->observes) terms[i].channel = number;
    if (from->term.kind == CVZ_TERM_DIRECTION)
      terms[i].vector = directions->values + (size_t)number * (size_t)directions->channels;
  }
  return (cvz_objective){terms, layer->term_count};
}

cvz_ascent_unit cvz_work_unit(const cvz_work *work, const cvz_graph *graph, int unit)
{
  const cvz_work_layer *layer = layer_of_unit(work, unit);
  const int filter = layer->filters[unit - layer->first_unit];
  return (cvz_ascent_unit){cvz_hash_text(graph->layers[layer->layer].name), layer->number < 0 ? filter : layer->number,
                           0, NULL};
}

size_t cvz_work_grams(const cvz_work *work)
{
  size_t most = 0;
  for (int i = 0; i < work->layer_count; i++) {
    size_t floats = 0;
    for (int k = 0; k < work->layers[i].term_count; k++) {
      const cvz_work_term *term = &work->layers[i].terms[k];
      if (term->term.kind == CVZ_TERM_DIVERSITY) floats += (size_t)term->channels * (size_t)term->channels;
    }
    if (floats > most) most = floats;
  }
  return most;
}
