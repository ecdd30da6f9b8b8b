/* job/directions.h: directions in a layer's space of channels, from a file of --directions. */
#ifndef CVZ_JOB_DIRECTIONS_H
#define CVZ_JOB_DIRECTIONS_H

#include <stdint.h>

#include "base/status.h"

#define CVZ_DIRECTIONS_LIMIT ((size_t)1 << 28) /**< bytes of a file of directions */

/** Zero-initialise; none: there is no such file. */
typedef struct cvz_directions {
  float *values; /**< (count, channels), owned */
  int count, channels;
  uint64_t hash; /**< XXH64 of the values */
} cvz_directions;

/** Reads text: one direction a line, numbers with blanks or commas between them; '#' begins a comment. `path` is for
 *  messages.
 *  @return CVZ_E_FORMAT, with the line, for what is no finite number and for lines that differ in length */
cvz_status cvz_directions_parse(cvz_directions *directions, const char *text, const char *path, cvz_error *error);

/** Sets the hash, and checks that there are numbers, all of them finite and not all of a direction 0.
 *  @return CVZ_E_FORMAT */
cvz_status cvz_directions_check(cvz_directions *directions, const char *path, cvz_error *error);

/** Harmless on zeroed directions. */
void cvz_directions_free(cvz_directions *directions);

#endif
