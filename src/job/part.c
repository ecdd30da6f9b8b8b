#include "job/part.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void cvz_whole_free(cvz_whole *whole)
{
  free(whole->place);
  free(whole->filter_count);
  *whole = (cvz_whole){0};
}

/* Keeps the filters whose unit belongs to the shard. */
static void keep_filters(cvz_work_layer *layer, cvz_shard shard)
{
  int kept = 0;
  for (int i = 0; i < layer->filter_count; i++)
    if ((layer->first_unit + i) % shard.count == shard.index - 1) layer->filters[kept++] = layer->filters[i];
  layer->filter_count = kept;
}

cvz_status cvz_part_shard(cvz_work *work, cvz_shard shard, cvz_whole *whole, cvz_error *error)
{
  int layers = 0, units = 0;
  *whole = (cvz_whole){.layer_count = work->layer_count};
  whole->place = cvz_array((size_t)work->layer_count, sizeof *whole->place, error);
  whole->filter_count = cvz_array((size_t)work->layer_count, sizeof *whole->filter_count, error);
  if (!whole->place || !whole->filter_count) return CVZ_E_MEMORY;
  CVZ_REQUIRE(work->unit_count >= shard.count, error, CVZ_E_USAGE,
              "--shard: '%d/%d' of %d filters, expected no more parts than filters", shard.index, shard.count,
              work->unit_count);
  for (int i = 0; i < work->layer_count; i++) {
    cvz_work_layer layer = work->layers[i];
    const int filters = layer.filter_count;
    keep_filters(&layer, shard);
    if (!layer.filter_count) {
      cvz_work_layer_free(&layer);
      continue;
    }
    layer.first_unit = units;
    units += layer.filter_count;
    whole->place[layers] = i;
    whole->filter_count[layers] = filters;
    work->layers[layers++] = layer;
  }
  work->layer_count = layers;
  work->unit_count = units;
  return CVZ_OK;
}

/* A work with the same layers, which has the units that are left; `unit` gets their numbers in the whole. Borrows all
 * but its list of layers. */
static void take_rest(cvz_work *rest, const cvz_work *work, const bool *done, int *unit)
{
  rest->unit_count = 0;
  for (int i = 0; i < work->layer_count; i++) {
    cvz_work_layer *layer = &rest->layers[i];
    *layer = work->layers[i];
    layer->first_unit = rest->unit_count;
    for (int k = 0; k < work->layers[i].filter_count; k++)
      if (!done[work->layers[i].first_unit + k]) unit[rest->unit_count++] = work->layers[i].first_unit + k;
    layer->filter_count = rest->unit_count - layer->first_unit;
  }
}

cvz_status cvz_part_schedule(cvz_schedule *schedule, const cvz_work *work, const bool *done, int ranks,
                             cvz_error *error)
{
  cvz_work rest = *work;
  int *unit = cvz_array((size_t)work->unit_count, sizeof *unit, error);
  rest.layers = cvz_array((size_t)work->layer_count, sizeof *rest.layers, error);
  cvz_status status = unit && rest.layers ? CVZ_OK : CVZ_E_MEMORY;
  if (status == CVZ_OK) {
    take_rest(&rest, work, done, unit);
    status = cvz_schedule_create(schedule, &rest, ranks, error);
  }
  for (int i = 0; status == CVZ_OK && i < rest.unit_count; i++) schedule->units[i] = unit[schedule->units[i]];
  free(rest.layers);
  free(unit);
  return status;
}
