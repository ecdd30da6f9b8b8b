#include "app/live.h"

#include "base/clock.h"

#define INTERVAL 5.0 /* seconds between two states of unfinished layers */

static cvz_status write_state(cvz_live *live, cvz_error *error)
{
  live->written = cvz_clock();
  return cvz_pages_job(live->directory, live->manifest, live->progress, error);
}

cvz_status cvz_live_start(cvz_live *live, cvz_error *error)
{
  live->done_before = live->progress.done;
  CVZ_TRY(cvz_pages_write(live->directory, error));
  CVZ_TRY(cvz_times_open(&live->times, live->directory, error));
  return write_state(live, error);
}

static void unit_done(void *context, int units_done, int units_total, double cost_done, double cost_total)
{
  cvz_live *live = context;
  live->progress.done = live->done_before + units_done;
  if (cvz_clock() - live->written >= INTERVAL) write_state(live, NULL);
  if (live->inner.unit_done) live->inner.unit_done(live->inner.context, units_done, units_total, cost_done, cost_total);
}

static void unit_ended(void *context, const cvz_unit_report *report)
{
  cvz_live *live = context;
  const cvz_work_layer *layer = &live->work->layers[cvz_work_layer_of(live->work, report->unit)];
  const int filter = layer->filters[report->unit - layer->first_unit];
  if (live->times && cvz_times_add(live->times, layer->stem, filter, report->rank, report->seconds, NULL) != CVZ_OK) {
    cvz_times_close(live->times);
    live->times = NULL;
  }
  if (live->inner.unit_ended) live->inner.unit_ended(live->inner.context, report);
}

static void layer_written(void *context, const char *name, const char *path)
{
  cvz_live *live = context;
  write_state(live, NULL);
  if (live->inner.layer_written) live->inner.layer_written(live->inner.context, name, path);
}

static void tick(void *context)
{
  const cvz_observer *inner = &((cvz_live *)context)->inner;
  if (inner->tick) inner->tick(inner->context);
}

cvz_observer cvz_live_observer(cvz_live *live)
{
  return (cvz_observer){live, unit_done, unit_ended, layer_written, tick};
}

void cvz_live_finish(cvz_live *live)
{
  if (!live->directory) return;
  write_state(live, NULL);
  cvz_times_close(live->times);
  *live = (cvz_live){0};
}
