/* base/hash.h: one 64-bit hash for names, keys and checksums. */
#ifndef CVZ_BASE_HASH_H
#define CVZ_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** XXH64 with seed 0 of `bytes` bytes (Y. Collet, xxHash specification 0.1.1). Little-endian machines only. */
uint64_t cvz_hash(const void *data, size_t bytes);

/** The same of a text, without its end. */
uint64_t cvz_hash_text(const char *text);

#endif
