#include "job/stem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* Leaves room for suffix, extension and the marks of a temporary name within the 255 bytes of a file name. */
#define STEM_LENGTH 200

static void make_safe(char stem[STEM_LENGTH + 1], const char *name)
{
  size_t n = 0;
  for (; name[n] && n < STEM_LENGTH; n++) {
    const unsigned char c = (unsigned char)name[n];
    const bool safe = c < 0x80 && (isalnum(c) || strchr("._-", c));
    stem[n] = c == '/' ? '.' : safe ? (char)c : '_';
  }
  if (!n) stem[n++] = '_';
  stem[n] = 0;
  for (size_t i = 0; stem[i] == '.'; i++) stem[i] = '_';
  if (stem[0] == '-') stem[0] = '_';
}

static bool taken(const char *const *stems, int count, const char *stem)
{
  for (int i = 0; i < count; i++)
    if (!strcasecmp(stems[i], stem)) return true;
  return false;
}

char *cvz_stem_create(const char *const *before, int count, const char *name, cvz_error *error)
{
  char safe[STEM_LENGTH + 1], stem[STEM_LENGTH + 16];
  make_safe(safe, name);
  snprintf(stem, sizeof stem, "%s", safe);
  for (int n = 2; taken(before, count, stem); n++) snprintf(stem, sizeof stem, "%s-%d", safe, n);
  return cvz_copy_text(stem, error);
}

cvz_status cvz_stems_create(char ***stems, const cvz_graph *graph, cvz_error *error)
{
  *stems = cvz_array((size_t)graph->layer_count, sizeof **stems, error);
  if (!*stems) return CVZ_E_MEMORY;
  for (int i = 0; i < graph->layer_count; i++) {
    (*stems)[i] = cvz_stem_create((const char *const *)*stems, i, graph->layers[i].name, error);
    if ((*stems)[i]) continue;
    cvz_stems_free(*stems, i);
    *stems = NULL;
    return CVZ_E_MEMORY;
  }
  return CVZ_OK;
}

void cvz_stems_free(char **stems, int count)
{
  for (int i = 0; stems && i < count; i++) free(stems[i]);
  free(stems);
}
