#include "job/share.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

#define MEMORY 0.95 /* of a step's weight in the speed, from one step to the next */

int cvz_share_whom(int rank, int ranks, uint64_t round, int index)
{
  const uint64_t key[] = {(uint64_t)rank, round, (uint64_t)index}, others = (uint64_t)ranks - 1;
  const uint64_t shift = others <= CVZ_SHARE_ASKED ? (uint64_t)index : cvz_hash(key, sizeof key) % others;
  return (int)(((uint64_t)rank + 1 + shift) % (uint64_t)ranks);
}

static double unit_cost(const cvz_share *share, int unit)
{
  const double step = share->work->layers[cvz_work_layer_of(share->work, unit)].flops;
  return (step > 1 ? step : 1) * share->steps;
}

cvz_status cvz_share_create(cvz_share *share, const cvz_work *work, int steps, const int *units, int count,
                            cvz_error *error)
{
  *share = (cvz_share){.work = work, .steps = steps};
  share->units = cvz_array((size_t)work->unit_count, sizeof *share->units, error);
  if (!share->units) return CVZ_E_MEMORY;
  cvz_share_add(share, units, count);
  return CVZ_OK;
}

void cvz_share_free(cvz_share *share)
{
  free(share->units);
  *share = (cvz_share){0};
}

int cvz_share_count(const cvz_share *share)
{
  return share->end - share->next;
}

int cvz_share_begin(cvz_share *share)
{
  assert(share->next < share->end);
  const int unit = share->units[share->next++];
  share->present = unit_cost(share, unit);
  share->ahead -= share->present;
  return unit;
}

void cvz_share_step(cvz_share *share, int unit, int left, double seconds)
{
  const double step = unit_cost(share, unit) / share->steps;
  share->present = step * left;
  share->cost = MEMORY * share->cost + step;
  share->seconds = MEMORY * share->seconds + seconds;
}

double cvz_share_speed(const cvz_share *share)
{
  return share->seconds > 0 ? share->cost / share->seconds : 0;
}

double cvz_share_left(const cvz_share *share)
{
  const double speed = cvz_share_speed(share);
  if (share->next == share->end) return 0;
  return (share->ahead + share->present) / (speed > 0 ? speed : 1);
}

int cvz_share_give(cvz_share *share, double speed, int *units)
{
  double own = cvz_share_speed(share), given = 0;
  int count = 0;
  if (own <= 0) own = speed > 0 ? speed : 1;
  if (speed <= 0) speed = own;
  for (; share->next < share->end; count++) {
    const double cost = unit_cost(share, share->units[share->end - 1]);
    if ((given + cost) * own > (share->present + share->ahead) * speed) break;
    units[count] = share->units[--share->end];
    given += cost;
    share->ahead -= cost;
  }
  return count;
}

/* A unit is in one share at a time, so that all that are not begun have room. */
void cvz_share_add(cvz_share *share, const int *units, int count)
{
  const int kept = cvz_share_count(share);
  assert(kept + count <= share->work->unit_count);
  if (!kept) share->ahead = 0;
  memmove(share->units, share->units + share->next, (size_t)kept * sizeof *units);
  memcpy(share->units + kept, units, (size_t)count * sizeof *units);
  share->next = 0;
  share->end = kept + count;
  for (int i = 0; i < count; i++) share->ahead += unit_cost(share, units[i]);
}
