#include "base/random.h"

#include "base/hash.h"

void cvz_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4])
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)0xD2511F53 * c0, p1 = (uint64_t)0xCD9E8D57 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  output[0] = c0, output[1] = c1, output[2] = c2, output[3] = c3;
}

cvz_random cvz_random_stream(uint64_t seed, uint64_t layer, uint32_t filter, uint32_t repeat, cvz_purpose purpose,
                             uint32_t step)
{
  const uint64_t words[4] = {seed, layer, filter, repeat};
  const uint64_t key = cvz_hash(words, sizeof words);
  return (cvz_random){{(uint32_t)key, (uint32_t)(key >> 32)}, purpose, step};
}

void cvz_random_uniform(const cvz_random *random, uint64_t first, size_t count, float *values)
{
  uint32_t block[4];
  uint64_t held = UINT64_MAX;
  for (size_t i = 0; i < count; i++) {
    const uint64_t element = first + i;
    if (element / 4 != held) {
      held = element / 4;
      const uint32_t counter[4] = {(uint32_t)held, (uint32_t)(held >> 32), random->step, random->purpose};
      cvz_philox(counter, random->key, block);
    }
    values[i] = (float)(block[element % 4] >> 8) * 0x1p-24f;
  }
}
