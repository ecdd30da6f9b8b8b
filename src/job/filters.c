#include "job/filters.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define NUMBER_MAX (1 << 20) /* as many channels as a map can have */

static bool read_number(const char **at, int *number)
{
  *number = 0;
  if (!isdigit((unsigned char)**at)) return false;
  for (; isdigit((unsigned char)**at); ++*at) {
    *number = 10 * *number + (**at - '0');
    if (*number >= NUMBER_MAX) return false;
  }
  return true;
}

static void skip_blanks(const char **at)
{
  while (**at == ' ' || **at == '\t') ++*at;
}

/* Reads "3" or "3-5" and the comma behind it. */
static bool read_range(const char **at, int *first, int *last)
{
  skip_blanks(at);
  if (!read_number(at, first)) return false;
  *last = *first;
  if (**at == '-') {
    ++*at;
    if (!read_number(at, last) || *last < *first) return false;
  }
  skip_blanks(at);
  if (!**at) return true;
  if (**at != ',') return false;
  ++*at;
  return **at != 0;
}

/* Whether the item that `text` begins with is a name. */
static bool is_name(const char *text)
{
  return strspn(text, "0123456789- \t") < strcspn(text, ",");
}

/* Reads a name and the comma behind it. */
static bool skip_name(const char **at)
{
  *at += strcspn(*at, ",");
  if (!**at) return true;
  ++*at;
  return **at != 0;
}

bool cvz_filters_valid(const char *text)
{
  int first, last;
  do {
    if (!(is_name(text) ? skip_name(&text) : read_range(&text, &first, &last))) return false;
  } while (*text);
  return true;
}

bool cvz_filters_has_names(const char *text)
{
  if (!strcmp(text, "all")) return false;
  do {
    if (is_name(text)) return true;
  } while (skip_name(&text) && *text);
  return false;
}

int cvz_filters_largest(const char *text)
{
  int first, last, largest = -1;
  if (!strcmp(text, "all")) return -1;
  while (*text && read_range(&text, &first, &last))
    if (last > largest) largest = last;
  return largest;
}

static void mark(bool *chosen, const char *text, int channels)
{
  int first, last;
  const bool all = !strcmp(text, "all");
  for (int i = 0; i < channels; i++) chosen[i] = all;
  while (!all && *text && read_range(&text, &first, &last))
    for (int i = first; i <= last && i < channels; i++) chosen[i] = true;
}

cvz_status cvz_filters_list(int **filters, int *count, const char *text, int channels, cvz_error *error)
{
  cvz_status status = CVZ_E_MEMORY;
  *filters = cvz_array((size_t)channels, sizeof **filters, error);
  bool *chosen = cvz_array((size_t)channels, sizeof *chosen, error);
  if (!*filters || !chosen) goto done;
  mark(chosen, text, channels);
  *count = 0;
  for (int i = 0; i < channels; i++)
    if (chosen[i]) (*filters)[(*count)++] = i;
  status = CVZ_OK;
done:
  free(chosen);
  if (status == CVZ_OK) return status;
  free(*filters);
  *filters = NULL;
  return status;
}
