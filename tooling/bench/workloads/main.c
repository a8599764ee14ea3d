/*
 * workloads NAME SCALE [ARGUMENT...]: runs one and prints its checksum. With TICKS in the environment a timer interrupts it
 * so many times a second.
 */
#include "workloads.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static void tick(int signal) { ticks += signal == SIGALRM; }

static void start_ticking(long frequency) {
  if (frequency <= 0) return;
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
  const struct timeval interval = {0, 1000000 / frequency};
  struct itimerval timer = {interval, interval};
  if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &timer, NULL) < 0) fail("setitimer");
}

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
    const char *frequency = getenv("TICKS");
    start_ticking(frequency == NULL ? 0 : strtol(frequency, NULL, 10));
    uint64_t sum = table[i].run((unsigned)strtoul(arguments[2], NULL, 10), arguments);
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
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
