#include "base/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void lower_limit(int resource, rlim_t most)
{
  struct rlimit limit;
  if (getrlimit(resource, &limit)) return;
  if (limit.rlim_cur > most) limit.rlim_cur = most; /* RLIM_INFINITY is the largest */
  setrlimit(resource, &limit);
}

/* Dies without a core file or a word, whatever handlers the caller has. */
static void make_quiet(void)
{
  static const int deaths[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGTERM, SIGINT};
  for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], SIG_DFL);
  lower_limit(RLIMIT_CORE, 0);
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO; stream++)
    if (nowhere < 0 || dup2(nowhere, stream) < 0) close(stream);
}

/* A byte says that the attempt has returned: unlike the exit code it arrives even where SIGCHLD is ignored. */
static void run_child(void (*attempt)(void *context), void *context, int seconds, int report)
{
  make_quiet();
  lower_limit(RLIMIT_CPU, (rlim_t)seconds);
  attempt(context);
  _exit(write(report, "", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool await(pid_t child, int report)
{
  char byte;
  ssize_t count;
  do count = read(report, &byte, 1);
  while (count < 0 && errno == EINTR);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return count == 1;
}

bool cvz_trial(void (*attempt)(void *context), void *context, int seconds)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return true;
  const pid_t child = fork();
  if (child == 0) run_child(attempt, context, seconds, ends[1]);
  close(ends[1]);
  const bool survived = child < 0 || await(child, ends[0]);
  close(ends[0]);
  return survived;
}
