#include "site/times.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"

struct cvz_times {
  FILE *file;
  char path[PATH_MAX];
};

cvz_status cvz_times_open(cvz_times **times, const char *directory, cvz_error *error)
{
  cvz_times *opened = cvz_array(1, sizeof *opened, error);
  if (!opened) return CVZ_E_MEMORY;
  snprintf(opened->path, sizeof opened->path, "%s/site/times.js", directory);
  opened->file = fopen(opened->path, "ae");
  if (!opened->file) {
    const int code = errno;
    const cvz_status status = cvz_file_fail(error, "write", opened->path, code);
    free(opened);
    return status;
  }
  *times = opened;
  return CVZ_OK;
}

cvz_status cvz_times_add(cvz_times *times, const char *stem, int filter, int rank, double seconds, cvz_error *error)
{
  errno = 0;
  fprintf(times->file, "atlas.addTime(\"%s\",%d,%d,%.3g);\n", stem, filter, rank, seconds);
  return fflush(times->file) ? cvz_file_fail(error, "write", times->path, errno) : CVZ_OK;
}

void cvz_times_close(cvz_times *times)
{
  if (!times) return;
  fclose(times->file);
  free(times);
}
