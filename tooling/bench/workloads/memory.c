/* Memory: blocks copied and set, a chain of pointers, random accesses. */
#include "workloads.h"
#include <string.h>

#define BLOCK (8u << 20)

/* `scale` MiB through the C library's memcpy. */
uint64_t copy_blocks(unsigned scale, char **arguments) {
  (void)arguments;
  unsigned char *from = allocated(BLOCK + 64), *to = allocated(BLOCK + 64);
  uint64_t seed = 13, sum = FIRST_SUM;
  for (size_t i = 0; i < BLOCK; i++) from[i] = (unsigned char)(i * 7 + (i >> 9));
  memset(to, 1, BLOCK + 64);
  for (unsigned i = 0; i < scale / 8; i++) {
    unsigned char *target = to + i % 5;
    from[i * 4099 % BLOCK] ^= (unsigned char)next_random(&seed);
    memcpy(target, from, BLOCK);
    OPAQUE(target);
    sum = mixed(sum, target[i * 4099 % BLOCK]);
  }
  for (size_t i = 0; i < BLOCK; i += 4093) sum = mixed(sum, to[i]);
  return sum;
}

/* `scale` MiB through the C library's memset. */
uint64_t set_blocks(unsigned scale, char **arguments) {
  (void)arguments;
  unsigned char *to = allocated(BLOCK + 64);
  uint64_t sum = FIRST_SUM;
  for (unsigned i = 0; i < scale / 8; i++) {
    unsigned char *target = to + i % 7;
    memset(target, i % 3 == 0 ? 0 : (int)i, BLOCK);
    OPAQUE(target);
    sum = mixed(sum, target[i * 4099 % BLOCK] + target[BLOCK - 1]);
  }
  return sum;
}

/* `scale` million steps along a random cycle through 16 MiB, a cache line an element. */
uint64_t chase(unsigned scale, char **arguments) {
  (void)arguments;
  const size_t lines = (16u << 20) / 64;
  uint64_t *memory = allocated(lines * 64), seed = 17, at = 0;
  uint32_t *order = allocated(lines * sizeof *order);
  for (size_t i = 0; i < lines; i++) order[i] = (uint32_t)i;
  for (size_t i = lines - 1; i > 0; i--) { /* one cycle through all */
    size_t j = next_random(&seed) % i;
    uint32_t x = order[i];
    order[i] = order[j], order[j] = x;
  }
  for (size_t i = 0; i < lines; i++) memory[i * 8] = (uint64_t)order[i] * 8;
  for (uint64_t steps = (uint64_t)scale * 1000000; steps > 0; steps--) at = memory[at];
  return mixed(FIRST_SUM, at);
}

/* `scale` hundred thousand random updates of 256 MiB, or of 4 MiB for less than a million. */
uint64_t scatter(unsigned scale, char **arguments) {
  (void)arguments;
  const size_t words = (scale < 10 ? 4u << 20 : 256u << 20) / 8;
  uint64_t *memory = allocated(words * 8), seed = 19, sum = 0;
  for (size_t i = 0; i < words; i += 512) memory[i] = i; /* every page is there */
  for (uint64_t left = (uint64_t)scale * 100000; left > 0; left--) {
    uint64_t r = next_random(&seed);
    sum += memory[r % words] += r;
  }
  return mixed(FIRST_SUM, sum);
}
