#include "job/schedule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* A rank with what it has to do, an element of the heap. */
typedef struct load {
  double cost;
  int rank;
} load;

/* A layer with the cost of each of its units. */
typedef struct batch {
  double cost;
  int layer;
} batch;

static bool before(load a, load b)
{
  return a.cost != b.cost ? a.cost < b.cost : a.rank < b.rank;
}

/* The root has become heavier: lets it sink to where it belongs. */
static void sink(load *heap, int count)
{
  const load sinking = heap[0];
  int hole = 0;
  for (int child; (child = 2 * hole + 1) < count; hole = child) {
    if (child + 1 < count && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], sinking)) break;
    heap[hole] = heap[child];
  }
  heap[hole] = sinking;
}

static int by_falling_cost(const void *a, const void *b)
{
  const batch *x = a, *y = b;
  if (x->cost != y->cost) return x->cost > y->cost ? -1 : 1;
  return x->layer < y->layer ? -1 : 1;
}

/* A unit without FLOPs still takes time: with cost 0 all of them would go to rank 0. */
static void sort_layers(batch *order, const cvz_work *work)
{
  for (int i = 0; i < work->layer_count; i++)
    order[i] = (batch){work->layers[i].flops > 1 ? work->layers[i].flops : 1, i};
  qsort(order, (size_t)work->layer_count, sizeof *order, by_falling_cost);
}

/* Gives every unit its rank and counts the ranks' units in first[rank + 1]. */
static void assign(cvz_schedule *schedule, const cvz_work *work, const batch *order, load *heap, int *rank_of)
{
  for (int r = 0; r < schedule->ranks; r++) heap[r] = (load){0, r};
  for (int i = 0; i < work->layer_count; i++) {
    const cvz_work_layer *layer = &work->layers[order[i].layer];
    for (int k = 0; k < layer->filter_count; k++) {
      rank_of[layer->first_unit + k] = heap[0].rank;
      schedule->first[heap[0].rank + 1]++;
      heap[0].cost += order[i].cost;
      sink(heap, schedule->ranks);
    }
  }
}

/* Lists the units rank by rank; next[rank] is where the rank's next unit goes. */
static void list_units(cvz_schedule *schedule, const cvz_work *work, const batch *order, const int *rank_of, int *next)
{
  for (int r = 0; r < schedule->ranks; r++) schedule->first[r + 1] += schedule->first[r];
  memcpy(next, schedule->first, (size_t)schedule->ranks * sizeof *next);
  for (int i = 0; i < work->layer_count; i++) {
    const cvz_work_layer *layer = &work->layers[order[i].layer];
    for (int k = 0; k < layer->filter_count; k++) {
      const int unit = layer->first_unit + k;
      schedule->units[next[rank_of[unit]]++] = unit;
    }
  }
}

static double balance(const load *heap, int ranks)
{
  double total = 0, largest = 0;
  for (int r = 0; r < ranks; r++) {
    total += heap[r].cost;
    if (heap[r].cost > largest) largest = heap[r].cost;
  }
  return largest > 0 ? total / ranks / largest : 1;
}

/* Owners rotate in the order in which layers are rendered, so that those written at the same time have different ones.
 */
static void choose_owners(cvz_schedule *schedule, const batch *order, int layers)
{
  for (int i = 0; i < layers; i++) schedule->owner[order[i].layer] = i % schedule->ranks;
}

cvz_status cvz_schedule_create(cvz_schedule *schedule, const cvz_work *work, int ranks, cvz_error *error)
{
  assert(ranks >= 1);
  const size_t layers = (size_t)work->layer_count, units = (size_t)work->unit_count;
  cvz_status status = CVZ_E_MEMORY;
  *schedule = (cvz_schedule){.ranks = ranks};
  schedule->first = cvz_array((size_t)ranks + 1, sizeof(int), error);
  schedule->units = cvz_array(units, sizeof(int), error);
  schedule->owner = cvz_array(layers, sizeof(int), error);
  batch *order = cvz_array(layers, sizeof *order, error);
  load *heap = cvz_array((size_t)ranks, sizeof *heap, error);
  int *rank_of = cvz_array(units, sizeof(int), error);
  int *next = cvz_array((size_t)ranks, sizeof(int), error);
  if (!schedule->first || !schedule->units || !schedule->owner || !order || !heap || !rank_of || !next) goto done;
  sort_layers(order, work);
  assign(schedule, work, order, heap, rank_of);
  list_units(schedule, work, order, rank_of, next);
  choose_owners(schedule, order, work->layer_count);
  schedule->balance = balance(heap, ranks);
  status = CVZ_OK;
done:
  free(next);
  free(rank_of);
  free(heap);
  free(order);
  if (status != CVZ_OK) cvz_schedule_free(schedule);
  return status;
}

void cvz_schedule_free(cvz_schedule *schedule)
{
  free(schedule->owner);
  free(schedule->units);
  free(schedule->first);
  *schedule = (cvz_schedule){0};
}

const int *cvz_schedule_units(const cvz_schedule *schedule, int rank, int *count)
{
  assert(rank >= 0 && rank < schedule->ranks);
  *count = schedule->first[rank + 1] - schedule->first[rank];
  return schedule->units + schedule->first[rank];
}
