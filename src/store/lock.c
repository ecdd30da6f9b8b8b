#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define POLL_SECONDS 0.1
#define BEAT_SECONDS 30.0

/* The bytes of the file that are locked: the first by rank 0, the second shared by the others. */
enum { ROOT_BYTE, RANKS_BYTE };

struct cvz_lock {
  char path[PATH_MAX];
  int descriptor;
  bool root;
  double beaten;
};

/* How an attempt ended. */
typedef enum attempt { TAKEN, HELD, GONE, BROKEN } attempt;

static int set_lock(int file, short type, off_t start, off_t length)
{
  struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  int failed;
  do failed = fcntl(file, F_SETLK, &range);
  while (failed && errno == EINTR);
  return failed ? errno : 0;
}

static bool no_locks_here(int code)
{
  return code == ENOLCK || code == ENOSYS || code == EOPNOTSUPP || code == EINVAL;
}

/* True if the descriptor's file is still the one of that name: its last owner may have removed it. */
static bool is_current(const cvz_lock *lock)
{
  struct stat by_name, opened;
  return !stat(lock->path, &by_name) && !fstat(lock->descriptor, &opened) && by_name.st_ino == opened.st_ino &&
         by_name.st_dev == opened.st_dev;
}

static void read_owner(int file, char *owner, size_t bytes)
{
  const ssize_t count = pread(file, owner, bytes - 1, 0);
  owner[count > 0 ? count : 0] = 0;
  owner[strcspn(owner, "\n")] = 0;
}

/* "HOST PROCESS" of this process. */
static void name_self(char *text, size_t bytes)
{
  char host[256];
  if (gethostname(host, sizeof host)) snprintf(host, sizeof host, "?");
  host[sizeof host - 1] = 0;
  snprintf(text, bytes, "%.200s %ld", host, (long)getpid());
}

static int write_owner(int file)
{
  char text[256];
  name_self(text, sizeof text - 1);
  strcat(text, "\n");
  const ssize_t length = (ssize_t)strlen(text);
  return !ftruncate(file, 0) && pwrite(file, text, (size_t)length, 0) == length ? 0 : errno;
}

/* Seconds since the file was touched, by the clock of its file system: touching it tells what that says now. */
static double age(int file)
{
  struct stat before, now;
  if (fstat(file, &before) || futimens(file, NULL) || fstat(file, &now)) return 0;
  const struct timespec times[2] = {before.st_atim, before.st_mtim};
  futimens(file, times);
  return difftime(now.st_mtime, before.st_mtime);
}

/* Without locks in the file system: is the process that the file names alive? */
static bool owner_lives(int file)
{
  char owner[256], self[256];
  read_owner(file, owner, sizeof owner);
  name_self(self, sizeof self);
  const char *process = strrchr(owner, ' ');
  if (!process) return false;
  const size_t host = (size_t)(process - owner) + 1;
  if (strncmp(owner, self, host)) return age(file) < CVZ_LOCK_STALE;
  const pid_t pid = (pid_t)strtol(process, NULL, 10);
  return pid > 0 && (!kill(pid, 0) || errno == EPERM);
}

static attempt try_to_take(cvz_lock *lock, int *code)
{
  lock->descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock->descriptor < 0) return *code = errno, BROKEN;
  *code = set_lock(lock->descriptor, F_WRLCK, ROOT_BYTE, 2);
  if (*code == EACCES || *code == EAGAIN) return HELD;
  if (no_locks_here(*code))
    *code = owner_lives(lock->descriptor) ? EAGAIN : 0;
  else if (!*code && !is_current(lock))
    return GONE;
  if (*code) return *code == EAGAIN ? HELD : BROKEN;
  *code = write_owner(lock->descriptor);
  return *code ? BROKEN : TAKEN;
}

static void let_go(cvz_lock *lock)
{
  if (lock->descriptor >= 0) close(lock->descriptor);
  lock->descriptor = -1;
}

static cvz_status take(cvz_lock *lock, const char *directory, double patience, cvz_error *error)
{
  const double give_up = cvz_clock() + patience;
  char owner[256] = "";
  for (;;) {
    int code = 0;
    const attempt how = try_to_take(lock, &code);
    if (how == TAKEN) return CVZ_OK;
    if (how == HELD) read_owner(lock->descriptor, owner, sizeof owner);
    let_go(lock);
    if (how == BROKEN) return cvz_file_fail(error, "write", lock->path, code);
    CVZ_REQUIRE(how == GONE || cvz_clock() < give_up, error, CVZ_E_USAGE,
                "out: '%s' is in use by another job (host and process: %s), expected another directory or its end",
                directory, *owner ? owner : "not known");
    if (how == HELD) cvz_clock_sleep(POLL_SECONDS);
  }
}

static cvz_status create(cvz_lock **lock, const char *directory, bool root, cvz_error *error)
{
  *lock = cvz_array(1, sizeof **lock, error);
  if (!*lock) return CVZ_E_MEMORY;
  (*lock)->descriptor = -1;
  (*lock)->root = root;
  const int length = snprintf((*lock)->path, sizeof(*lock)->path, "%s/.lock", directory);
  if (length >= 0 && (size_t)length < sizeof(*lock)->path) return CVZ_OK;
  return cvz_file_fail(error, "write", directory, ENAMETOOLONG);
}

static void discard(cvz_lock **lock)
{
  if (*lock) let_go(*lock);
  free(*lock);
  *lock = NULL;
}

cvz_status cvz_lock_take(cvz_lock **lock, const char *directory, double patience, cvz_error *error)
{
  cvz_status status = create(lock, directory, true, error);
  if (status == CVZ_OK) status = take(*lock, directory, patience, error);
  if (status != CVZ_OK) discard(lock);
  return status;
}

void cvz_lock_admit(cvz_lock *lock)
{
  set_lock(lock->descriptor, F_UNLCK, RANKS_BYTE, 1);
}

cvz_status cvz_lock_join(cvz_lock **lock, const char *directory, cvz_error *error)
{
  CVZ_TRY(create(lock, directory, false, error));
  (*lock)->descriptor = open((*lock)->path, O_RDWR | O_CLOEXEC);
  int code = (*lock)->descriptor < 0 ? errno : set_lock((*lock)->descriptor, F_RDLCK, RANKS_BYTE, 1);
  if (!code || no_locks_here(code)) return CVZ_OK;
  discard(lock);
  return cvz_file_fail(error, "lock", directory, code);
}

void cvz_lock_beat(cvz_lock *lock)
{
  if (cvz_clock() - lock->beaten < BEAT_SECONDS) return;
  lock->beaten = cvz_clock();
  futimens(lock->descriptor, NULL);
}

void cvz_lock_release(cvz_lock *lock)
{
  if (!lock) return;
  if (lock->root) unlink(lock->path);
  let_go(lock);
  free(lock);
}
