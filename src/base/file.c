#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"

#define READ_BYTES 65536
#define HASH_BYTES ((size_t)1 << 20)

cvz_status cvz_file_fail(cvz_error *error, const char *action, const char *path, int code)
{
  return cvz_fail(error, CVZ_E_IO, "%s '%s': %s", action, path, strerror(code));
}

/* One level; fine if it is there already. */
static cvz_status make_level(const char *path, const char *whole, cvz_error *error)
{
  struct stat found;
  if (!mkdir(path, 0777)) return CVZ_OK;
  const int code = errno; /* on a read-only file system EROFS may hide EEXIST */
  if (stat(path, &found)) return cvz_file_fail(error, "create", whole, code);
  if (!S_ISDIR(found.st_mode)) return cvz_file_fail(error, "create", whole, ENOTDIR);
  return CVZ_OK;
}

cvz_status cvz_file_make_directory(const char *path, cvz_error *error)
{
  char level[PATH_MAX];
  const size_t length = strlen(path);
  if (length >= sizeof level) return cvz_file_fail(error, "create", path, ENAMETOOLONG);
  memcpy(level, path, length + 1);
  for (char *slash = strchr(level + (*level == '/'), '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    CVZ_TRY(make_level(level, path, error));
    *slash = '/';
  }
  return make_level(level, path, error);
}

/* Length of the part of `path` up to and with the last slash. */
static int folder_length(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? (int)(slash - path) + 1 : 0;
}

cvz_status cvz_file_temporary_name(const char *path, char *temporary, size_t bytes, cvz_error *error)
{
  const int folder = folder_length(path);
  const int length = snprintf(temporary, bytes, "%.*s.%s" CVZ_FILE_TEMPORARY, folder, path, path + folder);
  if (length < 0 || (size_t)length >= bytes) return cvz_file_fail(error, "write", path, ENAMETOOLONG);
  return CVZ_OK;
}

/* Waits until `path`, a file or a directory, is on the disk; 0 or errno. */
static int sync_path(const char *path)
{
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const int code = fsync(file) ? errno : 0;
  close(file);
  return code;
}

static int sync_folder(const char *path)
{
  char folder[PATH_MAX];
  const int length = snprintf(folder, sizeof folder, "%.*s", folder_length(path), path);
  if (length < 0 || (size_t)length >= sizeof folder) return ENAMETOOLONG;
  const int code = sync_path(length ? folder : ".");
  return code == EINVAL || code == EBADF ? 0 : code; /* file systems that cannot sync a directory */
}

cvz_status cvz_file_sync_name(const char *path, cvz_error *error)
{
  const int code = sync_folder(path);
  return code ? cvz_file_fail(error, "write", path, code) : CVZ_OK;
}

cvz_status cvz_file_publish(const char *temporary, const char *path, cvz_error *error)
{
  int code = sync_path(temporary);
  if (!code && rename(temporary, path)) code = errno;
  if (code) {
    unlink(temporary);
    return cvz_file_fail(error, "write", path, code);
  }
  code = sync_folder(path);
  if (!code) return CVZ_OK;
  unlink(path);
  return cvz_file_fail(error, "write", path, code);
}

/* write() until all is written; 0 or errno. */
static int write_all(int file, const char *data, size_t bytes)
{
  while (bytes) {
    const ssize_t wrote = write(file, data, bytes);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    data += wrote;
    bytes -= (size_t)wrote;
  }
  return 0;
}

cvz_status cvz_file_write(const char *path, const void *data, size_t bytes, cvz_error *error)
{
  char temporary[PATH_MAX];
  CVZ_TRY(cvz_file_temporary_name(path, temporary, sizeof temporary, error));
  const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return cvz_file_fail(error, "write", path, errno);
  int code = write_all(file, data, bytes);
  if (close(file) && !code) code = errno; /* a quota on a network may be told only here */
  if (!code) return cvz_file_publish(temporary, path, error);
  unlink(temporary);
  return cvz_file_fail(error, "write", path, code);
}

/* Appends what is left of `file`; 0 or errno. One byte past `limit` is enough to know. */
static int read_all(int file, size_t limit, cvz_text *text)
{
  char buffer[READ_BYTES];
  size_t total = 0;
  while (total <= limit) {
    const ssize_t count = read(file, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (!count) return 0;
    cvz_text_add_bytes(text, buffer, (size_t)count);
    total += (size_t)count;
  }
  return 0;
}

cvz_status cvz_file_read(const char *path, size_t limit, cvz_text *text, cvz_error *error)
{
  const size_t before = text->length;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return cvz_file_fail(error, "read", path, errno);
  const int code = read_all(file, limit, text);
  close(file);
  if (code) return cvz_file_fail(error, "read", path, code);
  CVZ_TRY(cvz_text_check(text, error));
  CVZ_REQUIRE(text->length - before <= limit, error, CVZ_E_RANGE, "read '%s': too large, expected at most %zu bytes",
              path, limit);
  return CVZ_OK;
}

/* 0 or errno. Not mmap(): a file that shrinks would kill the program. */
static int hash_rest(int file, void *buffer, cvz_hash_state *state)
{
  for (;;) {
    const ssize_t count = read(file, buffer, HASH_BYTES);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (!count) return 0;
    cvz_hash_add(state, buffer, (size_t)count);
  }
}

cvz_status cvz_file_hash(const char *path, uint64_t *hash, cvz_error *error)
{
  cvz_hash_state state = cvz_hash_begin();
  void *buffer = cvz_array(HASH_BYTES, 1, error);
  if (!buffer) return CVZ_E_MEMORY;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const int code = file < 0 ? errno : hash_rest(file, buffer, &state);
  if (file >= 0) close(file);
  free(buffer);
  if (code) return cvz_file_fail(error, "read", path, code);
  *hash = cvz_hash_end(&state);
  return CVZ_OK;
}
