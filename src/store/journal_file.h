/* store/journal_file.h: names and records of journal files, for those who write and read them. */
#ifndef CVZ_STORE_JOURNAL_FILE_H
#define CVZ_STORE_JOURNAL_FILE_H

#include <limits.h>

#include "store/journal.h"

#define CVZ_RECORD_MARK 0x4a5a5643u /* "CVZJ" */

/** Stands before every record's content, in the byte order of the machine. */
typedef struct cvz_record_head {
  uint32_t mark, kind;
  int32_t unit, step;
  uint64_t bytes;    /**< of the content */
  uint32_t checksum; /**< CRC-32 of this head with checksum 0, then of the content */
  uint32_t zero;
} cvz_record_head;

uint32_t cvz_record_checksum(const cvz_record_head *head);

/** The checksum of more content after `checksum`. */
uint32_t cvz_record_checksum_add(uint32_t checksum, const void *content, size_t bytes);

cvz_status cvz_journal_path(char path[PATH_MAX], const char *directory, cvz_journal_file file, cvz_error *error);

#endif
