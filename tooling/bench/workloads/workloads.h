/* What a workload offers: work in proportion to `scale`, and a checksum of everything it computed. */
#ifndef WORKLOADS_H
#define WORKLOADS_H
#include <stddef.h>
#include <stdint.h>

typedef uint64_t workload(unsigned scale, char **arguments);

/* Integer kernels. */
workload mix, sha256, crc32, sort, sieve, bytecode, calls, lz;
/* Functions of the C library. */
workload length, compare, copy, find;
/* Memory. */
workload copy_blocks, set_blocks, chase, scatter;
/* Floating point. */
workload matmul, nbody, mandelbrot, print_long_double;
/* System calls and processes. */
workload system_calls, ping_pong, fork_exec, map_storm;
/* Parts of the rows that are shell commands. */
workload make_tree, hash_tree;

/* A generator that is the same everywhere (Marsaglia's xorshift, 64 bits). */
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

/* FNV-1a over the bytes of a 64-bit value, big end first. */
static inline uint64_t mixed(uint64_t sum, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) sum = (sum ^ (value >> shift & 0xff)) * 0x100000001b3u;
  return sum;
}
#define FIRST_SUM 0xcbf29ce484222325u

/* Storage that is there from the start, or the end of the program. */
void *allocated(size_t size);
void fail(const char *what);

/* Hides a value from the optimiser. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x) : : "memory")
#endif
