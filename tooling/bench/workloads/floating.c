/* Floating point: doubles in matrices, orbits and iterations; long doubles printed and read back. */
#include "workloads.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits(double x) {
  uint64_t b;
  memcpy(&b, &x, sizeof b);
  return b;
}

#define SIDE 192
/* Products of 192 by 192 matrices, `scale` of them. */
uint64_t matmul(unsigned scale, char **arguments) {
  (void)arguments;
  static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
  uint64_t seed = 23, sum = FIRST_SUM;
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++)
      a[i][j] = (double)(next_random(&seed) % 2001) / 1000 - 1, b[i][j] = (double)(next_random(&seed) % 2001) / 2000;
  for (unsigned round = 0; round < scale; round++) {
    for (int i = 0; i < SIDE; i++)
      for (int j = 0; j < SIDE; j++) {
        double x = 0;
        for (int k = 0; k < SIDE; k++) x += a[i][k] * b[k][j];
        c[i][j] = x;
      }
    for (int i = 0; i < SIDE; i++) a[i][round % SIDE] = c[i][i] / 16, sum = mixed(sum, bits(c[i][(i * 7 + 3) % SIDE]));
  }
  return sum;
}

#define BODIES 5
/* Five bodies under gravity, `scale` thousand steps. */
uint64_t nbody(unsigned scale, char **arguments) {
  (void)arguments;
  static const double start[BODIES][7] = {
      {0, 0, 0, 0, 0, 0, 40},      {5, -1, 0.1, 0.6, 2.8, 0, 0.04}, {8, 4, -0.4, -1, 1.8, 0.01, 0.01},
      {13, -15, -0.2, 1, 0.9, -0.01, 0.002}, {15, -26, 0.2, 1, 0.6, -0.03, 0.002}};
  double b[BODIES][7];
  memcpy(b, start, sizeof b);
  for (uint64_t step = (uint64_t)scale * 1000; step > 0; step--) {
    for (int i = 0; i < BODIES; i++)
      for (int j = i + 1; j < BODIES; j++) {
        double dx = b[i][0] - b[j][0], dy = b[i][1] - b[j][1], dz = b[i][2] - b[j][2];
        double square = dx * dx + dy * dy + dz * dz, force = 0.001 / (square * sqrt(square));
        b[i][3] -= dx * b[j][6] * force, b[i][4] -= dy * b[j][6] * force, b[i][5] -= dz * b[j][6] * force;
        b[j][3] += dx * b[i][6] * force, b[j][4] += dy * b[i][6] * force, b[j][5] += dz * b[i][6] * force;
      }
    for (int i = 0; i < BODIES; i++)
      for (int k = 0; k < 3; k++) b[i][k] += 0.001 * b[i][k + 3];
  }
  uint64_t sum = FIRST_SUM;
  for (int i = 0; i < BODIES; i++)
    for (int k = 0; k < 6; k++) sum = mixed(sum, bits(b[i][k]));
  return sum;
}

/* The set on a grid of `scale` by `scale`, 200 iterations at most. */
uint64_t mandelbrot(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = FIRST_SUM;
  for (unsigned row = 0; row < scale; row++) {
    uint64_t inside = 0;
    for (unsigned column = 0; column < scale; column++) {
      double cr = 3.0 * column / scale - 2.1, ci = 2.4 * row / scale - 1.2, r = 0, i = 0;
      int left = 200;
      for (; left > 0; left--) {
        double rr = r * r, ii = i * i;
        if (rr + ii > 4) break;
        i = 2 * r * i + ci, r = rr - ii + cr;
      }
      inside += (uint64_t)left * (column + 1);
    }
    sum = mixed(sum, inside);
  }
  return sum;
}

/* `scale` thousand long doubles computed, printed and read back. */
uint64_t print_long_double(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = FIRST_SUM;
  long double x = 1, back;
  for (unsigned i = 0; i < scale * 1000; i++) {
    char text[128];
    x = x * 1.0000123L + 1.0L / (i + 3);
    snprintf(text, sizeof text, i % 2 ? "%.30Lf" : "%.25Le", x * (i % 5 == 0 ? 1e10L : 1));
    back = strtold(text, NULL);
    uint64_t low = 0;
    for (const char *s = text; *s != 0; s++) low = low * 31 + (unsigned char)*s;
    sum = mixed(sum, low ^ bits((double)back));
    if (x > 1e6L) x = 1;
  }
  return sum;
}
