#include "parallel/parcel.h"

#include <stdint.h>
#include <string.h>

typedef struct cvz_parcel_head {
  int32_t unit, repeats;
  double seconds;
  float noise_mean, noise_deviation;
} cvz_parcel_head;

/* Before each picture: the best, then the repeats. Behind it losses, raw image, tile and film, up to a multiple of 8
 * bytes.
 */
typedef struct cvz_picture_head {
  int32_t status, repeat, attempt;
  float score;
} cvz_picture_head;

static size_t used_bytes(const cvz_parcel_sizes *sizes)
{
  return sizeof(cvz_picture_head) + sizes->loss + sizes->raw + sizes->tile + sizes->film;
}

static size_t picture_bytes(const cvz_parcel_sizes *sizes)
{
  return (used_bytes(sizes) + 7) / 8 * 8;
}

size_t cvz_parcel_bytes(const cvz_parcel_sizes *sizes)
{
  return sizeof(cvz_parcel_head) + (size_t)(1 + sizes->repeats) * picture_bytes(sizes);
}

static void pack_picture(const cvz_parcel_sizes *sizes, const cvz_result *result, char *to)
{
  const cvz_picture_head head = {(int32_t)result->status, result->repeat, result->attempt, result->score};
  const size_t used = used_bytes(sizes);
  memset(to + used, 0, picture_bytes(sizes) - used);
  memcpy(to, &head, sizeof head);
  memcpy(to += sizeof head, result->loss, sizes->loss);
  to += sizes->loss;
  if (sizes->raw) memcpy(to, result->raw, sizes->raw);
  to += sizes->raw;
  memcpy(to, result->tile, sizes->tile);
  if (sizes->film) memcpy(to + sizes->tile, result->film, sizes->film);
}

void cvz_parcel_pack(const cvz_parcel_sizes *sizes, int unit, const cvz_result *result, double seconds, char *data)
{
  const cvz_parcel_head head = {unit, sizes->repeats, seconds, result->noise_mean, result->noise_deviation};
  memcpy(data, &head, sizeof head);
  pack_picture(sizes, result, data += sizeof head);
  for (int i = 0; i < sizes->repeats; i++) pack_picture(sizes, &result->repeats[i], data += picture_bytes(sizes));
}

int cvz_parcel_unit(const char *data)
{
  cvz_parcel_head head;
  memcpy(&head, data, sizeof head);
  return head.unit;
}

static cvz_result unpack_picture(const cvz_parcel_sizes *sizes, const char *from)
{
  cvz_picture_head head;
  memcpy(&head, from, sizeof head);
  from += sizeof head;
  const uint8_t *tile = (const uint8_t *)from + sizes->loss + sizes->raw;
  return (cvz_result){.status = (cvz_unit_status)head.status,
                      .repeat = head.repeat,
                      .attempt = head.attempt,
                      .score = head.score,
                      .loss = (const float *)(const void *)from,
                      .raw = sizes->raw ? (const float *)(const void *)(from + sizes->loss) : NULL,
                      .tile = tile,
                      .film = sizes->film ? tile + sizes->tile : NULL};
}

void cvz_parcel_unpack(const cvz_parcel_sizes *sizes, const char *data, cvz_result *result, cvz_result *repeats)
{
  cvz_parcel_head head;
  memcpy(&head, data, sizeof head);
  data += sizeof head;
  *result = unpack_picture(sizes, data);
  result->noise_mean = head.noise_mean, result->noise_deviation = head.noise_deviation;
  result->repeats = sizes->repeats ? repeats : NULL;
  for (int i = 0; i < sizes->repeats; i++) repeats[i] = unpack_picture(sizes, data += picture_bytes(sizes));
}
