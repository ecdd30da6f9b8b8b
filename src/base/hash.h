/* base/hash.h: one 64-bit hash for names, keys and checksums. */
#ifndef CVZ_BASE_HASH_H
#define CVZ_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** XXH64 with seed 0 of `bytes` bytes (Y. Collet, xxHash specification 0.1.1). Little-endian machines only. */
uint64_t cvz_hash(const void *data, size_t bytes);

/** The same in parts: begin, add any number of times, end. */
typedef struct cvz_hash_state {
  uint64_t lanes[4];
  uint64_t bytes;         /**< so far */
  unsigned char held[32]; /**< the last bytes % 32 */
} cvz_hash_state;

cvz_hash_state cvz_hash_begin(void);
void cvz_hash_add(cvz_hash_state *state, const void *data, size_t bytes); /**< data not NULL */
uint64_t cvz_hash_end(const cvz_hash_state *state);

/** The same of a text, without its end. */
uint64_t cvz_hash_text(const char *text);

#endif
