#include "parallel/resume.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/job_text.h"

/* Reading the files of one rank. */
typedef struct reading {
  cvz_resume *resume;
  const cvz_work *work;
  const char *directory, *job;
  int *claim; /* per unit: the lowest rank that has found it finished */
  int rank;
  size_t finished_room, state_room;
} reading;

void cvz_resume_free(cvz_resume *resume)
{
  free(resume->done);
  free(resume->final);
  free(resume->files);
  free(resume->mine);
  free(resume->states);
  *resume = (cvz_resume){0};
}

cvz_status cvz_resume_nothing(cvz_resume *resume, const cvz_work *work, cvz_error *error)
{
  *resume = (cvz_resume){.left = work->unit_count};
  resume->done = cvz_array((size_t)work->unit_count, sizeof(bool), error);
  resume->final = cvz_array((size_t)work->layer_count, sizeof(bool), error);
  return resume->done && resume->final ? CVZ_OK : CVZ_E_MEMORY;
}

/* Rank 0 lists the files: a directory on a parallel file system is not asked by every rank. */
static cvz_status share_files(cvz_resume *resume, cvz_comm *comm, const char *directory, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  if (cvz_comm_rank(comm) == 0) status = cvz_journal_list(&resume->files, &resume->file_count, directory, error);
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  cvz_comm_share_bytes(comm, &resume->file_count, sizeof resume->file_count);
  if (cvz_comm_rank(comm)) {
    resume->files = cvz_array((size_t)resume->file_count, sizeof *resume->files, error);
    status = resume->files ? CVZ_OK : CVZ_E_MEMORY;
  }
  CVZ_TRY(cvz_comm_agree(comm, status, error));
  cvz_comm_share_bytes(comm, resume->files, (size_t)resume->file_count * sizeof *resume->files);
  return CVZ_OK;
}

static cvz_status keep(cvz_record **list, int *count, size_t *room, const cvz_record *record, cvz_error *error)
{
  CVZ_TRY(cvz_grow((void **)list, room, (size_t)*count, sizeof **list, error));
  (*list)[(*count)++] = *record;
  return CVZ_OK;
}

static cvz_status visit(void *context, const cvz_record *record, const char *text, cvz_error *error)
{
  reading *r = context;
  cvz_resume *resume = r->resume;
  if (record->kind == CVZ_RECORD_JOB) return cvz_job_text_same(text, r->job, r->directory, error);
  if (record->unit < 0 || record->unit >= r->work->unit_count) return CVZ_OK;
  if (resume->final[cvz_work_layer_of(r->work, record->unit)]) return CVZ_OK;
  if (record->kind == CVZ_RECORD_STATE)
    return keep(&resume->states, &resume->state_count, &r->state_room, record, error);
  if (record->kind != CVZ_RECORD_UNIT || r->claim[record->unit] == r->rank) return CVZ_OK;
  r->claim[record->unit] = r->rank;
  return keep(&resume->mine, &resume->mine_count, &r->finished_room, record, error);
}

/* A writer's files go to the rank of its number, in turn where there are fewer ranks now. */
static cvz_status read_files(reading *r, int ranks, cvz_error *error)
{
  for (int i = 0; i < r->work->unit_count; i++) r->claim[i] = INT_MAX;
  for (int i = 0; i < r->resume->file_count; i++) {
    if (r->resume->files[i].writer % ranks != r->rank) continue;
    CVZ_TRY(cvz_journal_scan(r->directory, &r->resume->files[i], visit, r, error));
  }
  return CVZ_OK;
}

/* After the ranks have compared their claims: what is done, and which of the finished units are this rank's to hand
 * over. */
static void settle_claims(const reading *r)
{
  cvz_resume *resume = r->resume;
  int kept = 0;
  resume->left = 0;
  for (int i = 0; i < r->work->unit_count; i++) {
    resume->done[i] = r->claim[i] != INT_MAX || resume->final[cvz_work_layer_of(r->work, i)];
    resume->left += !resume->done[i];
  }
  for (int i = 0; i < resume->mine_count; i++)
    if (r->claim[resume->mine[i].unit] == r->rank) resume->mine[kept++] = resume->mine[i];
  resume->mine_count = kept;
}

static int by_unit_and_falling_step(const void *a, const void *b)
{
  const cvz_record *x = a, *y = b;
  if (x->unit != y->unit) return x->unit < y->unit ? -1 : 1;
  return (x->step < y->step) - (x->step > y->step);
}

/* Everybody learns of all states, of each unit the furthest. */
static cvz_status share_states(cvz_resume *resume, cvz_comm *comm, cvz_error *error)
{
  void *all = NULL;
  size_t bytes = 0;
  int kept = 0;
  CVZ_TRY(cvz_comm_collect(comm, resume->states, (size_t)resume->state_count * sizeof *resume->states, &all, &bytes,
                           error));
  free(resume->states);
  resume->states = all;
  resume->state_count = (int)(bytes / sizeof *resume->states);
  if (resume->state_count)
    qsort(resume->states, (size_t)resume->state_count, sizeof *resume->states, by_unit_and_falling_step);
  for (int i = 0; i < resume->state_count; i++) {
    const cvz_record *state = &resume->states[i];
    if (!resume->done[state->unit] && (!kept || resume->states[kept - 1].unit != state->unit))
      resume->states[kept++] = *state;
  }
  resume->state_count = kept;
  return CVZ_OK;
}

/* Which files are needed: those of this rank's records, and those of a state, whoever has read it. */
static void mark_files(cvz_resume *resume)
{
  cvz_journal_file *file;
  for (int i = 0; i < resume->mine_count; i++)
    if ((file = cvz_journal_find(resume->files, resume->file_count, &resume->mine[i]))) file->needed = true;
  for (int i = 0; i < resume->state_count; i++)
    if ((file = cvz_journal_find(resume->files, resume->file_count, &resume->states[i]))) file->needed = true;
}

cvz_status cvz_resume_find(cvz_resume *resume, cvz_comm *comm, const char *directory, const cvz_work *work,
                           const char *job, const bool *final, cvz_error *error)
{
  reading r = {.resume = resume, .work = work, .directory = directory, .job = job, .rank = cvz_comm_rank(comm)};
  cvz_status status = cvz_resume_nothing(resume, work, error);
  r.claim = cvz_array((size_t)work->unit_count, sizeof *r.claim, error);
  if (!r.claim) status = CVZ_E_MEMORY;
  CVZ_TRY_GOTO(cvz_comm_agree(comm, status, error), done);
  if (r.rank == 0) memcpy(resume->final, final, (size_t)work->layer_count * sizeof *final);
  cvz_comm_share_bytes(comm, resume->final, (size_t)work->layer_count * sizeof *final);
  CVZ_TRY_GOTO(share_files(resume, comm, directory, error), done);
  status = read_files(&r, cvz_comm_size(comm), error);
  CVZ_TRY_GOTO(cvz_comm_agree(comm, status, error), done);
  cvz_comm_least_each(comm, r.claim, work->unit_count);
  settle_claims(&r);
  status = share_states(resume, comm, error);
  if (status == CVZ_OK) mark_files(resume);
done:
  free(r.claim);
  return status;
}

const cvz_record *cvz_resume_state(const cvz_resume *resume, int unit)
{
  const cvz_record key = {.unit = unit, .step = INT_MAX};
  int low = 0, high = resume->state_count;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    if (by_unit_and_falling_step(&resume->states[middle], &key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low < resume->state_count && resume->states[low].unit == unit ? &resume->states[low] : NULL;
}
