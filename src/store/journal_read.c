#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "store/journal_file.h"

#define READ_BYTES ((size_t)1 << 20)
#define JOB_LIMIT  ((uint64_t)1 << 24) /* bytes of a job's text; more is not one */

uint32_t cvz_record_checksum_add(uint32_t checksum, const void *content, size_t bytes)
{
  return (uint32_t)crc32_z(checksum, content, bytes);
}

uint32_t cvz_record_checksum(const cvz_record_head *head)
{
  cvz_record_head blank = *head;
  blank.checksum = 0;
  return cvz_record_checksum_add((uint32_t)crc32_z(0, NULL, 0), &blank, sizeof blank);
}

cvz_status cvz_journal_path(char path[PATH_MAX], const char *directory, cvz_journal_file file, cvz_error *error)
{
  const int length = snprintf(path, PATH_MAX, "%s/journal/%d-%d.journal", directory, file.writer, file.segment);
  if (length < 0 || length >= PATH_MAX) return cvz_file_fail(error, "open", directory, ENAMETOOLONG);
  return CVZ_OK;
}

static bool parse_name(cvz_journal_file *file, const char *name)
{
  int end = 0;
  *file = (cvz_journal_file){0};
  return sscanf(name, "%d-%d.journal%n", &file->writer, &file->segment, &end) == 2 && end && !name[end] &&
         file->writer >= 0 && file->segment >= 0;
}

static int by_writer(const void *a, const void *b)
{
  const cvz_journal_file *x = a, *y = b;
  return x->writer != y->writer ? (x->writer > y->writer) - (x->writer < y->writer)
                                : (x->segment > y->segment) - (x->segment < y->segment);
}

cvz_status cvz_journal_list(cvz_journal_file **files, int *count, const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  size_t capacity = 0;
  cvz_status status = CVZ_OK;
  *files = NULL, *count = 0;
  snprintf(path, sizeof path, "%s/journal", directory);
  DIR *folder = opendir(path);
  if (!folder) return errno == ENOENT ? CVZ_OK : cvz_file_fail(error, "read", path, errno);
  for (const struct dirent *entry; status == CVZ_OK && (entry = readdir(folder));) {
    cvz_journal_file file;
    if (!parse_name(&file, entry->d_name)) continue;
    status = cvz_grow((void **)files, &capacity, (size_t)*count, sizeof **files, error);
    if (status == CVZ_OK) (*files)[(*count)++] = file;
  }
  closedir(folder);
  if (*count) qsort(*files, (size_t)*count, sizeof **files, by_writer);
  return status;
}

cvz_journal_file *cvz_journal_find(cvz_journal_file *files, int count, const cvz_record *record)
{
  const cvz_journal_file key = {.writer = record->writer, .segment = record->segment};
  return count ? bsearch(&key, files, (size_t)count, sizeof *files, by_writer) : NULL;
}

/* Reads `bytes` bytes at `offset`: 0, errno, or -1 if the file ends before. */
static int read_at(int file, uint64_t offset, void *data, size_t bytes)
{
  for (char *next = data; bytes;) {
    const ssize_t count = pread(file, next, bytes, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count ? errno : -1;
    next += count, offset += (uint64_t)count, bytes -= (size_t)count;
  }
  return 0;
}

/* One pass over a file. */
typedef struct scan {
  int file;
  const char *path;
  char *buffer;
  cvz_record_head head;
  uint64_t end; /* of what is whole */
} scan;

/* Is the next record whole? 0, errno, or -1 if it is not. */
static int check_next(scan *s)
{
  const int code = read_at(s->file, s->end, &s->head, sizeof s->head);
  if (code) return code;
  if (s->head.mark != CVZ_RECORD_MARK) return -1;
  uint32_t checksum = cvz_record_checksum(&s->head);
  for (uint64_t done = 0; done < s->head.bytes;) {
    const uint64_t left = s->head.bytes - done;
    const size_t piece = left < READ_BYTES ? (size_t)left : READ_BYTES;
    const int failed = read_at(s->file, s->end + sizeof s->head + done, s->buffer, piece);
    if (failed) return failed;
    checksum = cvz_record_checksum_add(checksum, s->buffer, piece);
    done += piece;
  }
  return checksum == s->head.checksum ? 0 : -1;
}

static cvz_status hand_over(const scan *s, cvz_journal_file file, cvz_journal_visit visit, void *context,
                            cvz_error *error)
{
  const cvz_record record = {(cvz_record_kind)s->head.kind, s->head.unit, s->head.step, file.writer, file.segment,
                             s->end + sizeof s->head,       s->head.bytes};
  if (record.kind != CVZ_RECORD_JOB) return visit(context, &record, NULL, error);
  CVZ_REQUIRE(record.bytes < JOB_LIMIT, error, CVZ_E_FORMAT, "journal '%s': a job of %llu bytes", s->path,
              (unsigned long long)record.bytes);
  char *text = cvz_array((size_t)record.bytes + 1, 1, error);
  if (!text) return CVZ_E_MEMORY;
  const int code = read_at(s->file, record.offset, text, (size_t)record.bytes);
  const cvz_status status =
      code ? cvz_file_fail(error, "read", s->path, code > 0 ? code : EIO) : visit(context, &record, text, error);
  free(text);
  return status;
}

/* Hands over up to `limit` records. */
static cvz_status scan_some(scan *s, cvz_journal_file file, int limit, cvz_journal_visit visit, void *context,
                            cvz_error *error)
{
  for (int i = 0; i < limit; i++) {
    const int code = check_next(s);
    if (code > 0) return cvz_file_fail(error, "read", s->path, code);
    if (code < 0 || (s->end == 0 && s->head.kind != CVZ_RECORD_JOB)) return CVZ_OK;
    CVZ_TRY(hand_over(s, file, visit, context, error));
    s->end += sizeof s->head + s->head.bytes;
  }
  return CVZ_OK;
}

static cvz_status scan_file(const char *directory, cvz_journal_file *file, int limit, cvz_journal_visit visit,
                            void *context, cvz_error *error)
{
  char path[PATH_MAX];
  scan s = {.path = path};
  file->end = 0;
  CVZ_TRY(cvz_journal_path(path, directory, *file, error));
  s.file = open(path, O_RDONLY | O_CLOEXEC);
  if (s.file < 0) return cvz_file_fail(error, "read", path, errno);
  s.buffer = cvz_array(READ_BYTES, 1, error);
  const cvz_status status = s.buffer ? scan_some(&s, *file, limit, visit, context, error) : CVZ_E_MEMORY;
  file->end = s.end;
  free(s.buffer);
  close(s.file);
  return status;
}

cvz_status cvz_journal_scan(const char *directory, cvz_journal_file *file, cvz_journal_visit visit, void *context,
                            cvz_error *error)
{
  return scan_file(directory, file, INT_MAX, visit, context, error);
}

cvz_status cvz_journal_job(const char *directory, cvz_journal_file file, cvz_journal_visit visit, void *context,
                           cvz_error *error)
{
  return scan_file(directory, &file, 1, visit, context, error);
}

cvz_status cvz_journal_read(const char *directory, const cvz_record *record, void *content, size_t bytes,
                            cvz_error *error)
{
  char path[PATH_MAX];
  CVZ_REQUIRE(record->bytes == bytes, error, CVZ_E_FORMAT, "journal '%s': a record of %llu bytes, expected %zu",
              directory, (unsigned long long)record->bytes, bytes);
  CVZ_TRY(cvz_journal_path(path, directory, (cvz_journal_file){.writer = record->writer, .segment = record->segment},
                           error));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const int code = file < 0 ? errno : read_at(file, record->offset, content, bytes);
  if (file >= 0) close(file);
  return code ? cvz_file_fail(error, "read", path, code > 0 ? code : EIO) : CVZ_OK;
}

cvz_status cvz_journal_drop(const char *directory, cvz_journal_file file, cvz_error *error)
{
  char path[PATH_MAX];
  CVZ_TRY(cvz_journal_path(path, directory, file, error));
  return unlink(path) && errno != ENOENT ? cvz_file_fail(error, "remove", path, errno) : CVZ_OK;
}

cvz_status cvz_journal_remove(const char *directory, cvz_error *error)
{
  char path[PATH_MAX];
  cvz_journal_file *files;
  int count;
  cvz_status status = cvz_journal_list(&files, &count, directory, error);
  for (int i = 0; status == CVZ_OK && i < count; i++) status = cvz_journal_drop(directory, files[i], error);
  free(files);
  snprintf(path, sizeof path, "%s/journal", directory);
  if (status == CVZ_OK && rmdir(path) && errno != ENOENT && errno != ENOTEMPTY)
    return cvz_file_fail(error, "remove", path, errno);
  return status;
}

bool cvz_journal_layer_is_final(const char *directory, const cvz_work_layer *layer)
{
  static const char *const extensions[] = {"h5", "png"};
  for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/layers/%s.%s", directory, layer->stem, extensions[i]);
    if (access(path, F_OK)) return false;
  }
  return true;
}
