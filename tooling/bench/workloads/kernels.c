/* Small integer kernels: CRC-32, sorting, a sieve, a bytecode interpreter, recursive calls. */
#include "workloads.h"
#include <stdlib.h>
#include <string.h>

/* CRC-32 (IEEE 802.3), a table of bytes, over `scale` MiB. */
uint64_t crc32(unsigned scale, char **arguments) {
  (void)arguments;
  static uint32_t table[256];
  static unsigned char data[65536];
  uint64_t seed = 3;
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(next_random(&seed) >> 16);
  uint32_t crc = ~0u;
  for (unsigned i = 0; i < scale * 16; i++)
    for (size_t at = 0; at < sizeof data; at++) crc = table[(crc ^ data[at]) & 0xff] ^ crc >> 8;
  return ~crc;
}

static int by_value(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

static void heap_sorted(int32_t *a, size_t count) {
  for (size_t start = count / 2, end = count; end > 1;) {
    if (start > 0) start--;
    else {
      int32_t top = a[--end];
      a[end] = a[0], a[0] = top;
    }
    for (size_t root = start, child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && a[child] < a[child + 1]) child++;
      if (a[root] >= a[child]) break;
      int32_t x = a[root];
      a[root] = a[child], a[child] = x;
    }
  }
}

/* The C library's qsort through a function pointer, and a heap sort, of `scale` thousand numbers each. */
uint64_t sort(unsigned scale, char **arguments) {
  (void)arguments;
  size_t count = (size_t)scale * 1000;
  int32_t *a = allocated(count * sizeof *a), *b = allocated(count * sizeof *b);
  uint64_t seed = 11, sum = FIRST_SUM;
  for (size_t i = 0; i < count; i++) a[i] = b[i] = (int32_t)next_random(&seed);
  qsort(a, count, sizeof *a, by_value);
  heap_sorted(b, count);
  if (memcmp(a, b, count * sizeof *a) != 0) return 0;
  for (size_t i = 0; i < count; i += 97) sum = mixed(sum, (uint32_t)a[i]);
  return sum;
}

/* Primes below 4 Mi, `scale` times. */
uint64_t sieve(unsigned scale, char **arguments) {
  (void)arguments;
  const size_t size = 4u << 20;
  unsigned char *composite = allocated(size);
  uint64_t sum = FIRST_SUM;
  for (unsigned round = 0; round < scale; round++) {
    size_t count = 0;
    memset(composite, 0, size);
    for (size_t n = 2; n < size; n++) {
      if (composite[n]) continue;
      count++;
      for (size_t m = n * n; m < size; m += n) composite[m] = 1;
    }
    sum = mixed(sum, count + round);
  }
  return sum;
}

enum { PUSH, ADD, SUB, XOR, MUL, SHIFT, LOAD, STORE, DUP, SWAP, JUMP_NOT_ZERO, DECREMENT, ROTATE, HALT };

/* A stack machine written as one switch; `scale` thousand rounds of its program. */
uint64_t bytecode(unsigned scale, char **arguments) {
  (void)arguments;
  static const uint8_t program[] = {LOAD,  0, PUSH, 13, XOR,  STORE, 0, LOAD,  1, DUP,  LOAD, 0, ADD,  ROTATE, 7, SWAP,
                                    PUSH,  3, SHIFT, SUB, STORE, 1, LOAD, 2, PUSH, 31, MUL, LOAD, 1, ADD, STORE, 2,
                                    LOAD,  2, LOAD, 0, XOR, STORE, 0, DECREMENT, 3, LOAD, 3, JUMP_NOT_ZERO, 0, HALT};
  uint64_t stack[16], variables[4] = {1, 2, 3, (uint64_t)scale * 1000}, x;
  unsigned top = 0;
  for (size_t at = 0;;) {
    switch (program[at++]) {
      case PUSH: stack[top++] = program[at++]; break;
      case ADD: top--, stack[top - 1] += stack[top]; break;
      case SUB: top--, stack[top - 1] -= stack[top]; break;
      case XOR: top--, stack[top - 1] ^= stack[top]; break;
      case MUL: top--, stack[top - 1] *= stack[top]; break;
      case SHIFT: top--, stack[top - 1] <<= stack[top] & 63; break;
      case LOAD: stack[top++] = variables[program[at++] & 3]; break;
      case STORE: variables[program[at++] & 3] = stack[--top]; break;
      case DUP: stack[top] = stack[top - 1], top++; break;
      case SWAP: x = stack[top - 1], stack[top - 1] = stack[top - 2], stack[top - 2] = x; break;
      case JUMP_NOT_ZERO: at = stack[--top] != 0 ? program[at] : at + 1; break;
      case DECREMENT: variables[program[at++] & 3]--; break;
      case ROTATE: x = stack[top - 1], stack[top - 1] = x << program[at] | x >> (64 - program[at]), at++; break;
      default: return mixed(mixed(FIRST_SUM, variables[0]), variables[2]);
    }
  }
}

static unsigned fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static unsigned ackermann(unsigned m, unsigned n) {
  return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static unsigned placed(unsigned size, unsigned columns, unsigned down, unsigned up) {
  unsigned count = 0, all = (1u << size) - 1;
  if (columns == all) return 1;
  for (unsigned free = all & ~(columns | down | up); free != 0; free &= free - 1) {
    unsigned bit = free & -free;
    count += placed(size, columns | bit, (down | bit) << 1, (up | bit) >> 1);
  }
  return count;
}

/* Fibonacci numbers, Ackermann's function, queens on a board: all recursive. */
uint64_t calls(unsigned scale, char **arguments) {
  (void)arguments;
  unsigned n = scale, m = 2;
  OPAQUE(n);
  OPAQUE(m);
  uint64_t sum = mixed(FIRST_SUM, fibonacci(n));
  sum = mixed(sum, ackermann(m, n * 8));
  return mixed(sum, placed(n > 24 ? n - 24 : 4, 0, 0, 0));
}
