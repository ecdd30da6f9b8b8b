/* Source of the layout: HDF5 File Format Specification 3.0, III.E "Global Heap"; how the library reads it:
 * H5HG__cache_heap_deserialize and H5HG_read of HDF5 1.10. Sizes and addresses of 8 bytes, as Keras's files have. */
#include "model/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define HEADER  16 /* bytes, of a collection and of an object alike */
#define OVERLAP 16 /* of windows: what is searched for may lie across their border */
#define WINDOW  ((size_t)1 << 20)
#define PAGE    ((size_t)1 << 16) /* read at once around a header: collections are walked from end to end */

typedef struct heap {
  int descriptor;
  uint64_t bytes; /* of the file */
  unsigned char *window;
  unsigned char *page; /* what lies at page_start */
  uint64_t page_start;
  size_t page_count;
  uint64_t *collections; /* addresses, rising */
  size_t count, capacity;
} heap;

static uint64_t little_endian(const unsigned char *bytes, int count)
{
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static bool read_header(heap *h, uint64_t place, unsigned char *header)
{
  if (place > h->bytes || h->bytes - place < HEADER) return false;
  if (place < h->page_start || place - h->page_start + HEADER > h->page_count) {
    const ssize_t count = pread(h->descriptor, h->page, PAGE, (off_t)place);
    h->page_start = place;
    h->page_count = count > 0 ? (size_t)count : 0;
  }
  if (place - h->page_start + HEADER > h->page_count) return false;
  memcpy(header, h->page + (place - h->page_start), HEADER);
  return true;
}

/* Walks over the objects of a collection: index (2 bytes), references (2), nothing (4), size (8) and, for index 0,
 * which is free space, a size that counts the header, else a size of data that is padded to 8 bytes. False if they do
 * not fit.
 *  @param[out] size  of the object `wanted`, untouched if there is none; the last one of that index, as in the library
 */
static bool walk_collection(heap *h, uint64_t start, uint64_t wanted, uint64_t *size)
{
  unsigned char header[HEADER];
  if (!read_header(h, start, header)) return false;
  const uint64_t end = little_endian(header + 8, 8);
  if (end < HEADER || end > h->bytes - start) return false;
  for (uint64_t used = HEADER; used + HEADER <= end;) {
    if (!read_header(h, start + used, header)) return false;
    const uint64_t index = little_endian(header, 2), bytes = little_endian(header + 8, 8), left = end - used;
    if (bytes > left || (index == 0 && bytes < HEADER)) return false;
    const uint64_t step = index == 0 ? bytes : HEADER + ((bytes + 7) & ~(uint64_t)7);
    if (step > left) return false;
    if (index == wanted) *size = bytes;
    used += step;
  }
  return true;
}

/* As memmem, which is ten times slower where the first byte is as rare as in weights. */
static const unsigned char *find(const unsigned char *at, const unsigned char *end, const void *what, size_t bytes)
{
  while (at < end && (at = memchr(at, *(const unsigned char *)what, (size_t)(end - at)))) {
    if ((size_t)(end - at) < bytes) return NULL;
    if (!memcmp(at, what, bytes)) return at;
    at++;
  }
  return NULL;
}

/* "GCOL", version 1, three zeros: nothing else looks like that. */
static cvz_status find_collections(heap *h, size_t count, uint64_t place, bool *sound, cvz_error *error)
{
  static const unsigned char version[4] = {1, 0, 0, 0};
  const unsigned char *at = h->window, *found;
  while ((found = find(at, h->window + count, "GCOL", 4))) {
    const uint64_t address = place + (uint64_t)(found - h->window);
    unsigned char header[HEADER];
    uint64_t size;
    at = found + 4;
    if (h->count && address <= h->collections[h->count - 1]) continue;
    if (!read_header(h, address, header) || memcmp(header + 4, version, sizeof version) != 0) continue;
    if (!walk_collection(h, address, UINT64_MAX, &size)) *sound = false;
    CVZ_TRY(cvz_grow((void **)&h->collections, &h->capacity, h->count, sizeof *h->collections, error));
    h->collections[h->count++] = address;
  }
  return CVZ_OK;
}

static bool is_collection(const heap *h, uint64_t address)
{
  size_t low = 0, high = h->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (h->collections[middle] < address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < h->count && h->collections[low] == address;
}

/* A text in an attribute is its length (4 bytes), the address of a collection (8) and an object's index in it (4). An
 * address of no collection is the library's to refuse. */
static bool check_reference(heap *h, uint64_t place)
{
  unsigned char reference[HEADER];
  if (!read_header(h, place, reference)) return false;
  const uint64_t length = little_endian(reference, 4), address = little_endian(reference + 4, 8);
  const uint64_t index = little_endian(reference + 12, 4);
  uint64_t size = UINT64_MAX;
  if (length == 0 || (length <= h->bytes && !is_collection(h, address))) return true;
  return index != 0 && walk_collection(h, address, index, &size) && size == length;
}

/* The texts of an attribute, after the type and the dataspace of rank 0 or 1: version 1, rank, whether there are
 * maximal sizes too, five zeros and the sizes. Dataspaces of version 2 belong to object headers with a checksum. */
static bool check_attribute(heap *h, uint64_t dataspace)
{
  unsigned char header[HEADER];
  if (!read_header(h, dataspace, header)) return false;
  const uint64_t rank = header[1], sizes = rank * (1 + (header[2] & 1)),
                 count = rank ? little_endian(header + 8, 8) : 1;
  if (header[0] != 1 || rank > 1) return true;
  if (count > h->bytes / HEADER) return false;
  for (uint64_t i = 0; i < count; i++)
    if (!check_reference(h, dataspace + 8 + 8 * sizes + HEADER * i)) return false;
  return true;
}

/* The type of every text of variable length is 24 bytes, of which these 16 never differ. */
static void check_attributes(heap *h, size_t count, uint64_t place, bool *sound)
{
  static const unsigned char type[16] = {16, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0};
  const unsigned char *at = h->window, *found;
  while ((found = find(at, h->window + count, type, sizeof type))) {
    if (!check_attribute(h, place + (uint64_t)(found - h->window) + sizeof type + 4)) *sound = false;
    at = found + 4;
  }
}

/* Looks through the whole file: for collections, and once they are known for the texts in them. */
static cvz_status scan(heap *h, bool attributes, const char *name, cvz_error *error)
{
  bool sound = true;
  for (uint64_t place = 0;;) {
    const ssize_t count = pread(h->descriptor, h->window, WINDOW, (off_t)place);
    CVZ_REQUIRE(count >= 0, error, CVZ_E_IO, "%s: %s", name, strerror(errno));
    if (attributes)
      check_attributes(h, (size_t)count, place, &sound);
    else
      CVZ_TRY(find_collections(h, (size_t)count, place, &sound, error));
    CVZ_REQUIRE(sound, error, CVZ_E_FORMAT, "%s: is damaged, expected a sound HDF5 file: its heap of texts is broken",
                name);
    if (count <= OVERLAP) return CVZ_OK;
    place += (uint64_t)count - OVERLAP;
  }
}

static cvz_status check_all(heap *h, const char *name, cvz_error *error)
{
  struct stat info;
  CVZ_REQUIRE(fstat(h->descriptor, &info) == 0, error, CVZ_E_IO, "%s: %s", name, strerror(errno));
  h->bytes = (uint64_t)info.st_size;
  h->window = cvz_array(WINDOW, 1, error);
  h->page = cvz_array(PAGE, 1, error);
  if (!h->window || !h->page) return CVZ_E_MEMORY;
  CVZ_TRY(scan(h, false, name, error));
  return h->count ? scan(h, true, name, error) : CVZ_OK;
}

cvz_status cvz_heap_check(const char *path, const char *name, cvz_error *error)
{
  heap h = {.descriptor = open(path, O_RDONLY | O_CLOEXEC)};
  CVZ_REQUIRE(h.descriptor >= 0, error, CVZ_E_IO, "%s: %s", name, strerror(errno));
  const cvz_status status = check_all(&h, name, error);
  free(h.page);
  free(h.window);
  free(h.collections);
  close(h.descriptor);
  return status;
}
