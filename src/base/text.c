#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(cvz_text *text, size_t more)
{
  if (text->failed) return 0;
  if (text->length + more + 1 <= text->capacity) return 1;
  const size_t capacity = 2 * (text->length + more + 1);
  char *data = realloc(text->data, capacity);
  if (!data) return text->failed = 1, 0;
  text->data = data;
  text->capacity = capacity;
  return 1;
}

void cvz_text_add_bytes(cvz_text *text, const char *bytes, size_t count)
{
  if (!reserve(text, count)) return;
  memcpy(text->data + text->length, bytes, count);
  text->length += count;
  text->data[text->length] = 0;
}

void cvz_text_add(cvz_text *text, const char *format, ...)
{
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = vsnprintf(NULL, 0, format, arguments);
  if (length >= 0 && reserve(text, (size_t)length)) {
    vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
  va_end(arguments);
}

void cvz_text_free(cvz_text *text)
{
  free(text->data);
  *text = (cvz_text){0};
}

cvz_status cvz_text_check(const cvz_text *text, cvz_error *error)
{
  CVZ_REQUIRE(!text->failed, error, CVZ_E_MEMORY, "memory: no room for a text of %zu bytes", text->length);
  return CVZ_OK;
}

#define LONGEST 256

static int min3(int a, int b, int c)
{
  const int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

int cvz_text_distance(const char *a, const char *b)
{
  int row[LONGEST + 1];
  const int length = (int)strnlen(b, LONGEST);
  for (int j = 0; j <= length; j++) row[j] = j;
  for (int i = 0; a[i]; i++) {
    int diagonal = row[0];
    row[0] = i + 1;
    for (int j = 0; j < length; j++) {
      const int same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
      const int edited = min3(row[j] + 1, row[j + 1] + 1, diagonal + !same);
      diagonal = row[j + 1];
      row[j + 1] = edited;
    }
  }
  return row[length];
}

void cvz_text_closest(const char *wanted, const char *const *names, size_t count, char *closest, size_t bytes)
{
  const int far = (int)strlen(wanted) / 2 + 2;
  size_t used = 0;
  int shown = 0;
  closest[0] = 0;
  for (int distance = 0; distance < far && shown < 3; distance++)
    for (size_t i = 0; i < count && shown < 3; i++) {
      if (cvz_text_distance(wanted, names[i]) != distance) continue;
      const int wrote = snprintf(closest + used, bytes - used, "%s%s", shown ? ", " : "", names[i]);
      if (wrote < 0 || (size_t)wrote >= bytes - used) return;
      used += (size_t)wrote;
      shown++;
    }
}

void cvz_text_print(FILE *stream, const char *text, int width)
{
  const int length = (int)strlen(text);
  for (; *text; text++) fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
  if (length < width) fprintf(stream, "%*s", width - length, "");
}
