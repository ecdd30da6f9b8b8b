#include "parallel/gather.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascent/film.h"
#include "ascent/objective.h"
#include "base/clock.h"
#include "base/memory.h"
#include "image/grid.h"
#include "parallel/parcel.h"
#include "store/layer_file.h"

/* What the owner of a layer tells rank 0 when it is written. */
typedef struct cvz_summary {
  int layer;
  cvz_layer_summary units;
} cvz_summary;

struct cvz_gather {
  cvz_comm *comm;
  const cvz_render_job *job;
  cvz_output_layer *layers;
  cvz_mail *mail;
  cvz_takeover *takeover; /* NULL: units stay where they are */
  cvz_shape image;
  int tile_height, tile_width, tile_channels;
  cvz_parcel_sizes sizes;
  char *parcel;           /* room for one */
  cvz_result *repeats;    /* of the unit that is taken */
  cvz_layer_file **files; /* per layer: NULL if not open here */
  int *arrived;           /* per layer: units put into its file */
  cvz_summary *summaries; /* per layer */
  int own_layers_left;    /* to be written here */
  int layers_left;        /* on rank 0: to be written anywhere */
  int units_left;         /* on rank 0: to be told of */
  double cost_done, cost_total;
  double writing; /* seconds */
  bool stopped, halted;
  bool ended;      /* rank 0 says that all units are finished */
  char reason[80]; /* of the halt */
};

static void measure(cvz_gather *gather)
{
  const cvz_render_job *job = gather->job;
  const int height = job->image.height, width = job->image.width;
  gather->image = job->image;
  gather->tile_height = cvz_picture_length(job->recipe, height, width);
  gather->tile_width = cvz_picture_length(job->recipe, width, height);
  gather->sizes.repeats = cvz_climb_variants(job->climb);
  gather->sizes.loss = (size_t)job->recipe->iterations * sizeof(float);
  gather->tile_channels = cvz_picture_channels(job->recipe, gather->image.channels);
  gather->sizes.tile = (size_t)gather->tile_height * (size_t)gather->tile_width * (size_t)gather->tile_channels;
  gather->sizes.film = cvz_film_bytes(job->recipe, gather->image);
  gather->sizes.raw = job->keep_raw ? cvz_shape_count(gather->image) * sizeof(float) : 0;
}

static void expect(cvz_gather *gather)
{
  const cvz_render_job *job = gather->job;
  const int rank = cvz_comm_rank(gather->comm);
  gather->units_left = rank == 0 ? job->resume->left : 0;
  for (int i = 0; i < job->work->layer_count; i++) {
    const cvz_work_layer *layer = &job->work->layers[i];
    gather->summaries[i] = (cvz_summary){i, cvz_layer_summary_empty()};
    if (job->resume->final[i]) continue;
    gather->own_layers_left += job->schedule->owner[i] == rank;
    gather->layers_left += rank == 0;
    for (int k = 0; k < layer->filter_count; k++)
      if (!job->resume->done[layer->first_unit + k]) gather->cost_total += layer->flops;
  }
}

static cvz_status take(void *context, cvz_mail_kind kind, const void *data, size_t bytes, cvz_error *error);

cvz_status cvz_gather_create(cvz_gather **gather, cvz_comm *comm, const cvz_render_job *job, cvz_output_layer *layers,
                             cvz_error *error)
{
  cvz_gather *created = cvz_array(1, sizeof *created, error);
  if (!created) return CVZ_E_MEMORY;
  *created = (cvz_gather){.comm = comm, .job = job, .layers = layers};
  const size_t count = (size_t)job->work->layer_count;
  measure(created);
  cvz_status status = CVZ_E_MEMORY;
  created->parcel = cvz_array(1, cvz_parcel_bytes(&created->sizes), error);
  created->files = cvz_array(count, sizeof *created->files, error);
  created->arrived = cvz_array(count, sizeof *created->arrived, error);
  created->summaries = cvz_array(count, sizeof *created->summaries, error);
  created->repeats = cvz_array((size_t)created->sizes.repeats + 1, sizeof *created->repeats, error);
  if (created->parcel && created->repeats && created->files && created->arrived && created->summaries)
    status = cvz_mail_create(&created->mail, comm, take, created, error);
  if (status != CVZ_OK) {
    cvz_gather_free(created);
    return status;
  }
  expect(created);
  *gather = created;
  return CVZ_OK;
}

void cvz_gather_free(cvz_gather *gather)
{
  if (!gather) return;
  for (int i = 0; gather->files && i < gather->job->work->layer_count; i++) cvz_layer_file_discard(gather->files[i]);
  cvz_mail_free(gather->mail);
  free(gather->parcel);
  free(gather->repeats);
  free(gather->files);
  free(gather->arrived);
  free(gather->summaries);
  free(gather);
}

cvz_mail *cvz_gather_mail(cvz_gather *gather)
{
  return gather->mail;
}

void cvz_gather_pass_on(cvz_gather *gather, cvz_takeover *takeover)
{
  gather->takeover = takeover;
}

double cvz_gather_writing(const cvz_gather *gather)
{
  return gather->writing;
}

bool cvz_gather_complete(const cvz_gather *gather)
{
  return gather->own_layers_left == 0 && gather->layers_left == 0 && gather->units_left == 0 &&
         (gather->ended || !gather->takeover);
}

bool cvz_gather_stopped(const cvz_gather *gather)
{
  return gather->stopped || gather->halted;
}

bool cvz_gather_halted(const cvz_gather *gather)
{
  return gather->halted;
}

/* To all but this rank. */
static cvz_status send_all(cvz_gather *gather, cvz_mail_kind kind, const void *data, size_t bytes, cvz_error *error)
{
  for (int rank = 0; rank < cvz_comm_size(gather->comm); rank++)
    if (rank != cvz_comm_rank(gather->comm)) CVZ_TRY(cvz_mail_send(gather->mail, rank, kind, data, bytes, error));
  return CVZ_OK;
}

cvz_status cvz_gather_tend(cvz_gather *gather, cvz_error *error)
{
  if (!gather->takeover || gather->ended) return CVZ_OK;
  if (cvz_comm_rank(gather->comm) || gather->units_left) return cvz_takeover_tend(gather->takeover, error);
  gather->ended = true;
  return send_all(gather, CVZ_MAIL_END, "", 0, error);
}

/* By way of rank 0, so that a signal to all of many ranks does not make each of them write to each. */
cvz_status cvz_gather_halt(cvz_gather *gather, const char *reason, cvz_error *error)
{
  const size_t bytes = sizeof gather->reason;
  if (gather->halted) return CVZ_OK;
  gather->halted = true;
  snprintf(gather->reason, bytes, "%s", reason);
  if (cvz_comm_rank(gather->comm)) return cvz_mail_send(gather->mail, 0, CVZ_MAIL_HALT, gather->reason, bytes, error);
  return send_all(gather, CVZ_MAIL_HALT, gather->reason, bytes, error);
}

const char *cvz_gather_reason(const cvz_gather *gather)
{
  return gather->reason;
}

void cvz_gather_stop(cvz_gather *gather)
{
  cvz_mail_discard(gather->mail);
  send_all(gather, CVZ_MAIL_STOP, "", 0, NULL);
}

static cvz_status send_parcel(cvz_gather *gather, int unit, cvz_error *error)
{
  const int owner = gather->job->schedule->owner[cvz_work_layer_of(gather->job->work, unit)];
  return cvz_mail_send(gather->mail, owner, CVZ_MAIL_UNIT, gather->parcel, cvz_parcel_bytes(&gather->sizes), error);
}

static int count_steps(const float *loss, int steps)
{
  int count = 0;
  while (count < steps && !isnan(loss[count])) count++;
  return count;
}

/* Rank 0 hears how a unit went. */
static cvz_status report(cvz_gather *gather, int unit, const cvz_result *result, double seconds, cvz_error *error)
{
  const int steps = gather->job->recipe->iterations;
  const cvz_unit_report told = {.unit = unit,
                                .rank = cvz_comm_rank(gather->comm),
                                .status = (int)result->status,
                                .steps = count_steps(result->loss, steps),
                                .first_loss = result->loss[0],
                                .loss = cvz_result_last_loss(result->loss, steps),
                                .seconds = seconds};
  return cvz_mail_send(gather->mail, 0, CVZ_MAIL_DONE, &told, sizeof told, error);
}

cvz_status cvz_gather_send(cvz_gather *gather, int unit, const cvz_result *result, double seconds, cvz_error *error)
{
  cvz_parcel_pack(&gather->sizes, unit, result, seconds, gather->parcel);
  CVZ_TRY(cvz_journal_add(gather->job->journal, CVZ_RECORD_UNIT, unit, gather->job->recipe->iterations, gather->parcel,
                          cvz_parcel_bytes(&gather->sizes), error));
  CVZ_TRY(send_parcel(gather, unit, error));
  return report(gather, unit, result, seconds, error);
}

cvz_status cvz_gather_replay(cvz_gather *gather, cvz_error *error)
{
  const cvz_resume *resume = gather->job->resume;
  for (int i = 0; i < resume->mine_count && !cvz_gather_stopped(gather); i++) {
    CVZ_TRY(cvz_journal_read(gather->job->directory, &resume->mine[i], gather->parcel, cvz_parcel_bytes(&gather->sizes),
                             error));
    CVZ_TRY(send_parcel(gather, resume->mine[i].unit, error));
    CVZ_TRY(cvz_mail_poll(gather->mail, error));
  }
  return CVZ_OK;
}

static cvz_attribute text_attribute(const char *key, const char *text)
{
  cvz_attribute attribute = {.key = key, .kind = CVZ_ATTRIBUTE_TEXT};
  attribute.text = text;
  return attribute;
}

static const char *loss_region(const cvz_render_job *job, const cvz_work_layer *layer)
{
  bool whole;
  if (layer->observes) return "as the objective says";
  if (layer->node != job->graph->layers[layer->layer].node) return "the number before the softmax or sigmoid";
  cvz_objective_region(layer->shape, job->loss_border, &whole);
  return whole ? "the whole map" : "the map less loss_border pixels a side";
}

/* The names of the layer's filters, NULL if there are none. */
static cvz_status name_filters(const char ***labels, const cvz_render_job *job, const cvz_work_layer *layer,
                               cvz_error *error)
{
  *labels = NULL;
  const bool channels = layer->terms[0].term.kind == CVZ_TERM_CHANNEL && !layer->pictures;
  if (!channels || job->labels->count != layer->channels) return CVZ_OK;
  *labels = cvz_array((size_t)layer->filter_count, sizeof **labels, error);
  if (!*labels) return CVZ_E_MEMORY;
  for (int i = 0; i < layer->filter_count; i++) (*labels)[i] = job->labels->names[layer->filters[i]];
  return CVZ_OK;
}

/* With a variant for whatever is kept beside the best. */
static cvz_status create_file(cvz_gather *gather, int index, cvz_layer_file_info info, cvz_error *error)
{
  const int count = gather->sizes.repeats;
  cvz_layer_variant *variants = cvz_array((size_t)count, sizeof *variants, error);
  if (!variants) return CVZ_E_MEMORY;
  for (int i = 0; i < count; i++) {
    variants[i] = cvz_layer_main(&info);
    variants[i].noise = false;
    cvz_climb_variant_name(gather->job->climb, i, variants[i].name);
  }
  info.variants = variants, info.variant_count = count;
  const cvz_status status = cvz_layer_file_create(&gather->files[index], &info, error);
  free(variants);
  return status;
}

static cvz_status open_layer(cvz_gather *gather, int index, cvz_error *error)
{
  const cvz_render_job *job = gather->job;
  const cvz_work_layer *layer = &job->work->layers[index];
  const int own = 4, count = job->attribute_count + own;
  const char **labels;
  char shape[64];
  CVZ_TRY(name_filters(&labels, job, layer, error));
  cvz_attribute *attributes = cvz_array((size_t)count, sizeof *attributes, error);
  if (!attributes) return free(labels), CVZ_E_MEMORY;
  cvz_shape_text(layer->shape, shape, sizeof shape);
  attributes[0] = text_attribute("layer", layer->name);
  attributes[1] = text_attribute("class", job->graph->layers[layer->layer].class_name);
  attributes[2] = text_attribute("shape", shape);
  attributes[3] = text_attribute("loss_region", loss_region(job, layer));
  memcpy(attributes + own, job->attributes, (size_t)job->attribute_count * sizeof *attributes);
  const cvz_layer_file_info info = {.directory = job->directory,
                                    .stem = layer->stem,
                                    .filters = layer->filters,
                                    .labels = labels,
                                    .count = layer->filter_count,
                                    .tile_height = gather->tile_height,
                                    .tile_width = gather->tile_width,
                                    .channels = gather->tile_channels,
                                    .steps = job->recipe->iterations,
                                    .frames = job->recipe->frames,
                                    .frame_channels = cvz_film_channels(gather->image),
                                    .keep_raw = job->keep_raw,
                                    .raw_height = gather->image.height,
                                    .raw_width = gather->image.width,
                                    .raw_channels = gather->image.channels,
                                    .margin = CVZ_GRID_MARGIN,
                                    .attributes = attributes,
                                    .attribute_count = count};
  const cvz_status status = create_file(gather, index, info, error);
  free(labels);
  free(attributes);
  return status;
}

static cvz_status write_layer(cvz_gather *gather, int index, cvz_error *error)
{
  cvz_layer_file *file = gather->files[index];
  gather->files[index] = NULL;
  gather->own_layers_left--;
  CVZ_TRY(cvz_layer_file_finish(file, error));
  return cvz_mail_send(gather->mail, 0, CVZ_MAIL_LAYER, &gather->summaries[index], sizeof(cvz_summary), error);
}

static cvz_status take_unit(cvz_gather *gather, const char *data, size_t bytes, cvz_error *error)
{
  const cvz_work *work = gather->job->work;
  assert(bytes == cvz_parcel_bytes(&gather->sizes));
  (void)bytes;
  const int unit = cvz_parcel_unit(data), index = cvz_work_layer_of(work, unit);
  const int place = unit - work->layers[index].first_unit;
  cvz_result result;
  cvz_parcel_unpack(&gather->sizes, data, &result, gather->repeats);
  result.filter = work->layers[index].filters[place];
  if (!gather->files[index]) CVZ_TRY(open_layer(gather, index, error));
  CVZ_TRY(cvz_layer_file_put(gather->files[index], place, &result, error));
  cvz_layer_summary_add(&gather->summaries[index].units, result.filter, result.status,
                        cvz_result_last_loss(result.loss, gather->job->recipe->iterations));
  return ++gather->arrived[index] < work->layers[index].filter_count ? CVZ_OK : write_layer(gather, index, error);
}

static void take_done(cvz_gather *gather, const void *data)
{
  const cvz_observer *observer = gather->job->observer;
  const cvz_work *work = gather->job->work;
  cvz_unit_report told;
  memcpy(&told, data, sizeof told);
  gather->units_left--;
  gather->cost_done += work->layers[cvz_work_layer_of(work, told.unit)].flops;
  if (observer && observer->unit_ended) observer->unit_ended(observer->context, &told);
  if (observer && observer->unit_done)
    observer->unit_done(observer->context, gather->job->resume->left - gather->units_left, gather->job->resume->left,
                        gather->cost_done, gather->cost_total);
}

static void take_layer(cvz_gather *gather, const void *data)
{
  const cvz_render_job *job = gather->job;
  cvz_summary summary;
  memcpy(&summary, data, sizeof summary);
  cvz_output_layer *layer = &gather->layers[summary.layer];
  layer->summary = summary.units;
  gather->layers_left--;
  if (!job->observer || !job->observer->layer_written) return;
  char path[4096];
  snprintf(path, sizeof path, "%s/layers/%s.png", job->directory, layer->stem);
  job->observer->layer_written(job->observer->context, layer->name, path);
}

/* Rank 0 passes it on; to the others it is the word. */
static cvz_status take_halt(cvz_gather *gather, const char *reason, cvz_error *error)
{
  if (cvz_comm_rank(gather->comm) == 0) return cvz_gather_halt(gather, reason, error);
  gather->halted = true;
  return CVZ_OK;
}

static cvz_status take(void *context, cvz_mail_kind kind, const void *data, size_t bytes, cvz_error *error)
{
  cvz_gather *gather = context;
  const double start = cvz_clock();
  cvz_status status;
  switch (kind) {
  case CVZ_MAIL_UNIT:
    status = take_unit(gather, data, bytes, error);
    gather->writing += cvz_clock() - start;
    return status;
  case CVZ_MAIL_DONE:
    take_done(gather, data);
    return CVZ_OK;
  case CVZ_MAIL_LAYER:
    take_layer(gather, data);
    return CVZ_OK;
  case CVZ_MAIL_STOP:
    gather->stopped = true;
    return CVZ_OK;
  case CVZ_MAIL_HALT:
    return take_halt(gather, data, error);
  case CVZ_MAIL_END:
    gather->ended = true;
    return CVZ_OK;
  case CVZ_MAIL_ASK:
  case CVZ_MAIL_LOAD:
  case CVZ_MAIL_WANT:
  case CVZ_MAIL_GIVE:
    cvz_takeover_take(gather->takeover, kind, data, bytes);
    return CVZ_OK;
  }
  return CVZ_OK;
}
