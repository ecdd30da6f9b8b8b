/* base/text.h: text that grows, and names that are close to each other. */
#ifndef CVZ_BASE_TEXT_H
#define CVZ_BASE_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

/** A growing text. Zero-initialise; `data` is NULL while empty. An append that finds no memory sets `failed`, so that
 *  a writer checks once at the end. */
typedef struct cvz_text {
  char *data;
  size_t length, capacity;
  int failed;
} cvz_text;

void cvz_text_add(cvz_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cvz_text_add_bytes(cvz_text *text, const char *bytes, size_t count);
void cvz_text_free(cvz_text *text);

/** CVZ_OK, or CVZ_E_MEMORY if an append failed. */
cvz_status cvz_text_check(const cvz_text *text, cvz_error *error);

/** Prints a text that comes from a file: '?' stands for control characters, which must not reach a terminal; blanks
 *  behind it up to `width` columns. */
void cvz_text_print(FILE *stream, const char *text, int width);

/** Number of single-character edits that turn a into b, letter case ignored (Levenshtein). */
int cvz_text_distance(const char *a, const char *b);

/** Writes the up to three names closest to `wanted` as "a, b, c" into `closest`; nothing similar gives "". */
void cvz_text_closest(const char *wanted, const char *const *names, size_t count, char *closest, size_t bytes);

#endif
