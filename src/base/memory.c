#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

bool cvz_size_mul(size_t *product, size_t a, size_t b)
{
  return !__builtin_mul_overflow(a, b, product);
}

size_t cvz_align(size_t bytes)
{
  return (bytes + CVZ_ALIGNMENT - 1) & ~(size_t)(CVZ_ALIGNMENT - 1);
}

void *cvz_array(size_t count, size_t size, cvz_error *error)
{
  void *array = calloc(count ? count : 1, size);
  if (!array) cvz_fail(error, CVZ_E_MEMORY, "memory: no room for %zu elements of %zu bytes", count, size);
  return array;
}

char *cvz_copy_text(const char *text, cvz_error *error)
{
  char *copy = strdup(text);
  if (!copy) cvz_fail(error, CVZ_E_MEMORY, "memory: no room for a text of %zu bytes", strlen(text));
  return copy;
}

cvz_status cvz_grow(void **array, size_t *capacity, size_t count, size_t size, cvz_error *error)
{
  if (count < *capacity) return CVZ_OK;
  const size_t larger = *capacity ? 2 * *capacity : 16;
  size_t bytes;
  void *moved = cvz_size_mul(&bytes, larger, size) ? realloc(*array, bytes) : NULL;
  CVZ_REQUIRE(moved, error, CVZ_E_MEMORY, "memory: no room for %zu elements of %zu bytes", larger, size);
  memset((char *)moved + *capacity * size, 0, bytes - *capacity * size);
  *array = moved;
  *capacity = larger;
  return CVZ_OK;
}

cvz_status cvz_block_create(cvz_block *block, size_t bytes, cvz_error *error)
{
  const size_t page = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
  CVZ_REQUIRE(bytes <= SIZE_MAX - page, error, CVZ_E_MEMORY, "memory: no room for %zu bytes", bytes);
  const size_t mapped = bytes ? (bytes + page - 1) / page * page : page;
  void *data = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CVZ_REQUIRE(data != MAP_FAILED, error, CVZ_E_MEMORY, "memory: no room for %zu bytes", bytes);
  if (page == HUGE_PAGE) madvise(data, mapped, MADV_HUGEPAGE);
  *block = (cvz_block){data, mapped};
  return CVZ_OK;
}

void cvz_block_free(cvz_block *block)
{
  if (block->data) munmap(block->data, block->bytes);
  *block = (cvz_block){0};
}
