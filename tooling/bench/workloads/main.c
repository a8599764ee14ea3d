/* workloads NAME SCALE [ARGUMENT...]: runs one and prints its checksum. */
#include "workloads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  workload *run;
} table[] = {
    {"mix", mix},
    {"sha256", sha256},
    {"crc32", crc32},
    {"sort", sort},
    {"sieve", sieve},
    {"switch", bytecode},
    {"calls", calls},
    {"lz", lz},
    {"strlen", length},
    {"strcmp", compare},
    {"strcpy", copy},
    {"memchr", find},
    {"memcpy", copy_blocks},
    {"memset", set_blocks},
    {"chase", chase},
    {"random", scatter},
    {"matmul", matmul},
    {"nbody", nbody},
    {"mandelbrot", mandelbrot},
    {"printf-long-double", print_long_double},
    {"getppid", system_calls},
    {"pipe", ping_pong},
    {"fork-exec", fork_exec},
    {"mmap", map_storm},
    {"make-tree", make_tree},
    {"hash-tree", hash_tree},
};

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "exit") == 0) return 0; /* what fork-exec executes */
  for (size_t i = 0; count >= 3 && i < sizeof table / sizeof *table; i++) {
    if (strcmp(arguments[1], table[i].name) != 0) continue;
    uint64_t sum = table[i].run((unsigned)strtoul(arguments[2], NULL, 10), arguments);
    printf("checksum %016llx\n", (unsigned long long)sum);
    return 0;
  }
  fputs("usage: workloads NAME SCALE [ARGUMENT...]\n", stderr);
  return 2;
}

void fail(const char *what) {
  perror(what);
  exit(1);
}

void *allocated(size_t size) {
  void *made = malloc(size);
  if (made == NULL) fail("malloc");
  return made;
}
