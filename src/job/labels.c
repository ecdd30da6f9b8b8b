#include "job/labels.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "job/filters.h"

#define TOLD 5 /* names in a message */

/* Cuts blanks off both ends of a line. */
static char *trim(char *line)
{
  while (isspace((unsigned char)*line)) line++;
  size_t length = strlen(line);
  while (length && isspace((unsigned char)line[length - 1])) line[--length] = 0;
  return line;
}

static bool is_clean(const char *name)
{
  for (; *name; name++)
    if ((unsigned char)*name < 0x20 || *name == 0x7f) return false;
  return true;
}

static cvz_status split(cvz_labels *labels, const char *path, cvz_error *error)
{
  for (char *line = labels->text, *next; line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = 0;
    char *name = trim(line);
    CVZ_REQUIRE(*name && is_clean(name), error, CVZ_E_FORMAT, "labels %s:%d: '%.100s', expected a name", path,
                labels->count + 1, name);
    labels->names[labels->count++] = name;
  }
  return CVZ_OK;
}

cvz_status cvz_labels_parse(cvz_labels *labels, const char *text, const char *path, cvz_error *error)
{
  size_t lines = 1, length = strlen(text);
  while (length && isspace((unsigned char)text[length - 1])) length--;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
  CVZ_REQUIRE(length, error, CVZ_E_FORMAT, "labels %s: is empty, expected a name in each line", path);
  labels->text = cvz_array(length + 1, 1, error);
  labels->names = cvz_array(lines, sizeof *labels->names, error);
  cvz_status status = labels->text && labels->names ? CVZ_OK : CVZ_E_MEMORY;
  if (status == CVZ_OK) {
    memcpy(labels->text, text, length);
    labels->hash = cvz_hash(text, length);
    status = split(labels, path, error);
  }
  if (status != CVZ_OK) cvz_labels_free(labels);
  return status;
}

void cvz_labels_free(cvz_labels *labels)
{
  free(labels->text);
  free(labels->names);
  *labels = (cvz_labels){0};
}

static int fold(char c)
{
  return c == '_' ? ' ' : tolower((unsigned char)c);
}

static bool begins(const char *name, const char *wanted)
{
  for (; *wanted; name++, wanted++)
    if (fold(*name) != fold(*wanted)) return false;
  return true;
}

static bool equals(const char *name, const char *wanted)
{
  return strlen(name) == strlen(wanted) && begins(name, wanted);
}

static bool contains(const char *name, const char *wanted)
{
  for (; *name; name++)
    if (begins(name, wanted)) return true;
  return false;
}

static cvz_status fail_several(const cvz_labels *labels, const char *name, bool (*fits)(const char *, const char *),
                               int count, cvz_error *error)
{
  cvz_text several = {0};
  for (int i = 0, told = 0; i < labels->count && told < TOLD; i++)
    if (fits(labels->names[i], name)) cvz_text_add(&several, "%s%.60s (%d)", told++ ? ", " : "", labels->names[i], i);
  cvz_fail(error, CVZ_E_USAGE, "filters: '%.100s' may be %s%s; expected one of them, or its number", name,
           several.data ? several.data : "", count > TOLD ? " and others" : "");
  cvz_text_free(&several);
  return CVZ_E_USAGE;
}

static cvz_status fail_unknown(const cvz_labels *labels, const char *name, cvz_error *error)
{
  char closest[512] = "";
  cvz_text_closest(name, labels->names, (size_t)labels->count, closest, sizeof closest);
  return cvz_fail(error, CVZ_E_USAGE, "filters: '%.100s' is none of the %d names of --labels%s%s", name, labels->count,
                  *closest ? ", closest: " : "", closest);
}

cvz_status cvz_labels_find(const cvz_labels *labels, const char *name, int *number, cvz_error *error)
{
  static bool (*const rules[])(const char *, const char *) = {equals, begins, contains};
  for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++) {
    int count = 0;
    for (int i = 0; i < labels->count; i++) {
      if (!rules[rule](labels->names[i], name)) continue;
      *number = i;
      count++;
    }
    if (count == 1) return CVZ_OK;
    if (count) return fail_several(labels, name, rules[rule], count, error);
  }
  return fail_unknown(labels, name, error);
}

static cvz_status replace_item(const cvz_labels *labels, char *item, cvz_text *numbers, cvz_error *error)
{
  int number;
  if (!cvz_filters_has_names(item)) return cvz_text_add(numbers, "%s", item), CVZ_OK;
  CVZ_TRY(cvz_labels_find(labels, trim(item), &number, error));
  cvz_text_add(numbers, "%d", number);
  return CVZ_OK;
}

cvz_status cvz_labels_replace(const cvz_labels *labels, const char *filters, cvz_text *numbers, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  char *copy = cvz_copy_text(filters, error), *rest = NULL;
  if (!copy) return CVZ_E_MEMORY;
  for (char *item = strtok_r(copy, ",", &rest); item && status == CVZ_OK; item = strtok_r(NULL, ",", &rest)) {
    if (numbers->length) cvz_text_add(numbers, ",");
    status = replace_item(labels, item, numbers, error);
  }
  free(copy);
  return status == CVZ_OK ? cvz_text_check(numbers, error) : status;
}
