/* Lists, matrices and a state machine in turn, each feeding the next one's data: the kinds of work that CoreMark mixes. */
#include "workloads.h"

struct item {
  struct item *next;
  int16_t key;
  uint16_t data;
};

#define ITEMS 64
#define SIDE 12

static struct item items[ITEMS];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char text[320];

static uint16_t crc16(uint16_t crc, uint16_t data) {
  for (int bit = 0; bit < 16; bit++, data >>= 1) crc = (crc ^ data) & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  return crc;
}

static struct item *built(uint64_t *seed) {
  for (int i = 0; i < ITEMS; i++) {
    uint64_t r = next_random(seed);
    items[i] = (struct item){i + 1 < ITEMS ? &items[i + 1] : NULL, (int16_t)r, (uint16_t)(r >> 16)};
  }
  return &items[0];
}

static int by_key(const struct item *a, const struct item *b) { return a->key - b->key; }
static int by_data(const struct item *a, const struct item *b) { return (int)(a->data & 0xff) - (int)(b->data & 0xff); }

/* Merge sort from the bottom up. */
static struct item *sorted(struct item *list, int (*order)(const struct item *, const struct item *)) {
  for (int width = 1;; width *= 2) {
    struct item *p = list, *tail = NULL;
    int merges = 0;
    list = NULL;
    while (p != NULL) {
      struct item *q = p;
      int in_p = 0, in_q = width;
      merges++;
      while (in_p < width && q != NULL) in_p++, q = q->next;
      while (in_p > 0 || (in_q > 0 && q != NULL)) {
        struct item *taken;
        if (in_p > 0 && (in_q == 0 || q == NULL || order(p, q) <= 0)) taken = p, p = p->next, in_p--;
        else taken = q, q = q->next, in_q--;
        if (tail == NULL) list = taken;
        else tail->next = taken;
        tail = taken;
      }
      p = q;
    }
    tail->next = NULL;
    if (merges <= 1) return list;
  }
}

static struct item *reversed(struct item *list) {
  struct item *done = NULL;
  while (list != NULL) {
    struct item *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static uint16_t lists(uint16_t crc, uint64_t *seed) {
  struct item *list = built(seed);
  for (int wanted = 0; wanted < 16; wanted++) {
    int at = 0;
    for (const struct item *i = list; i != NULL && (i->data & 15) != wanted; i = i->next) at++;
    list = reversed(list);
    crc = crc16(crc, (uint16_t)at);
  }
  list = sorted(list, by_key);
  for (const struct item *i = list; i != NULL; i = i->next) crc = crc16(crc, (uint16_t)i->key);
  list = sorted(list, by_data);
  for (const struct item *i = list; i != NULL; i = i->next) crc = crc16(crc, i->data & 0xff);
  return crc;
}

static uint16_t matrices(uint16_t crc, uint64_t *seed) {
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      uint64_t r = next_random(seed);
      left[i][j] = (int16_t)r, right[i][j] = (int16_t)(r >> 20) >> 4;
    }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIDE; k++) sum = (int32_t)((uint32_t)sum + (uint32_t)(left[i][k] * right[k][j]));
      product[i][j] = sum;
    }
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) crc = crc16(crc, (uint16_t)(product[i][j] >> 5 ^ product[j][i]));
  return crc;
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

/* One number up to a comma, as a state machine sees it. */
static enum state scanned(const char **at, unsigned *visits) {
  enum state state = START;
  for (; **at != 0; ++*at) {
    char c = **at;
    if (c == ',') {
      ++*at;
      break;
    }
    int digit = c >= '0' && c <= '9';
    switch (state) {
      case START: state = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
      case SIGN: state = digit ? INTEGER : c == '.' ? POINT : INVALID; break;
      case INTEGER: state = digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
      case POINT: state = digit ? FRACTION : INVALID; break;
      case FRACTION: state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
      case EXPONENT: state = c == '+' || c == '-' ? EXPONENT_SIGN : digit ? SCIENTIFIC : INVALID; break;
      case EXPONENT_SIGN: state = digit ? SCIENTIFIC : INVALID; break;
      case SCIENTIFIC: state = digit ? SCIENTIFIC : INVALID; break;
      default: break;
    }
    visits[state]++;
  }
  return state;
}

static uint16_t states(uint16_t crc, uint64_t *seed) {
  static const char *const samples[] = {"5012", "-874", "+122", ".1234500", "-110.700", "+0.64400", "5.500e+3",
                                        "-.123e-2", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
  unsigned visits[STATES] = {0}, ends[STATES] = {0};
  size_t used = 0;
  while (used < sizeof text - 16) {
    for (const char *s = samples[next_random(seed) % 12]; *s != 0; s++) text[used++] = *s;
    text[used++] = ',';
  }
  text[used] = 0;
  for (const char *at = text; *at != 0;) ends[scanned(&at, visits)]++;
  for (size_t i = 0; i < used; i += 7)
    if (text[i] != ',') text[i] ^= 1;
  for (const char *at = text; *at != 0;) ends[scanned(&at, visits)]++;
  for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, (uint16_t)visits[i]), (uint16_t)ends[i]);
  return crc;
}

uint64_t mix(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t seed = 0x1234567, sum = FIRST_SUM;
  for (unsigned i = 0; i < scale; i++) {
    uint16_t crc = lists((uint16_t)i, &seed);
    crc = matrices(crc, &seed);
    crc = states(crc, &seed);
    sum = mixed(sum, crc);
    seed ^= crc;
    if (seed == 0) seed = 1;
  }
  return sum;
}
