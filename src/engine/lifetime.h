/* engine/lifetime.h: many buffers in one arena, those whose lives do not meet in the same place. */
#ifndef CVZ_ENGINE_LIFETIME_H
#define CVZ_ENGINE_LIFETIME_H

#include <stddef.h>

#include "base/status.h"

/** A buffer that is alive at times first .. last, both included. */
typedef struct cvz_lifetime {
  size_t count; /**< floats */
  int first, last;
  size_t *offset; /**< where its place goes: floats from the start of the arena, a multiple of 16 */
} cvz_lifetime;

/** Places all buffers, the largest first, each at the lowest free place (first fit by decreasing size).
 *  @param[out] total  floats of the arena */
cvz_status cvz_lifetime_place(const cvz_lifetime *buffers, int count, size_t *total, cvz_error *error);

#endif
