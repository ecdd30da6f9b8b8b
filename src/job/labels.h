/* job/labels.h: names for the filters of a layer, such as the classes of a Dense layer: a file with one name a line. */
#ifndef CVZ_JOB_LABELS_H
#define CVZ_JOB_LABELS_H

#include <stdint.h>

#include "base/text.h"

#define CVZ_LABELS_LIMIT ((size_t)1 << 24) /**< bytes of a file of names */

/** Zero-initialise; no names: there is no such file. */
typedef struct cvz_labels {
  char *text; /**< owned */
  const char **names;
  int count;
  uint64_t hash; /**< XXH64 of the text */
} cvz_labels;

/** The names in `text`, line by line, without blanks around them; the first is that of filter 0. Empty lines at the end
 *  do not count. `path` is for messages.
 *  @return CVZ_E_FORMAT for a line without a name, or with control characters */
cvz_status cvz_labels_parse(cvz_labels *labels, const char *text, const char *path, cvz_error *error);

/** Harmless on zeroed labels. */
void cvz_labels_free(cvz_labels *labels);

/** The number of the one name that `name` means: equal to it, else that begins with it, else that has it in it. Letter
 *  case is ignored, '_' is a blank.
 *  @return CVZ_E_USAGE for none, with the closest, and for several, with the first of them and their numbers */
cvz_status cvz_labels_find(const cvz_labels *labels, const char *name, int *number, cvz_error *error);

/** Appends a list of filters (job/filters.h) to `numbers`, with numbers in place of its names. */
cvz_status cvz_labels_replace(const cvz_labels *labels, const char *filters, cvz_text *numbers, cvz_error *error);

#endif
