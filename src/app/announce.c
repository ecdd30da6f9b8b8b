#include "app/announce.h"

static const char *plural(int count)
{
  return count == 1 ? "" : "s";
}

/* A PNG has no room for more. */
static void tell_channels(const cvz_log *log, int channels)
{
  const int shown = cvz_input_picture_channels(channels);
  if (shown < channels)
    cvz_warn(log, "the network's image has %d channels, the pictures show the first %s; --save-raw keeps all", channels,
             shown == 1 ? "as gray" : "three as red, green and blue");
}

void cvz_announce_start(const cvz_log *log, const cvz_graph *graph, const cvz_work *work, const cvz_method *method,
                        const cvz_compute *compute, int ranks)
{
  const int steps = method->recipe.iterations;
  const char *core = cvz_compute_core(compute);
  cvz_tell(log, "%s: %d filter%s of %d layer%s at %d x %d, %d step%s, on %d rank%s (%s, %s%s%s)",
           graph->name ? graph->name : "model", work->unit_count, plural(work->unit_count), work->layer_count,
           plural(work->layer_count), work->height, work->width, steps, plural(steps), ranks, plural(ranks),
           cvz_isa_name(compute->kernels->isa), compute->gemm->name, *core ? " " : "", core);
  cvz_detail(log, "input range: %s", cvz_preprocess_name(graph->preprocess));
  tell_channels(log, method->image.channels);
  if (work->skipped)
    cvz_tell(log, "%d layer%s left out, the first: %s: %s", work->skipped, plural(work->skipped), work->skip_name,
             work->skip_reason);
}

static void tell_statuses(const cvz_log *log, const int by_status[CVZ_UNIT_STATUSES], int units)
{
  if (by_status[CVZ_UNIT_RESCUED])
    cvz_tell(log, "%d of %d filters led nowhere at first and were rescued", by_status[CVZ_UNIT_RESCUED], units);
  if (by_status[CVZ_UNIT_DEAD] + by_status[CVZ_UNIT_WEAK] + by_status[CVZ_UNIT_NAN])
    cvz_tell(log,
             "%d of %d filters are dead (no gradient), %d weak (no more than random images), %d gave numbers that are "
             "not finite",
             by_status[CVZ_UNIT_DEAD], units, by_status[CVZ_UNIT_WEAK], by_status[CVZ_UNIT_NAN]);
}

void cvz_announce_end(const cvz_log *log, const cvz_work *work, const cvz_output_layer *layers, const char *out)
{
  int by_status[CVZ_UNIT_STATUSES] = {0};
  for (int i = 0; i < work->layer_count; i++)
    for (int j = 0; j < CVZ_UNIT_STATUSES; j++) by_status[j] += layers[i].summary.by_status[j];
  tell_statuses(log, by_status, work->unit_count);
  if (work->layer_count == 1)
    cvz_tell(log, "%s/layers/%s.png", out, layers[0].stem);
  else
    cvz_tell(log, "%s/index.html", out);
}
