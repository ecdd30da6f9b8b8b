/* base/memory.h: checked sizes, and one aligned block for large arrays. */
#ifndef CVZ_BASE_MEMORY_H
#define CVZ_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

#define CVZ_ALIGNMENT 64 /**< bytes: a cache line, and the widest vector */

/** True if a * b fits; the product in *product. */
bool cvz_size_mul(size_t *product, size_t a, size_t b);

/** `bytes` rounded up to whole cache lines. */
size_t cvz_align(size_t bytes);

/** A zeroed array of `count` elements of `size` bytes; NULL with `error` filled in. Free with free(). */
void *cvz_array(size_t count, size_t size, cvz_error *error);

/** A copy of `text`; NULL with `error` filled in. Free with free(). */
char *cvz_copy_text(const char *text, cvz_error *error);

/** A growing array: makes room for one more element of `size` bytes in *array, doubling *capacity. */
cvz_status cvz_grow(void **array, size_t *capacity, size_t count, size_t size, cvz_error *error);

/** One large block of zeroed memory, 64-byte aligned, backed by huge pages where the system grants them. */
typedef struct cvz_block {
  void *data;
  size_t bytes; /**< as mapped */
} cvz_block;

cvz_status cvz_block_create(cvz_block *block, size_t bytes, cvz_error *error);

/** Harmless on a zeroed block. */
void cvz_block_free(cvz_block *block);

#endif
