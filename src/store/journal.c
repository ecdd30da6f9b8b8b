#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "store/journal_file.h"

/* A file of this rank that is still needed. */
typedef struct segment {
  int number;
  bool *layers; /* per layer of the work: it has a record of it */
} segment;

struct cvz_journal {
  cvz_journal_info info;
  segment *segments; /* the last of them is written */
  size_t segment_room;
  int segment_count;
  int descriptor;
  char path[PATH_MAX]; /* of the file that is written */
  uint64_t bytes;      /* of it */
  uint64_t look_at;    /* size at which a new file is thought of next */
  int units;           /* finished ones that were added */
  bool dirty;
  double dirty_since, last_added;
};

static cvz_status add_segment(cvz_journal *journal, int number, cvz_error *error)
{
  CVZ_TRY(cvz_grow((void **)&journal->segments, &journal->segment_room, (size_t)journal->segment_count,
                   sizeof *journal->segments, error));
  bool *layers = cvz_array((size_t)journal->info.work->layer_count, sizeof *layers, error);
  if (!layers) return CVZ_E_MEMORY;
  journal->segments[journal->segment_count++] = (segment){number, layers};
  return CVZ_OK;
}

static segment *current(cvz_journal *journal)
{
  return &journal->segments[journal->segment_count - 1];
}

/* writev() until all is written; 0 or errno. */
static int write_parts(int file, struct iovec *parts, int count)
{
  while (count) {
    const ssize_t wrote = writev(file, parts, count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    size_t left = (size_t)wrote;
    for (; count && left >= parts->iov_len; parts++, count--) left -= parts->iov_len;
    if (!count) return 0;
    parts->iov_base = (char *)parts->iov_base + left;
    parts->iov_len -= left;
  }
  return 0;
}

/* After a failure the job ends: the next one cuts off what is not whole. */
static cvz_status append(cvz_journal *journal, const cvz_record_head *head, const void *content, cvz_error *error)
{
  struct iovec parts[] = {{(void *)head, sizeof *head}, {(void *)content, (size_t)head->bytes}};
  const int code = write_parts(journal->descriptor, parts, head->bytes ? 2 : 1);
  if (code) return cvz_file_fail(error, "write", journal->path, code);
  journal->bytes += sizeof *head + head->bytes;
  journal->last_added = cvz_clock();
  if (!journal->dirty) journal->dirty_since = journal->last_added;
  journal->dirty = true;
  return CVZ_OK;
}

static cvz_status add(cvz_journal *journal, cvz_record_kind kind, int unit, int step, const void *content, size_t bytes,
                      cvz_error *error)
{
  cvz_record_head head = {.mark = CVZ_RECORD_MARK, .kind = (uint32_t)kind, .unit = unit, .step = step, .bytes = bytes};
  head.checksum = cvz_record_checksum_add(cvz_record_checksum(&head), content, bytes);
  return append(journal, &head, content, error);
}

/* Opens the current segment at its end `bytes`; an empty one gets the job. */
static cvz_status open_current(cvz_journal *journal, uint64_t bytes, cvz_error *error)
{
  const cvz_journal_file file = {.writer = journal->info.writer, .segment = current(journal)->number};
  CVZ_TRY(cvz_journal_path(journal->path, journal->info.directory, file, error));
  journal->descriptor = open(journal->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (journal->descriptor < 0) return cvz_file_fail(error, "write", journal->path, errno);
  if (ftruncate(journal->descriptor, (off_t)bytes) || lseek(journal->descriptor, (off_t)bytes, SEEK_SET) < 0)
    return cvz_file_fail(error, "write", journal->path, errno);
  journal->bytes = bytes;
  journal->look_at = CVZ_JOURNAL_SEGMENT_BYTES;
  journal->last_added = cvz_clock();
  if (bytes) return CVZ_OK;
  CVZ_TRY(add(journal, CVZ_RECORD_JOB, 0, 0, journal->info.job, strlen(journal->info.job), error));
  CVZ_TRY(cvz_journal_sync(journal, error));
  return cvz_file_sync_name(journal->path, error);
}

static bool is_needed(const cvz_journal *journal, const segment *s)
{
  const cvz_work *work = journal->info.work;
  for (int i = 0; i < work->layer_count; i++)
    if (s->layers[i] && !cvz_journal_layer_is_final(journal->info.directory, &work->layers[i])) return true;
  return false;
}

static cvz_status drop_old(cvz_journal *journal, cvz_error *error)
{
  int kept = 0;
  cvz_status status = CVZ_OK;
  for (int i = 0; i < journal->segment_count; i++) {
    const segment s = journal->segments[i];
    if (status != CVZ_OK || i == journal->segment_count - 1 || is_needed(journal, &s)) {
      journal->segments[kept++] = s;
      continue;
    }
    free(s.layers);
    status = cvz_journal_drop(journal->info.directory,
                              (cvz_journal_file){.writer = journal->info.writer, .segment = s.number}, error);
  }
  journal->segment_count = kept;
  return status;
}

/* The records that count of this rank's own files. */
static void note_records(cvz_journal *journal, const cvz_record *records, int count)
{
  for (int i = 0; i < count; i++) {
    const cvz_record *record = &records[i];
    if (record->writer != journal->info.writer) continue;
    for (int k = 0; k < journal->segment_count; k++)
      if (journal->segments[k].number == record->segment)
        journal->segments[k].layers[cvz_work_layer_of(journal->info.work, record->unit)] = true;
  }
}

/* Takes over the files of an earlier run; *end of the last of its own is where to go on, 0 in a new file. */
static cvz_status take_over(cvz_journal *journal, const cvz_journal_past *past, uint64_t *end, cvz_error *error)
{
  *end = 0;
  for (int i = 0; i < past->file_count; i++) {
    const cvz_journal_file *file = &past->files[i];
    if (file->writer % past->readers != journal->info.writer) continue;
    if (file->writer == journal->info.writer) {
      CVZ_TRY(add_segment(journal, file->segment, error));
      *end = file->end;
    } else if (!file->needed) {
      CVZ_TRY(cvz_journal_drop(journal->info.directory, *file, error));
    }
  }
  note_records(journal, past->records, past->record_count);
  note_records(journal, past->states, past->state_count);
  if (journal->segment_count && *end < CVZ_JOURNAL_SEGMENT_BYTES) return CVZ_OK;
  *end = 0;
  return add_segment(journal, journal->segment_count ? current(journal)->number + 1 : 0, error);
}

cvz_status cvz_journal_open(cvz_journal **journal, const cvz_journal_info *info, const cvz_journal_past *past,
                            cvz_error *error)
{
  uint64_t end = 0;
  cvz_journal *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  *opened = (cvz_journal){.info = *info, .descriptor = -1};
  cvz_status status = take_over(opened, past, &end, error);
  if (status == CVZ_OK) status = drop_old(opened, error);
  if (status == CVZ_OK) status = open_current(opened, end, error);
  if (status != CVZ_OK) {
    cvz_journal_close(opened);
    return status;
  }
  *journal = opened;
  return CVZ_OK;
}

/* Begins a new file, unless there are too many: then the present one grows. */
static cvz_status think_of_next(cvz_journal *journal, cvz_error *error)
{
  CVZ_TRY(cvz_journal_sync(journal, error));
  CVZ_TRY(drop_old(journal, error));
  journal->look_at = journal->bytes + CVZ_JOURNAL_SEGMENT_BYTES;
  if (journal->segment_count >= CVZ_JOURNAL_SEGMENTS) return CVZ_OK;
  close(journal->descriptor);
  journal->descriptor = -1;
  CVZ_TRY(add_segment(journal, current(journal)->number + 1, error));
  return open_current(journal, 0, error);
}

cvz_status cvz_journal_add(cvz_journal *journal, cvz_record_kind kind, int unit, int step, const void *content,
                           size_t bytes, cvz_error *error)
{
  if (journal->bytes >= journal->look_at) CVZ_TRY(think_of_next(journal, error));
  CVZ_TRY(add(journal, kind, unit, step, content, bytes, error));
  current(journal)->layers[cvz_work_layer_of(journal->info.work, unit)] = true;
  journal->units += kind == CVZ_RECORD_UNIT;
  return CVZ_OK;
}

int cvz_journal_units(const cvz_journal *journal)
{
  return journal->units;
}

cvz_status cvz_journal_tick(cvz_journal *journal, cvz_error *error)
{
  if (!journal->dirty || cvz_clock() - journal->dirty_since < CVZ_JOURNAL_SYNC) return CVZ_OK;
  return cvz_journal_sync(journal, error);
}

bool cvz_journal_state_due(const cvz_journal *journal)
{
  return cvz_clock() - journal->last_added >= CVZ_JOURNAL_STATE;
}

/* A file that somebody has removed can be written for ever, to no end. */
static cvz_status check_name(const cvz_journal *journal, cvz_error *error)
{
  struct stat found;
  const int code = fstat(journal->descriptor, &found) ? errno : found.st_nlink ? 0 : ENOENT;
  return code ? cvz_file_fail(error, "write", journal->path, code) : CVZ_OK;
}

cvz_status cvz_journal_sync(cvz_journal *journal, cvz_error *error)
{
  if (!journal || !journal->dirty || journal->descriptor < 0) return CVZ_OK;
  if (fdatasync(journal->descriptor)) return cvz_file_fail(error, "write", journal->path, errno);
  journal->dirty = false;
  return check_name(journal, error);
}

void cvz_journal_close(cvz_journal *journal)
{
  if (!journal) return;
  if (journal->descriptor >= 0) close(journal->descriptor);
  for (int i = 0; i < journal->segment_count; i++) free(journal->segments[i].layers);
  free(journal->segments);
  free(journal);
}
