#include "app/telemetry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/summary.h"
#include "ascent/ascent.h"
#include "base/clock.h"
#include "base/memory.h"
#include "store/json.h"

static bool is_root(const cvz_telemetry *t)
{
  return cvz_comm_rank(t->comm) == 0;
}

/* A log that cannot be written any more is no reason to lose the work. */
static void give_up(cvz_telemetry *t, const char *reason)
{
  cvz_warn(t->log, "--log: '%s': %s, nothing more is written there", t->path, reason);
  fclose(t->file);
  t->file = NULL;
}

/* Takes the line over; NULL stands for a lack of memory. */
static void put(cvz_telemetry *t, json_t *line)
{
  if (!t->file) return;
  const bool made = line && !json_dumpf(line, t->file, JSON_COMPACT | JSON_REAL_PRECISION(13));
  if (!line)
    give_up(t, "no memory");
  else if (!made || fputc('\n', t->file) == EOF || fflush(t->file))
    give_up(t, strerror(errno));
  json_decref(line);
}

static json_t *start_line(const cvz_telemetry *t, const cvz_telemetry_job *job)
{
  json_t *parameters = json_object();
  for (int i = 0; i < job->attribute_count; i++)
    json_object_set_new(parameters, job->attributes[i].key, cvz_json_attribute(&job->attributes[i]));
  return json_pack("{s:s, s:f, s:i, s:i, s:i, s:i, s:i, s:f, s:o}", "event", "start", "time", cvz_clock_date(),
                   "layers", t->work->layer_count, "filters", t->work->unit_count, "steps", job->steps, "ranks",
                   cvz_comm_size(t->comm), "nodes", cvz_comm_nodes(t->comm), "balance", job->balance, "job",
                   parameters);
}

static const char *host_of(const cvz_telemetry *t, int rank)
{
  return t->hosts + (size_t)rank * CVZ_TELEMETRY_HOST;
}

static cvz_status collect_hosts(cvz_telemetry *t, cvz_error *error)
{
  char host[CVZ_TELEMETRY_HOST] = "";
  size_t bytes;
  strncpy(host, cvz_comm_host(t->comm), sizeof host - 1);
  return cvz_comm_collect(t->comm, host, sizeof host, (void **)&t->hosts, &bytes, error);
}

static cvz_status open_file(cvz_telemetry *t, cvz_error *error)
{
  t->file = fopen(t->path, "a");
  CVZ_REQUIRE(t->file, error, CVZ_E_IO, "--log: '%s': cannot be written: %s", t->path, strerror(errno));
  return CVZ_OK;
}

cvz_status cvz_telemetry_start(cvz_telemetry *t, const cvz_telemetry_job *job, cvz_error *error)
{
  t->started = cvz_clock();
  if (!t->path) return CVZ_OK;
  CVZ_TRY(collect_hosts(t, error));
  CVZ_TRY(cvz_comm_agree(t->comm, is_root(t) ? open_file(t, error) : CVZ_OK, error));
  if (is_root(t)) put(t, start_line(t, job));
  return CVZ_OK;
}

static void unit_done(void *context, int units_done, int units_total, double cost_done, double cost_total)
{
  const cvz_observer *inner = &((cvz_telemetry *)context)->inner;
  if (inner->unit_done) inner->unit_done(inner->context, units_done, units_total, cost_done, cost_total);
}

static json_t *unit_line(const cvz_telemetry *t, const cvz_unit_report *report)
{
  const cvz_work_layer *layer = &t->work->layers[cvz_work_layer_of(t->work, report->unit)];
  return json_pack("{s:s, s:f, s:o, s:i, s:i, s:o, s:f, s:s, s:i, s:o, s:o}", "event", "unit", "time", cvz_clock_date(),
                   "layer", cvz_json_text(layer->name), "filter", layer->filters[report->unit - layer->first_unit],
                   "rank", report->rank, "host", cvz_json_text(host_of(t, report->rank)), "seconds", report->seconds,
                   "status", cvz_unit_status_name((cvz_unit_status)report->status), "steps", report->steps,
                   "first_loss", cvz_json_real((double)report->first_loss), "loss",
                   cvz_json_real((double)report->loss));
}

static void unit_ended(void *context, const cvz_unit_report *report)
{
  cvz_telemetry *t = context;
  t->units++;
  t->flops += report->steps * t->work->layers[cvz_work_layer_of(t->work, report->unit)].direct;
  if (t->file) put(t, unit_line(t, report));
}

static void layer_written(void *context, const char *name, const char *path)
{
  cvz_telemetry *t = context;
  if (t->file)
    put(t, json_pack("{s:s, s:f, s:o, s:o}", "event", "layer", "time", cvz_clock_date(), "layer", cvz_json_text(name),
                     "path", cvz_json_text(path)));
  if (t->inner.layer_written) t->inner.layer_written(t->inner.context, name, path);
}

static void tick(void *context)
{
  const cvz_observer *inner = &((cvz_telemetry *)context)->inner;
  if (inner->tick) inner->tick(inner->context);
}

cvz_observer cvz_telemetry_observer(cvz_telemetry *t)
{
  return (cvz_observer){t, unit_done, unit_ended, layer_written, tick};
}

static json_t *ranks_json(const cvz_telemetry *t, const cvz_rank_times *times)
{
  json_t *ranks = json_array();
  for (int i = 0; i < cvz_comm_size(t->comm); i++)
    json_array_append_new(ranks, json_pack("{s:i, s:o, s:i, s:i, s:f, s:f, s:f}", "rank", i, "host",
                                           cvz_json_text(host_of(t, i)), "filters", times[i].units, "taken",
                                           times[i].taken, "computing", times[i].computing, "waiting", times[i].waiting,
                                           "writing", times[i].writing));
  return ranks;
}

static json_t *summary_line(const cvz_telemetry *t, const cvz_summary_of_ranks *s, const cvz_rank_times *times)
{
  const double seconds = s->seconds > 0 ? s->seconds : 1e-9;
  return json_pack("{s:s, s:f, s:i, s:f, s:f, s:f, s:f, s:o}", "event", "summary", "time", cvz_clock_date(), "filters",
                   s->units, "seconds", s->seconds, "filters_per_second", s->units / seconds, "gflops",
                   1e-9 * s->flops / seconds, "balance", s->balance, "ranks", ranks_json(t, times));
}

cvz_status cvz_telemetry_finish(cvz_telemetry *t, const cvz_rank_times *times, cvz_error *error)
{
  cvz_rank_times *all;
  size_t bytes;
  CVZ_TRY(cvz_comm_collect(t->comm, times, sizeof *times, (void **)&all, &bytes, error));
  if (is_root(t)) {
    const cvz_summary_of_ranks summary = cvz_summary_make(all, cvz_comm_size(t->comm), t->units, t->flops);
    cvz_summary_tell(t->log, &summary);
    if (t->file) put(t, summary_line(t, &summary, all));
  }
  free(all);
  return CVZ_OK;
}

void cvz_telemetry_free(cvz_telemetry *t)
{
  if (t->file) fclose(t->file);
  free(t->hosts);
  *t = (cvz_telemetry){0};
}
