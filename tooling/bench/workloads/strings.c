/* The C library's string functions on strings of 1 to 200 bytes at every alignment, `scale` thousand calls each. */
#include "workloads.h"
#include <string.h>

#define STRINGS 256
static char *strings[STRINGS];
static char *twins[STRINGS]; /* equal but for one byte in some */

static void prepare(void) {
  char *pool = allocated(2 * STRINGS * 256);
  uint64_t seed = 9;
  for (int i = 0; i < STRINGS; i++) {
    /* Short ones are the most frequent: two draws, the lesser counts. */
    size_t a = next_random(&seed) % 200, b = next_random(&seed) % 200, size = (a < b ? a : b) + 1;
    char *s = pool + next_random(&seed) % 16, *t = pool + 256 + next_random(&seed) % 16;
    for (size_t j = 0; j < size; j++) s[j] = t[j] = (char)('a' + next_random(&seed) % 25);
    s[size] = t[size] = 0;
    if (i % 3 != 0) t[size - 1 - size / 8] = 'z';
    strings[i] = s, twins[i] = t;
    pool += 512;
  }
}

uint64_t length(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = 0;
  prepare();
  for (unsigned i = 0; i < scale * 1000; i++) {
    const char *s = strings[i % STRINGS];
    OPAQUE(s);
    sum += strlen(s) + (i & 1);
  }
  return sum;
}

uint64_t compare(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = 0;
  prepare();
  for (unsigned i = 0; i < scale * 1000; i++) {
    const char *s = strings[i % STRINGS], *t = twins[i % STRINGS];
    OPAQUE(s);
    OPAQUE(t);
    int order = strcmp(s, t);
    sum += order < 0 ? 1 : order > 0 ? 3 : 10;
  }
  return sum;
}

uint64_t copy(unsigned scale, char **arguments) {
  (void)arguments;
  static char to[512];
  uint64_t sum = 0;
  prepare();
  for (unsigned i = 0; i < scale * 1000; i++) {
    char *s = strings[i % STRINGS], *t = to + i % 13;
    OPAQUE(s);
    OPAQUE(t);
    strcpy(t, s);
    sum += (unsigned char)t[i % 4 == 0 ? 0 : 1];
  }
  return mixed(sum, strlen(to + 12));
}

uint64_t find(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = 0;
  prepare();
  for (unsigned i = 0; i < scale * 1000; i++) {
    const char *s = twins[i % STRINGS];
    OPAQUE(s);
    const char *at = memchr(s, 'z', 256);
    sum += at == NULL ? 1000 : (uint64_t)(at - s);
  }
  return sum;
}
