#include "store/journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../base/scratch.h"

enum { LAYERS = 3, FILTERS = 4 };

static const char job[] = "seed = 1\nmodel = a.h5\n";

/* Three layers of four filters, with the stems a, b and c. */
static cvz_work_layer layers[LAYERS] = {{.stem = "a", .filter_count = FILTERS, .first_unit = 0},
                                        {.stem = "b", .filter_count = FILTERS, .first_unit = FILTERS},
                                        {.stem = "c", .filter_count = FILTERS, .first_unit = 2 * FILTERS}};
static const cvz_work work = {.layers = layers, .layer_count = LAYERS, .unit_count = LAYERS * FILTERS};

/* What a scan has found. */
typedef struct found {
  cvz_record records[64];
  int count, jobs;
  char text[64];
} found;

static cvz_status take(void *context, const cvz_record *record, const char *text, cvz_error *error)
{
  found *f = context;
  (void)error;
  if (record->kind == CVZ_RECORD_JOB) {
    f->jobs++;
    snprintf(f->text, sizeof f->text, "%s", text);
  } else {
    f->records[f->count++] = *record;
  }
  return CVZ_OK;
}

static const char *directory(void **state)
{
  const char *path = scratch_path(state, "out");
  mkdir(path, 0777);
  mkdir(scratch_path(state, "out/journal"), 0777);
  mkdir(scratch_path(state, "out/layers"), 0777);
  return path;
}

static cvz_journal *begin(void **state, int writer)
{
  const cvz_journal_info info = {directory(state), writer, job, &work};
  const cvz_journal_past past = {.readers = 1};
  cvz_journal *journal;
  assert_int_equal(cvz_journal_open(&journal, &info, &past, NULL), CVZ_OK);
  return journal;
}

static void add(cvz_journal *journal, cvz_record_kind kind, int unit, int step, const char *content)
{
  assert_int_equal(cvz_journal_add(journal, kind, unit, step, content, strlen(content), NULL), CVZ_OK);
}

/* Two units of writer 0: "tile" and "picture". */
static void write_two(void **state)
{
  cvz_journal *journal = begin(state, 0);
  add(journal, CVZ_RECORD_UNIT, 5, 30, "tile");
  add(journal, CVZ_RECORD_STATE, 6, 12, "picture");
  assert_int_equal(cvz_journal_units(journal), 1);
  assert_int_equal(cvz_journal_sync(journal, NULL), CVZ_OK);
  cvz_journal_close(journal);
}

static cvz_journal_file scan(void **state, int writer, int segment, found *f)
{
  cvz_journal_file file = {.writer = writer, .segment = segment};
  *f = (found){0};
  assert_int_equal(cvz_journal_scan(scratch_path(state, "out"), &file, take, f, NULL), CVZ_OK);
  return file;
}

static off_t length_of(const char *path)
{
  struct stat info;
  assert_int_equal(stat(path, &info), 0);
  return info.st_size;
}

static void what_was_added_is_read_again(void **state)
{
  found f;
  char content[8] = "";
  write_two(state);
  const cvz_journal_file file = scan(state, 0, 0, &f);
  assert_int_equal(f.jobs, 1);
  assert_string_equal(f.text, job);
  assert_int_equal(f.count, 2);
  assert_int_equal(f.records[0].kind, CVZ_RECORD_UNIT);
  assert_int_equal(f.records[0].unit, 5);
  assert_int_equal(f.records[0].bytes, 4);
  assert_int_equal(f.records[1].kind, CVZ_RECORD_STATE);
  assert_int_equal(f.records[1].step, 12);
  assert_int_equal(file.end, length_of(scratch_path(state, "out/journal/0-0.journal")));
  const size_t bytes = (size_t)f.records[1].bytes;
  assert_int_equal(cvz_journal_read(scratch_path(state, "out"), &f.records[1], content, bytes, NULL), CVZ_OK);
  assert_string_equal(content, "picture");
  assert_int_equal(cvz_journal_read(scratch_path(state, "out"), &f.records[1], content, bytes - 1, NULL), CVZ_E_FORMAT);
}

/* Cuts the file to every length, then changes every byte of it: a record counts if and only if all before it and all of
 * it are as they were written. */
static void a_record_counts_when_it_is_whole(void **state)
{
  found f;
  char path[128];
  write_two(state);
  snprintf(path, sizeof path, "%s", scratch_path(state, "out/journal/0-0.journal"));
  const size_t length = (size_t)length_of(path);
  char *whole = malloc(length), *broken = malloc(length);
  FILE *stream = fopen(path, "rb");
  assert_int_equal(fread(whole, 1, length, stream), length);
  fclose(stream);
  scan(state, 0, 0, &f);
  const size_t ends[] = {(size_t)f.records[0].offset + 4, length};
  for (size_t cut = 0; cut < length; cut++) {
    scratch_write(path, whole, cut);
    scan(state, 0, 0, &f);
    assert_int_equal(f.count, (cut >= ends[0]) + (cut >= ends[1]));
  }
  for (size_t i = 0; i < length; i++) {
    memcpy(broken, whole, length);
    broken[i] = (char)(broken[i] ^ 0x10);
    scratch_write(path, broken, length);
    scan(state, 0, 0, &f);
    assert_int_equal(f.count, (i >= ends[0]) + (i >= ends[1]));
  }
  free(broken);
  free(whole);
}

/* Reads the directory as a single rank does, and opens the journal of `writer` again. */
static cvz_journal *go_on(void **state, int writer, int readers, found *f)
{
  const cvz_journal_info info = {scratch_path(state, "out"), writer, job, &work};
  cvz_journal_file *files;
  cvz_journal *journal;
  int count;
  *f = (found){0};
  assert_int_equal(cvz_journal_list(&files, &count, info.directory, NULL), CVZ_OK);
  for (int i = 0; i < count; i++)
    if (files[i].writer % readers == writer)
      assert_int_equal(cvz_journal_scan(info.directory, &files[i], take, f, NULL), CVZ_OK);
  for (int i = 0; i < f->count; i++) cvz_journal_find(files, count, &f->records[i])->needed = true;
  const cvz_journal_past past = {files, count, readers, f->records, f->count, NULL, 0};
  assert_int_equal(cvz_journal_open(&journal, &info, &past, NULL), CVZ_OK);
  free(files);
  return journal;
}

static void a_torn_end_is_cut_off_and_written_on(void **state)
{
  found f;
  write_two(state);
  const char *path = scratch_path(state, "out/journal/0-0.journal");
  assert_int_equal(truncate(path, length_of(path) - 1), 0);
  cvz_journal *journal = go_on(state, 0, 1, &f);
  add(journal, CVZ_RECORD_UNIT, 7, 30, "more");
  cvz_journal_close(journal);
  scan(state, 0, 0, &f);
  assert_int_equal(f.jobs, 1);
  assert_int_equal(f.count, 2);
  assert_int_equal(f.records[1].unit, 7);
}

static void a_file_without_a_job_begins_anew(void **state)
{
  found f;
  write_two(state);
  scratch_write(scratch_path(state, "out/journal/0-0.journal"), "CVZJ nonsense", 13);
  cvz_journal *journal = go_on(state, 0, 1, &f);
  assert_int_equal(f.count, 0);
  cvz_journal_close(journal);
  scan(state, 0, 0, &f);
  assert_string_equal(f.text, job);
}

static void files_of_other_writers_go_when_nothing_in_them_counts(void **state)
{
  found f;
  cvz_journal_close(begin(state, 2));
  cvz_journal *journal = begin(state, 4);
  add(journal, CVZ_RECORD_UNIT, 1, 30, "kept");
  cvz_journal_close(journal);
  cvz_journal_close(begin(state, 3));
  journal = go_on(state, 0, 2, &f);
  assert_false(scratch_has(scratch_path(state, "out/journal/2-0.journal")));
  assert_true(scratch_has(scratch_path(state, "out/journal/3-0.journal"))); /* read by another rank */
  assert_true(scratch_has(scratch_path(state, "out/journal/4-0.journal")));
  cvz_journal_close(journal);
}

static void make_final(void **state, const char *stem)
{
  char name[64];
  snprintf(name, sizeof name, "out/layers/%s.h5", stem);
  scratch_write(scratch_path(state, name), "x", 1);
  snprintf(name, sizeof name, "out/layers/%s.png", stem);
  scratch_write(scratch_path(state, name), "x", 1);
}

/* Adds as much of one unit as a file takes. */
static void fill_file(cvz_journal *journal, int unit)
{
  const size_t bytes = CVZ_JOURNAL_SEGMENT_BYTES / 2 + 1;
  char *content = calloc(1, bytes);
  for (int i = 0; i < 2; i++)
    assert_int_equal(cvz_journal_add(journal, CVZ_RECORD_UNIT, unit, 1, content, bytes, NULL), CVZ_OK);
  free(content);
}

static int count_files(void **state)
{
  return scratch_count(scratch_path(state, "out/journal"));
}

static void files_are_few_and_go_with_their_layers(void **state)
{
  cvz_journal *journal = begin(state, 0);
  for (int i = 0; i < CVZ_JOURNAL_SEGMENTS + 2; i++) fill_file(journal, i % FILTERS);
  assert_int_equal(count_files(state), CVZ_JOURNAL_SEGMENTS);
  make_final(state, "a");
  fill_file(journal, FILTERS);
  fill_file(journal, FILTERS);
  assert_in_range(count_files(state), 1, 2);
  assert_false(scratch_has(scratch_path(state, "out/journal/0-0.journal")));
  cvz_journal_close(journal);
}

static void an_earlier_run_s_files_go_with_their_layers(void **state)
{
  found f;
  cvz_journal *journal = begin(state, 0);
  fill_file(journal, 0);
  fill_file(journal, FILTERS);
  add(journal, CVZ_RECORD_UNIT, 2 * FILTERS, 1, "last");
  cvz_journal_close(journal);
  assert_int_equal(count_files(state), 3);
  make_final(state, "a");
  journal = go_on(state, 0, 1, &f);
  assert_false(scratch_has(scratch_path(state, "out/journal/0-0.journal")));
  assert_int_equal(count_files(state), 2);
  cvz_journal_close(journal);
}

static void the_whole_journal_is_listed_in_order_and_removed(void **state)
{
  cvz_journal_file *files;
  int count;
  for (int writer = 11; writer >= 9; writer--) cvz_journal_close(begin(state, writer));
  scratch_write(scratch_path(state, "out/journal/1-x.journal"), "x", 1);
  assert_int_equal(cvz_journal_list(&files, &count, scratch_path(state, "out"), NULL), CVZ_OK);
  assert_int_equal(count, 3);
  for (int i = 0; i < 3; i++) assert_int_equal(files[i].writer, 9 + i);
  free(files);
  assert_int_equal(cvz_journal_remove(scratch_path(state, "out"), NULL), CVZ_OK);
  assert_int_equal(count_files(state), 1); /* what is not ours stays */
  unlink(scratch_path(state, "out/journal/1-x.journal"));
  assert_int_equal(cvz_journal_remove(scratch_path(state, "out"), NULL), CVZ_OK);
  assert_false(scratch_has(scratch_path(state, "out/journal")));
  assert_int_equal(cvz_journal_remove(scratch_path(state, "out"), NULL), CVZ_OK);
}

static void a_record_that_finds_no_room_is_an_error(void **state)
{
  cvz_error error;
  cvz_journal *journal = begin(state, 0);
  const int full = open("/dev/full", O_WRONLY);
  if (full < 0) skip();
  char link[64], target[256];
  int own = -1;
  for (int i = 3; i < 64 && own < 0; i++) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", i);
    const ssize_t length = readlink(link, target, sizeof target - 1);
    if (length > 0 && (target[length] = 0, strstr(target, "0-0.journal"))) own = i;
  }
  assert_true(own >= 0 && dup2(full, own) == own);
  assert_int_equal(cvz_journal_add(journal, CVZ_RECORD_UNIT, 0, 1, "x", 1, &error), CVZ_E_IO);
  assert_non_null(strstr(error.text, "No space left"));
  assert_non_null(strstr(error.text, "0-0.journal"));
  cvz_journal_close(journal);
  close(full);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(what_was_added_is_read_again),
      TEST(a_record_counts_when_it_is_whole),
      TEST(a_torn_end_is_cut_off_and_written_on),
      TEST(a_file_without_a_job_begins_anew),
      TEST(files_of_other_writers_go_when_nothing_in_them_counts),
      TEST(files_are_few_and_go_with_their_layers),
      TEST(an_earlier_run_s_files_go_with_their_layers),
      TEST(the_whole_journal_is_listed_in_order_and_removed),
      TEST(a_record_that_finds_no_room_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
