#include "store/job_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void cvz_job_text_add(cvz_text *text, const cvz_attribute *attributes, int count)
{
  for (int i = 0; i < count; i++) {
    const cvz_attribute *item = &attributes[i];
    if (item->kind == CVZ_ATTRIBUTE_INTEGER)
      cvz_text_add(text, "%s = %" PRId64 "\n", item->key, item->integer);
    else if (item->kind == CVZ_ATTRIBUTE_REAL)
      cvz_text_add(text, "%s = %.17g\n", item->key, item->real);
    else
      cvz_text_add(text, "%s = %s\n", item->key, item->text);
  }
}

/* A line in its two parts. */
typedef struct line {
  int key, value; /* lengths */
  const char *text, *value_text;
} line;

static line take_line(const char **rest)
{
  const int length = (int)strcspn(*rest, "\n");
  const char *middle = strstr(*rest, " = ");
  line taken = {.key = length, .text = *rest, .value_text = ""};
  if (middle && middle - *rest < length) {
    taken.key = (int)(middle - *rest);
    taken.value_text = middle + 3;
    taken.value = length - taken.key - 3;
  }
  *rest += length + ((*rest)[length] == '\n');
  return taken;
}

static int same_bytes(const char *a, int a_length, const char *b, int b_length)
{
  return a_length == b_length && !memcmp(a, b, (size_t)a_length);
}

void cvz_job_text_value(const char *text, const char *key, char *value, size_t bytes)
{
  *value = 0;
  while (*text) {
    const line l = take_line(&text);
    if (same_bytes(l.text, l.key, key, (int)strlen(key))) snprintf(value, bytes, "%.*s", l.value, l.value_text);
  }
}

/* Of a value that may be a long list. */
static int shown(int length)
{
  return length < 200 ? length : 200;
}

cvz_status cvz_job_text_same(const char *found, const char *wanted, const char *where, cvz_error *error)
{
  while (*found || *wanted) {
    const line a = take_line(&found), b = take_line(&wanted);
    CVZ_REQUIRE(same_bytes(a.text, a.key, b.text, b.key), error, CVZ_E_USAGE,
                "'%s' is of a job with other parameters, of which the first is '%.*s', expected '%.*s'", where, a.key,
                a.text, b.key, b.text);
    CVZ_REQUIRE(same_bytes(a.value_text, a.value, b.value_text, b.value), error, CVZ_E_USAGE,
                "'%s' is of a job with %.*s = %.*s, expected %.*s", where, a.key, a.text, shown(a.value), a.value_text,
                shown(b.value), b.value_text);
  }
  return CVZ_OK;
}
