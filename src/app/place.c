#include "app/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/build.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "store/job_text.h"
#include "store/layer_read.h"

#define PATIENCE   10.0 /* seconds for a dying run */
#define LAYER_KEYS 4    /* attributes of a layer's file before those of the job */

static bool is_root(const cvz_place *place)
{
  return cvz_comm_rank(place->comm) == 0;
}

static cvz_status take_isa(void *context, const cvz_record *record, const char *text, cvz_error *error)
{
  (void)error;
  if (record->kind == CVZ_RECORD_JOB) cvz_job_text_value(text, "instruction_set", context, 16);
  return CVZ_OK;
}

static cvz_status read_isa(const char *directory, char isa[16], cvz_error *error)
{
  cvz_journal_file *files;
  int count;
  cvz_status status = cvz_journal_list(&files, &count, directory, error);
  for (int i = 0; status == CVZ_OK && i < count && !*isa; i++)
    status = cvz_journal_job(directory, files[i], take_isa, isa, error);
  free(files);
  return status;
}

cvz_status cvz_place_earlier_isa(cvz_comm *comm, const cvz_options *options, char isa[16], cvz_error *error)
{
  cvz_status status = CVZ_OK;
  memset(isa, 0, 16);
  if (options->resume && cvz_comm_rank(comm) == 0) status = read_isa(options->out, isa, error);
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  cvz_comm_share_bytes(comm, isa, 16);
  return CVZ_OK;
}

/* The parameters that results tell of, and those that decide which results there are. */
static cvz_status describe_job(cvz_place *place, const cvz_place_job *job, cvz_error *error)
{
  const cvz_options *options = place->options;
  char build[CVZ_BUILD_LENGTH];
  cvz_build_name(build);
  cvz_job_text_add(&place->job, job->attributes, job->attribute_count);
  cvz_text_add(&place->job, "build = %s\n", build);
  cvz_text_add(&place->job, "layer = %s\nfilters = %s\nsave_raw = %d\nshard = %d/%d\n",
               options->layer ? options->layer : "", options->filters, options->save_raw, options->shard.index,
               options->shard.count);
  if (job->start) cvz_text_add(&place->job, "start_xxh64 = %016" PRIx64 "\n", cvz_hash(job->start, job->start_bytes));
  return cvz_text_check(&place->job, error);
}

static cvz_status same_filters(const cvz_layer_file_info *found, const cvz_work_layer *layer, const char *directory,
                               cvz_error *error)
{
  const size_t bytes = (size_t)layer->filter_count * sizeof(int);
  CVZ_REQUIRE(found->count == layer->filter_count && !memcmp(found->filters, layer->filters, bytes), error, CVZ_E_USAGE,
              "'%s' is of a job with other filters of layer '%s', expected the same", directory, layer->stem);
  return CVZ_OK;
}

/* A final layer must be one of this job. */
static cvz_status same_layer(const cvz_place *place, const cvz_place_job *job, const cvz_layer_read *read, int index,
                             cvz_error *error)
{
  const cvz_layer_file_info *found = cvz_layer_read_info(read);
  cvz_text theirs = {0}, ours = {0};
  if (found->attribute_count > LAYER_KEYS)
    cvz_job_text_add(&theirs, found->attributes + LAYER_KEYS, found->attribute_count - LAYER_KEYS);
  cvz_job_text_add(&theirs, &(cvz_attribute){"save_raw", CVZ_ATTRIBUTE_INTEGER, {.integer = found->keep_raw}}, 1);
  cvz_job_text_add(&ours, job->attributes, job->attribute_count);
  cvz_job_text_add(&ours, &(cvz_attribute){"save_raw", CVZ_ATTRIBUTE_INTEGER, {.integer = place->options->save_raw}},
                   1);
  theirs.failed |= ours.failed;
  cvz_status status = cvz_text_check(&theirs, error);
  if (status == CVZ_OK) status = cvz_job_text_same(theirs.data, ours.data, place->options->out, error);
  if (status == CVZ_OK) status = same_filters(found, &place->work->layers[index], place->options->out, error);
  cvz_text_free(&ours);
  cvz_text_free(&theirs);
  return status;
}

static cvz_status read_final(const cvz_place *place, const cvz_place_job *job, int index, cvz_error *error)
{
  cvz_output_layer *layer = &job->layers[index];
  cvz_layer_read *read;
  CVZ_TRY(cvz_layer_read_open(&read, place->options->out, place->work->layers[index].stem, error));
  cvz_status status = same_layer(place, job, read, index, error);
  if (status == CVZ_OK) status = cvz_layer_read_summary(read, &layer->summary, error);
  cvz_layer_read_close(read);
  return status;
}

/* Rank 0: which layers are final. */
static cvz_status find_final(const cvz_place *place, const cvz_place_job *job, bool *final, cvz_error *error)
{
  for (int i = 0; i < place->work->layer_count; i++) {
    final[i] = cvz_journal_layer_is_final(place->options->out, &place->work->layers[i]);
    if (final[i]) CVZ_TRY(read_final(place, job, i, error));
  }
  return cvz_output_same_layers(place->options->out, job->layers, place->work->layer_count, error);
}

static cvz_status look(cvz_place *place, const cvz_place_job *job, cvz_error *error)
{
  bool *final = cvz_array((size_t)place->work->layer_count, sizeof *final, error);
  cvz_status status = final ? CVZ_OK : CVZ_E_MEMORY;
  if (status == CVZ_OK && is_root(place)) {
    status = cvz_lock_take(&place->lock, place->options->out, PATIENCE, error);
    if (status == CVZ_OK) status = find_final(place, job, final, error);
  }
  status = cvz_comm_agree(place->comm, status, error);
  if (status == CVZ_OK)
    status =
        cvz_resume_find(&place->resume, place->comm, place->options->out, place->work, place->job.data, final, error);
  free(final);
  return status;
}

static void tell(cvz_place *place)
{
  const cvz_resume *resume = &place->resume;
  const int units = place->work->unit_count;
  place->complete = true;
  for (int i = 0; i < place->work->layer_count; i++) place->complete &= resume->final[i];
  if (place->complete)
    cvz_tell(place->log, "all %d filters are done", units);
  else if (resume->left < units || resume->state_count)
    cvz_tell(place->log, "going on: %d of %d filters are done, %d begun", units - resume->left, units,
             resume->state_count);
}

cvz_status cvz_place_look(cvz_place *place, const cvz_place_job *job, cvz_error *error)
{
  int there = place->options->resume && is_root(place) && !access(place->options->out, F_OK);
  CVZ_TRY(cvz_comm_agree(place->comm, describe_job(place, job, error), error));
  cvz_comm_share_bytes(place->comm, &there, sizeof there);
  if (!there) return cvz_comm_agree(place->comm, cvz_resume_nothing(&place->resume, place->work, error), error);
  CVZ_TRY(look(place, job, error));
  tell(place);
  return CVZ_OK;
}

static cvz_output_mode mode_of(const cvz_options *options)
{
  if (options->overwrite) return CVZ_OUTPUT_OVERWRITE;
  return options->resume ? CVZ_OUTPUT_RESUME : CVZ_OUTPUT_NEW;
}

static cvz_status prepare_root(cvz_place *place, cvz_error *error)
{
  const char *out = place->options->out;
  CVZ_TRY(cvz_file_make_directory(out, error));
  if (!place->lock) CVZ_TRY(cvz_lock_take(&place->lock, out, place->options->resume ? PATIENCE : 0, error));
  CVZ_TRY(cvz_output_prepare(out, mode_of(place->options), error));
  cvz_lock_admit(place->lock);
  return CVZ_OK;
}

cvz_status cvz_place_prepare(cvz_place *place, cvz_error *error)
{
  CVZ_TRY(cvz_comm_agree(place->comm, is_root(place) ? prepare_root(place, error) : CVZ_OK, error));
  cvz_status status = CVZ_OK;
  if (!is_root(place)) status = cvz_lock_join(&place->lock, place->options->out, error);
  return cvz_comm_agree(place->comm, status, error);
}

cvz_status cvz_place_begin(cvz_place *place, cvz_error *error)
{
  const cvz_journal_info info = {place->options->out, cvz_comm_rank(place->comm), place->job.data, place->work};
  const cvz_journal_past past = {place->resume.files,      place->resume.file_count, cvz_comm_size(place->comm),
                                 place->resume.mine,       place->resume.mine_count, place->resume.states,
                                 place->resume.state_count};
  return cvz_comm_agree(place->comm, cvz_journal_open(&place->journal, &info, &past, error), error);
}

cvz_status cvz_place_finish(cvz_place *place, cvz_error *error)
{
  cvz_journal_close(place->journal);
  place->journal = NULL;
  CVZ_TRY(cvz_comm_agree(place->comm, CVZ_OK, error)); /* on some network file systems an open file cannot go */
  const cvz_status status = is_root(place) ? cvz_journal_remove(place->options->out, error) : CVZ_OK;
  return cvz_comm_agree(place->comm, status, error);
}

/* The others let go first: when rank 0's lock is gone, nobody writes any more. */
void cvz_place_release(cvz_place *place)
{
  cvz_journal_close(place->journal);
  if (place->lock && !is_root(place)) cvz_lock_release(place->lock);
  if (place->comm) cvz_comm_agree(place->comm, CVZ_OK, NULL);
  if (place->lock && is_root(place)) cvz_lock_release(place->lock);
  cvz_resume_free(&place->resume);
  cvz_text_free(&place->job);
}
