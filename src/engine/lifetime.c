#include "engine/lifetime.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

typedef struct cvz_place {
  const cvz_lifetime *buffer;
  size_t start, end;
} cvz_place;

static int larger_first(const void *a, const void *b)
{
  const cvz_lifetime *left = ((const cvz_place *)a)->buffer, *right = ((const cvz_place *)b)->buffer;
  if (left->count != right->count) return left->count < right->count ? 1 : -1;
  return (left > right) - (left < right);
}

static int by_start(const void *a, const void *b)
{
  const cvz_place *left = *(const cvz_place *const *)a, *right = *(const cvz_place *const *)b;
  return (left->start > right->start) - (left->start < right->start);
}

static bool meet(const cvz_lifetime *a, const cvz_lifetime *b)
{
  return a->first <= b->last && b->first <= a->last;
}

/* The lowest gap between the placed buffers that live at the same time; `busy` is room for them. */
static size_t lowest_gap(const cvz_place *placed, int count, const cvz_lifetime *buffer, size_t size,
                         const cvz_place **busy)
{
  int found = 0;
  for (int i = 0; i < count; i++)
    if (meet(placed[i].buffer, buffer)) busy[found++] = &placed[i];
  qsort(busy, (size_t)found, sizeof *busy, by_start);
  size_t start = 0;
  for (int i = 0; i < found && busy[i]->start < start + size; i++)
    if (busy[i]->end > start) start = busy[i]->end;
  return start;
}

cvz_status cvz_lifetime_place(const cvz_lifetime *buffers, int count, size_t *total, cvz_error *error)
{
  cvz_place *places = cvz_array((size_t)count, sizeof *places, error);
  const cvz_place **busy = cvz_array((size_t)count, sizeof *busy, error);
  *total = 0;
  if (places && busy) {
    for (int i = 0; i < count; i++) places[i].buffer = &buffers[i];
    qsort(places, (size_t)count, sizeof *places, larger_first);
    for (int i = 0; i < count; i++) {
      const size_t size = cvz_align(places[i].buffer->count * sizeof(float)) / sizeof(float);
      places[i].start = lowest_gap(places, i, places[i].buffer, size, busy);
      places[i].end = places[i].start + size;
      *places[i].buffer->offset = places[i].start;
      if (places[i].end > *total) *total = places[i].end;
    }
  }
  free(places);
  free(busy);
  return places && busy ? CVZ_OK : CVZ_E_MEMORY;
}
