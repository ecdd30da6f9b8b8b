#include "store/layer_summary.h"

#include <math.h>
#include <stdbool.h>

cvz_layer_summary cvz_layer_summary_empty(void)
{
  return (cvz_layer_summary){.best_loss = NAN};
}

static bool is_worth_a_look(cvz_unit_status status, float last)
{
  return status != CVZ_UNIT_MISSING && status != CVZ_UNIT_DEAD && status != CVZ_UNIT_NAN && isfinite(last);
}

static bool is_better(const cvz_layer_summary *summary, int place, int filter, float last)
{
  const float other = summary->best_losses[place];
  return last > other || (last >= other && filter < summary->best[place]);
}

void cvz_layer_summary_add(cvz_layer_summary *summary, int filter, cvz_unit_status status, float last)
{
  summary->by_status[status]++;
  if (isnan(summary->best_loss) || last > summary->best_loss) summary->best_loss = last;
  if (!is_worth_a_look(status, last)) return;
  int place = summary->best_count;
  while (place && is_better(summary, place - 1, filter, last)) place--;
  if (place == CVZ_SUMMARY_BEST) return;
  if (summary->best_count < CVZ_SUMMARY_BEST) summary->best_count++;
  for (int i = summary->best_count - 1; i > place; i--) {
    summary->best[i] = summary->best[i - 1];
    summary->best_losses[i] = summary->best_losses[i - 1];
  }
  summary->best[place] = filter;
  summary->best_losses[place] = last;
}
