#include "image/apng.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "base/memory.h"

enum { SIGNATURE = 8, HEAD = 8, CHECKSUM = 4 };

/* What is done with a chunk of a picture's PNG. */
typedef enum treatment { SKIP, COPY, MOVE } treatment; /* MOVE: IDAT becomes fdAT */

/* Each picture comes as a PNG, in pieces of any size. Of the first all but its end is kept; of the others the data are,
 * as chunks of another name with a running number. */
struct cvz_apng {
  FILE *out, *in; /* in: of the picture that is written */
  const char *name;
  uint32_t width, height;
  int frames, begun, code; /* code: errno of the first failure */
  uint32_t number;         /* of the next fcTL or fdAT */
  uint32_t checksum;       /* of the chunk that is written */
  /* Where in the picture's PNG the next byte is. */
  uint32_t before; /* bytes of the signature to come */
  uint8_t head[HEAD];
  uint32_t head_bytes, left; /* left: of the chunk's data and checksum */
  treatment treatment;
};

static void put(cvz_apng *apng, const void *bytes, size_t count)
{
  if (apng->code || fwrite(bytes, 1, count, apng->out) == count) return;
  apng->code = errno ? errno : EIO;
}

/* What the chunk's checksum covers. */
static void put_covered(cvz_apng *apng, const void *bytes, size_t count)
{
  apng->checksum = (uint32_t)crc32(apng->checksum, bytes, (uInt)count);
  put(apng, bytes, count);
}

static void big_endian(uint8_t *to, uint32_t value, int bytes)
{
  for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static void put_number(cvz_apng *apng, uint32_t value)
{
  uint8_t bytes[4];
  big_endian(bytes, value, 4);
  put(apng, bytes, 4);
}

static void start_chunk(cvz_apng *apng, const char *kind, uint32_t bytes)
{
  put_number(apng, bytes);
  apng->checksum = 0;
  put_covered(apng, kind, 4);
}

static void put_chunk(cvz_apng *apng, const char *kind, const uint8_t *data, uint32_t bytes)
{
  start_chunk(apng, kind, bytes);
  if (bytes) put_covered(apng, data, bytes);
  put_number(apng, apng->checksum);
}

static void put_animation_control(cvz_apng *apng)
{
  uint8_t data[8] = {0}; /* pictures; how often they are shown, 0: for ever */
  big_endian(data, (uint32_t)apng->frames, 4);
  put_chunk(apng, "acTL", data, sizeof data);
}

/* Over the whole width and height, in place of what was there. */
static void put_frame_control(cvz_apng *apng)
{
  uint8_t data[26] = {0};
  big_endian(data, apng->number++, 4);
  big_endian(data + 4, apng->width, 4);
  big_endian(data + 8, apng->height, 4);
  big_endian(data + 20, apng->begun == apng->frames ? CVZ_APNG_LAST : CVZ_APNG_DELAY, 2);
  big_endian(data + 22, 1000, 2);
  put_chunk(apng, "fcTL", data, sizeof data);
}

static bool is_kind(const cvz_apng *apng, const char *kind)
{
  return !memcmp(apng->head + 4, kind, 4);
}

static treatment treatment_of(const cvz_apng *apng)
{
  if (is_kind(apng, "IEND")) return SKIP;
  if (apng->begun == 1) return COPY;
  return is_kind(apng, "IDAT") ? MOVE : SKIP;
}

/* The head of a chunk is there. */
static void open_chunk(cvz_apng *apng)
{
  const uint8_t *h = apng->head;
  const uint32_t bytes = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
  uint8_t number[4];
  apng->treatment = treatment_of(apng);
  apng->left = bytes + CHECKSUM;
  if (apng->treatment == COPY) put(apng, h, HEAD);
  if (apng->treatment != MOVE) return;
  start_chunk(apng, "fdAT", bytes + 4);
  big_endian(number, apng->number++, 4);
  put_covered(apng, number, 4);
}

static void close_chunk(cvz_apng *apng)
{
  if (apng->treatment == MOVE) put_number(apng, apng->checksum);
  if (is_kind(apng, "IHDR") && apng->begun == 1) put_animation_control(apng);
  if (is_kind(apng, "IHDR")) put_frame_control(apng);
  apng->head_bytes = 0;
}

/* Of a chunk's data and checksum; a moved one has another checksum. */
static void pass(cvz_apng *apng, const char *bytes, uint32_t count)
{
  const uint32_t data = apng->left > CHECKSUM ? apng->left - CHECKSUM : 0;
  if (apng->treatment == COPY) put(apng, bytes, count);
  if (apng->treatment == MOVE && data) put_covered(apng, bytes, count < data ? count : data);
  apng->left -= count;
  if (!apng->left) close_chunk(apng);
}

/* Takes some bytes of the picture's PNG, at most to the end of the part that they belong to. */
static uint32_t take(cvz_apng *apng, const char *bytes, uint32_t count)
{
  uint32_t *part = apng->before ? &apng->before : &apng->left;
  if (!apng->before && apng->head_bytes < HEAD) {
    apng->head[apng->head_bytes++] = (uint8_t)*bytes;
    if (apng->head_bytes == HEAD) open_chunk(apng);
    return 1;
  }
  if (count > *part) count = *part;
  if (!apng->before) return pass(apng, bytes, count), count;
  if (apng->begun == 1) put(apng, bytes, count);
  apng->before -= count;
  return count;
}

static ssize_t write_in(void *cookie, const char *bytes, size_t count)
{
  cvz_apng *apng = cookie;
  for (size_t done = 0; done < count && !apng->code;) {
    const size_t left = count - done;
    done += take(apng, bytes + done, left > INT32_MAX ? INT32_MAX : (uint32_t)left);
  }
  errno = apng->code;
  return apng->code ? 0 : (ssize_t)count;
}

cvz_status cvz_apng_begin(cvz_apng **apng, FILE *stream, const char *name, int width, int height, int frames,
                          cvz_error *error)
{
  assert(frames >= 1 && width >= 1 && height >= 1);
  cvz_apng *begun = cvz_array(1, sizeof *begun, error);
  if (!begun) return CVZ_E_MEMORY;
  begun->out = stream, begun->name = name, begun->frames = frames;
  begun->width = (uint32_t)width, begun->height = (uint32_t)height;
  *apng = begun;
  return CVZ_OK;
}

/* The picture that was written is at its end. */
static void close_frame(cvz_apng *apng)
{
  if (apng->in && fclose(apng->in) && !apng->code) apng->code = errno ? errno : EIO;
  apng->in = NULL;
}

FILE *cvz_apng_next(cvz_apng *apng, cvz_error *error)
{
  assert(apng->begun < apng->frames);
  close_frame(apng);
  if (apng->code) return cvz_file_fail(error, "write", apng->name, apng->code), NULL;
  apng->begun++;
  apng->before = SIGNATURE, apng->head_bytes = 0, apng->left = 0;
  apng->in = fopencookie(apng, "wb", (cookie_io_functions_t){.write = write_in});
  if (!apng->in) cvz_file_fail(error, "write", apng->name, errno);
  return apng->in;
}

cvz_status cvz_apng_end(cvz_apng *apng, cvz_error *error)
{
  cvz_status status = CVZ_OK;
  const int begun = apng->begun, frames = apng->frames;
  close_frame(apng);
  if (begun == frames) put_chunk(apng, "IEND", NULL, 0);
  if (!apng->code && fflush(apng->out)) apng->code = errno;
  if (apng->code)
    status = cvz_file_fail(error, "write", apng->name, apng->code);
  else if (begun < frames)
    status = cvz_fail(error, CVZ_E_IO, "write '%s': given up after %d of %d pictures", apng->name, begun, frames);
  free(apng);
  return status;
}
