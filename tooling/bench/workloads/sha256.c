/* SHA-256 in plain C over `scale` MiB. Source: FIPS 180-4. */
#include "workloads.h"

static uint32_t constants[64];
static uint32_t state[8];

static uint32_t rotated(uint32_t x, int by) { return x >> by | x << (32 - by); }

/* The first 32 bits of the fractional parts of the cube and square roots of the first primes, by integer search. */
static uint32_t root_fraction(unsigned prime, int power) {
  unsigned __int128 target = (unsigned __int128)prime << (32 * power);
  uint64_t low = 0, high = (uint64_t)1 << 38;
  while (high - low > 1) {
    uint64_t middle = (low + high) / 2;
    unsigned __int128 raised = (unsigned __int128)middle * middle;
    if (power == 3) raised = raised > target ? target + 1 : raised * middle;
    if (raised <= target) low = middle;
    else high = middle;
  }
  return (uint32_t)low;
}

static void prepare(void) {
  unsigned found = 0;
  for (unsigned n = 2; found < 64; n++) {
    int prime = 1;
    for (unsigned d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (!prime) continue;
    if (found < 8) state[found] = root_fraction(n, 2);
    constants[found++] = root_fraction(n, 3);
  }
}

static void block(const unsigned char *bytes) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++, bytes += 4)
    w[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
  }
  for (int i = 0; i < 8; i++) v[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) +
                  constants[i] + w[i];
    uint32_t t2 = (rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) +
                  ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t1, v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

uint64_t sha256(unsigned scale, char **arguments) {
  (void)arguments;
  static unsigned char data[65536];
  uint64_t seed = 7, sum = FIRST_SUM;
  prepare();
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(next_random(&seed) >> 24);
  for (unsigned i = 0; i < scale * 16; i++) {
    data[i % sizeof data] ^= (unsigned char)(i + 1);
    for (size_t at = 0; at < sizeof data; at += 64) block(data + at);
  }
  for (int i = 0; i < 8; i++) sum = mixed(sum, state[i]);
  return sum;
}
