/* An LZ77 format of bytes: text is packed once and unpacked `scale` times. */
#include "workloads.h"
#include <string.h>

#define TEXT (1u << 20)
#define BUCKETS 4096

/* Words in a skewed order, so that there is something to find. */
static void written(char *text) {
  static char words[256][12];
  uint64_t seed = 5;
  for (int i = 0; i < 256; i++) {
    int n = 2 + (int)(next_random(&seed) % 8);
    for (int j = 0; j < n; j++) words[i][j] = (char)('a' + next_random(&seed) % 26);
  }
  for (size_t at = 0; at < TEXT;) {
    uint64_t r = next_random(&seed);
    const char *word = words[(r & 0xff) * (r >> 8 & 0xff) >> 8];
    while (*word != 0 && at < TEXT) text[at++] = *word++;
    if (at < TEXT) text[at++] = r >> 16 & 15 ? ' ' : '\n';
  }
}

/* A token: up to 127 literals follow; or 0x80 + length - 4, then the distance in two bytes. */
static size_t packed(const char *in, unsigned char *out) {
  static int32_t last[BUCKETS];
  size_t used = 0, literals = 0, at = 0;
  memset(last, 0xff, sizeof last);
  while (at < TEXT) {
    size_t match = 0, from = 0;
    if (at + 4 <= TEXT) {
      uint32_t four = (uint32_t)(unsigned char)in[at] << 24 | (uint32_t)(unsigned char)in[at + 1] << 16 |
                      (uint32_t)(unsigned char)in[at + 2] << 8 | (unsigned char)in[at + 3];
      int32_t *bucket = &last[four * 2654435761u >> 20];
      from = (size_t)*bucket;
      if (*bucket >= 0 && at - from < 65536)
        while (match < 131 && at + match < TEXT && in[from + match] == in[at + match]) match++;
      *bucket = (int32_t)at;
    }
    if (match < 4) {
      at++, literals++;
      if (literals < 127 && at < TEXT) continue;
      match = 0;
    }
    if (literals > 0) {
      out[used++] = (unsigned char)literals;
      memcpy(out + used, in + at - literals, literals);
      used += literals;
      literals = 0;
    }
    if (match >= 4) {
      size_t distance = at - from;
      out[used++] = (unsigned char)(0x80 + match - 4);
      out[used++] = (unsigned char)(distance >> 8);
      out[used++] = (unsigned char)distance;
      at += match;
    }
  }
  return used;
}

static size_t unpacked(const unsigned char *in, size_t size, unsigned char *out) {
  unsigned char *to = out;
  for (const unsigned char *end = in + size; in < end;) {
    unsigned token = *in++;
    if (token < 0x80)
      while (token-- > 0) *to++ = *in++;
    else {
      const unsigned char *from = to - (in[0] << 8 | in[1]);
      in += 2;
      for (unsigned left = token - 0x80 + 4; left > 0; left--) *to++ = *from++;
    }
  }
  return (size_t)(to - out);
}

uint64_t lz(unsigned scale, char **arguments) {
  (void)arguments;
  char *text = allocated(TEXT);
  unsigned char *small = allocated(2 * TEXT), *back = allocated(TEXT + 256);
  written(text);
  size_t size = packed(text, small);
  uint64_t sum = mixed(FIRST_SUM, size);
  for (unsigned i = 0; i < scale; i++) {
    memset(back, (int)i, 64);
    if (unpacked(small, size, back) != TEXT || memcmp(back, text, TEXT) != 0) return 0;
    sum = mixed(sum, back[i * 4099 % TEXT]);
  }
  return sum;
}
