/* Source of the layout: HDF5 File Format Specification 3.0, III.E "Global Heap"; how the library walks it:
 * H5HG__cache_heap_deserialize in H5HGcache.c of HDF5 1.10. */
#include "model/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define HEADER 16 /* bytes, of a collection and of an object alike; sizes of 8 bytes, as Keras's files have */
#define WINDOW ((size_t)1 << 20)

static uint64_t little_endian(const unsigned char *bytes, int count)
{
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static bool read_header(int descriptor, uint64_t place, unsigned char *header)
{
  return pread(descriptor, header, HEADER, (off_t)place) == HEADER;
}

/* An object is its index (2 bytes), references (2), nothing (4), size (8) and, for index 0, which is free space, a size
 * that counts the header, else a size of data that is padded to 8 bytes. */
static bool check_collection(int descriptor, uint64_t start, uint64_t size)
{
  unsigned char header[HEADER];
  uint64_t used = HEADER;
  while (used + HEADER <= size) {
    if (!read_header(descriptor, start + used, header)) return false;
    const uint64_t bytes = little_endian(header + 8, 8), left = size - used;
    if (bytes > left) return false;
    const bool free_space = little_endian(header, 2) == 0;
    if (free_space && bytes < HEADER) return false;
    used += free_space ? bytes : HEADER + ((bytes + 7) & ~(uint64_t)7);
    if (used > size) return false;
  }
  return true;
}

/* Whether what may be a collection is sound. "GCOL", version 1, three zeros: other data does not look like that. */
static bool check_candidate(int descriptor, uint64_t start)
{
  static const unsigned char version[4] = {1, 0, 0, 0};
  unsigned char header[HEADER];
  if (!read_header(descriptor, start, header) || memcmp(header + 4, version, sizeof version) != 0) return true;
  const uint64_t size = little_endian(header + 8, 8);
  return size >= HEADER && size <= INT64_MAX - start && check_collection(descriptor, start, size);
}

/* Looks through `count` bytes from `place` on. */
static bool check_window(int descriptor, const unsigned char *window, size_t count, uint64_t place)
{
  const unsigned char *at = window, *found;
  while ((found = memmem(at, count - (size_t)(at - window), "GCOL", 4))) {
    if (!check_candidate(descriptor, place + (uint64_t)(found - window))) return false;
    at = found + 4;
  }
  return true;
}

/* Windows overlap by three bytes: a signature may lie across their border. */
static cvz_status check_all(int descriptor, unsigned char *window, const char *path, cvz_error *error)
{
  uint64_t place = 0;
  for (;;) {
    const ssize_t count = pread(descriptor, window, WINDOW, (off_t)place);
    CVZ_REQUIRE(count >= 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
    CVZ_REQUIRE(check_window(descriptor, window, (size_t)count, place), error, CVZ_E_FORMAT,
                "%s: is damaged, expected a sound HDF5 file: its heap of texts is broken", path);
    if (count < 4) return CVZ_OK;
    place += (uint64_t)count - 3;
  }
}

cvz_status cvz_heap_check(const char *path, cvz_error *error)
{
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  CVZ_REQUIRE(descriptor >= 0, error, CVZ_E_IO, "%s: %s", path, strerror(errno));
  unsigned char *window = cvz_array(WINDOW, 1, error);
  const cvz_status status = window ? check_all(descriptor, window, path, error) : CVZ_E_MEMORY;
  free(window);
  close(descriptor);
  return status;
}
