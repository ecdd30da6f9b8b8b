/* store/journal.h: what a job has done so far, such that it can go on after any end. docs/format.md has the format.
 *
 * Every rank appends to files of its own, DIRECTORY/journal/WRITER-SEGMENT.journal. A record counts once all its bytes
 * are there, as its checksum tells; what follows a broken record does not. */
#ifndef CVZ_STORE_JOURNAL_H
#define CVZ_STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "job/work.h"

#define CVZ_JOURNAL_SYNC          5.0                  /**< seconds after which a record is on the disk at the latest */
#define CVZ_JOURNAL_STATE         60.0                 /**< seconds of work on one unit that a crash may cost */
#define CVZ_JOURNAL_SEGMENT_BYTES ((uint64_t)64 << 20) /**< from this size on a new file is begun */
#define CVZ_JOURNAL_SEGMENTS      4                    /**< files of one rank at the same time */

typedef enum cvz_record_kind {
  CVZ_RECORD_JOB = 1, /**< first in every file: the job as text, lines "key = value" */
  CVZ_RECORD_UNIT,    /**< a finished unit */
  CVZ_RECORD_STATE    /**< a unit that is not finished, after `step` steps */
} cvz_record_kind;

/** What a record tells, and where it lies. Plain data: it can be sent to other ranks. */
typedef struct cvz_record {
  cvz_record_kind kind;
  int unit, step;
  int writer, segment;
  uint64_t offset, bytes; /**< of the content in the file */
} cvz_record;

typedef struct cvz_journal_file {
  int writer, segment;
  uint64_t end; /**< bytes that are whole, as far as known */
  bool needed;  /**< it has a record that counts, as far as known */
} cvz_journal_file;

/** The files of a directory's journal by writer and segment, of which no more is known; none if it has no journal.
 *  @param[out] files  free with free() */
cvz_status cvz_journal_list(cvz_journal_file **files, int *count, const char *directory, cvz_error *error);

/** The file in such a list that has a record; NULL if it is not there. */
cvz_journal_file *cvz_journal_find(cvz_journal_file *files, int count, const cvz_record *record);

/** Receives each whole record of a file in turn; that of kind CVZ_RECORD_JOB with its text, the others with NULL. */
typedef cvz_status (*cvz_journal_visit)(void *context, const cvz_record *record, const char *text, cvz_error *error);

/** Reads a file up to the first record that is not whole, and sets file->end to there. */
cvz_status cvz_journal_scan(const char *directory, cvz_journal_file *file, cvz_journal_visit visit, void *context,
                            cvz_error *error);

/** Reads the first record of a file only, if it is whole. */
cvz_status cvz_journal_job(const char *directory, cvz_journal_file file, cvz_journal_visit visit, void *context,
                           cvz_error *error);

/** Reads a record's content.
 *  @return CVZ_E_FORMAT if it does not have `bytes` bytes */
cvz_status cvz_journal_read(const char *directory, const cvz_record *record, void *content, size_t bytes,
                            cvz_error *error);

/** Removes one file. */
cvz_status cvz_journal_drop(const char *directory, cvz_journal_file file, cvz_error *error);

/** Removes the whole journal; fine if there is none. */
cvz_status cvz_journal_remove(const char *directory, cvz_error *error);

/** What a layer leaves in the end is there: the job needs its records no more. */
bool cvz_journal_layer_is_final(const char *directory, const cvz_work_layer *layer);

typedef struct cvz_journal cvz_journal;

/** What a rank writes its journal for; all borrowed until cvz_journal_close. */
typedef struct cvz_journal_info {
  const char *directory; /**< its folder journal/ must be there */
  int writer;
  const char *job;      /**< text of the first record */
  const cvz_work *work; /**< tells when a file is no longer needed */
} cvz_journal_info;

/** What an earlier run left, before this run wrote anything. */
typedef struct cvz_journal_past {
  const cvz_journal_file *files; /**< by writer and segment; those that this rank has read are known in full */
  int file_count;
  int readers;               /**< a writer's files were read by the rank of its number modulo this */
  const cvz_record *records; /**< that count, of the files that this rank has read */
  int record_count;
  const cvz_record *states; /**< of units that had begun, whoever has read them */
  int state_count;
} cvz_journal_past;

/** Opens this rank's journal to append: at the end of the last file that is its own if that has less than
 *  CVZ_JOURNAL_SEGMENT_BYTES, else in a new file. Of the files that this rank has read, removes those of other writers
 *  that are not needed. */
cvz_status cvz_journal_open(cvz_journal **journal, const cvz_journal_info *info, const cvz_journal_past *past,
                            cvz_error *error);

/** Appends a record; it survives the process at once, and the machine when it is synced. */
cvz_status cvz_journal_add(cvz_journal *journal, cvz_record_kind kind, int unit, int step, const void *content,
                           size_t bytes, cvz_error *error);

/** How many finished units this run has added. */
int cvz_journal_units(const cvz_journal *journal);

/** Between steps: syncs if CVZ_JOURNAL_SYNC seconds have passed since the oldest record that is not. */
cvz_status cvz_journal_tick(cvz_journal *journal, cvz_error *error);

/** True if the last record is CVZ_JOURNAL_STATE seconds old. */
bool cvz_journal_state_due(const cvz_journal *journal);

/** Syncs what is not, and fails if the file was removed meanwhile. Harmless on NULL. */
cvz_status cvz_journal_sync(cvz_journal *journal, cvz_error *error);

/** Closes without a sync. Harmless on NULL. */
void cvz_journal_close(cvz_journal *journal);

#endif
