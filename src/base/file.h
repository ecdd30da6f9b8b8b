/* base/file.h: files that appear whole or not at all. */
#ifndef CVZ_BASE_FILE_H
#define CVZ_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

/** Extension of a file that is not finished: ".NAME.tmp" beside NAME; a later job removes what a dead one left. */
#define CVZ_FILE_TEMPORARY ".tmp"

/** Fills in `error` as "ACTION 'PATH': the system's words for the errno `code`"; returns CVZ_E_IO. */
cvz_status cvz_file_fail(cvz_error *error, const char *action, const char *path, int code);

/** Makes a directory with its parents; fine if it is there. */
cvz_status cvz_file_make_directory(const char *path, cvz_error *error);

/** The temporary name for `path` ("dir/.name.tmp") in `temporary`. */
cvz_status cvz_file_temporary_name(const char *path, char *temporary, size_t bytes, cvz_error *error);

/** Syncs the finished file `temporary`, gives it its final name and syncs the directory. On failure neither
 *  name is left. Messages name `path`. */
cvz_status cvz_file_publish(const char *temporary, const char *path, cvz_error *error);

/** Waits until the name of a new file is on the disk. */
cvz_status cvz_file_sync_name(const char *path, cvz_error *error);

/** Writes `bytes` bytes to `path` through a temporary name. */
cvz_status cvz_file_write(const char *path, const void *data, size_t bytes, cvz_error *error);

/** Appends the whole file to `text`; CVZ_E_RANGE if it has more than `limit` bytes. After a failure a part may
 *  have been appended. */
cvz_status cvz_file_read(const char *path, size_t limit, cvz_text *text, cvz_error *error);

/** XXH64 of a whole file, see base/hash.h. */
cvz_status cvz_file_hash(const char *path, uint64_t *hash, cvz_error *error);

#endif
