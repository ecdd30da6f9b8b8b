/* tests/base/scratch.h: a directory that a test may fill, and what it holds. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scratch {
  char path[64];
} scratch;

static inline int scratch_setup(void **state)
{
  scratch *made = calloc(1, sizeof *made);
  snprintf(made->path, sizeof made->path, "scratch-XXXXXX");
  *state = made;
  return mkdtemp(made->path) ? 0 : -1;
}

static inline int scratch_forget(const char *path, const struct stat *info, int kind, struct FTW *place)
{
  (void)info, (void)kind, (void)place;
  return remove(path);
}

static inline int scratch_teardown(void **state)
{
  scratch *made = *state;
  const int failed = nftw(made->path, scratch_forget, 16, FTW_DEPTH | FTW_PHYS);
  free(made);
  return failed;
}

/* "scratch-.../name"; the text lives until the 64th call after. */
static inline const char *scratch_path(void **state, const char *name)
{
  static char paths[64][512];
  static unsigned next;
  char *path = paths[next++ % 64];
  snprintf(path, sizeof paths[0], "%s/%s", ((scratch *)*state)->path, name);
  return path;
}

static inline bool scratch_has(const char *path)
{
  struct stat info;
  return !lstat(path, &info);
}

/* A directory with the folders of a job's results. */
static inline int scratch_setup_results(void **state)
{
  static const char *const folders[] = {"layers", "site", "site/layers"};
  int failed = scratch_setup(state);
  for (int i = 0; !failed && i < 3; i++) failed = mkdir(scratch_path(state, folders[i]), 0777);
  return failed;
}

/* How many entries a directory has, hidden ones too. */
static inline int scratch_count(const char *path)
{
  int count = 0;
  DIR *folder = opendir(path);
  if (!folder) return -1;
  for (const struct dirent *entry; (entry = readdir(folder));)
    count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
  closedir(folder);
  return count;
}

static inline void scratch_write(const char *path, const void *data, size_t bytes)
{
  FILE *file = fopen(path, "wb");
  if (!file) return;
  fwrite(data, 1, bytes, file);
  fclose(file);
}

/* The whole file, with a 0 after it; free it. */
static inline char *scratch_read(const char *path, size_t *bytes)
{
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  char *data = calloc(1, 1 << 24);
  *bytes = fread(data, 1, (1 << 24) - 1, file);
  fclose(file);
  return data;
}

static inline bool scratch_same(const char *a, const char *b)
{
  size_t a_bytes = 0, b_bytes = 0;
  char *x = scratch_read(a, &a_bytes), *y = scratch_read(b, &b_bytes);
  const bool same = x && y && a_bytes == b_bytes && !memcmp(x, y, a_bytes);
  free(x);
  free(y);
  return same;
}

#endif
