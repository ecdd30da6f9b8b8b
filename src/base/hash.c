#include "base/hash.h"

#include <string.h>

#define STRIPE 32 /* bytes */

static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u,
                      P4 = 0x85EBCA77C2B2AE63u, P5 = 0x27D4EB2F165667C5u;

static uint64_t rotate(uint64_t x, int bits)
{
  return x << bits | x >> (64 - bits);
}

static uint64_t read64(const unsigned char *p)
{
  uint64_t x;
  memcpy(&x, p, 8);
  return x;
}

static uint32_t read32(const unsigned char *p)
{
  uint32_t x;
  memcpy(&x, p, 4);
  return x;
}

static uint64_t lane(uint64_t sum, uint64_t input)
{
  return rotate(sum + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t hash, uint64_t sum)
{
  return (hash ^ lane(0, sum)) * P1 + P4;
}

/* Whole stripes of 32 bytes; returns how many bytes they were. */
static size_t add_stripes(uint64_t *lanes, const unsigned char *p, size_t bytes)
{
  size_t used = 0;
  for (; bytes - used >= STRIPE; used += STRIPE)
    for (size_t i = 0; i < 4; i++) lanes[i] = lane(lanes[i], read64(p + used + 8 * i));
  return used;
}

static uint64_t join(const uint64_t *v)
{
  uint64_t hash = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) + rotate(v[3], 18);
  for (int i = 0; i < 4; i++) hash = merge(hash, v[i]);
  return hash;
}

static uint64_t tail(uint64_t hash, const unsigned char *p, size_t bytes)
{
  for (; bytes >= 8; bytes -= 8, p += 8) hash = rotate(hash ^ lane(0, read64(p)), 27) * P1 + P4;
  if (bytes >= 4) {
    hash = rotate(hash ^ read32(p) * P1, 23) * P2 + P3;
    bytes -= 4, p += 4;
  }
  for (; bytes; bytes--, p++) hash = rotate(hash ^ *p * P5, 11) * P1;
  return hash;
}

cvz_hash_state cvz_hash_begin(void)
{
  return (cvz_hash_state){.lanes = {P1 + P2, P2, 0, 0 - P1}};
}

void cvz_hash_add(cvz_hash_state *state, const void *data, size_t bytes)
{
  const unsigned char *p = data;
  const size_t held = state->bytes % STRIPE;
  state->bytes += bytes;
  if (held) {
    const size_t fill = bytes < STRIPE - held ? bytes : STRIPE - held;
    memcpy(state->held + held, p, fill);
    if (held + fill < STRIPE) return;
    add_stripes(state->lanes, state->held, STRIPE);
    p += fill, bytes -= fill;
  }
  const size_t used = add_stripes(state->lanes, p, bytes);
  memcpy(state->held, p + used, bytes - used);
}

uint64_t cvz_hash_end(const cvz_hash_state *state)
{
  uint64_t hash = state->bytes >= STRIPE ? join(state->lanes) : P5;
  hash = tail(hash + state->bytes, state->held, state->bytes % STRIPE);
  hash = (hash ^ hash >> 33) * P2;
  hash = (hash ^ hash >> 29) * P3;
  return hash ^ hash >> 32;
}

uint64_t cvz_hash(const void *data, size_t bytes)
{
  cvz_hash_state state = cvz_hash_begin();
  if (bytes) cvz_hash_add(&state, data, bytes);
  return cvz_hash_end(&state);
}

uint64_t cvz_hash_text(const char *text)
{
  return cvz_hash(text, strlen(text));
}
