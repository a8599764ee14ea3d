/* What the kernel does: system calls, processes, mappings, files. */
#define _GNU_SOURCE
#include "workloads.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* getppid, `scale` thousand times. */
uint64_t system_calls(unsigned scale, char **arguments) {
  (void)arguments;
  long parent = getppid();
  uint64_t equal = 0;
  for (unsigned i = 0; i < scale * 1000; i++) equal += syscall(SYS_getppid) == parent;
  return equal;
}

/* A byte goes to a child process and comes back changed, `scale` thousand times. */
uint64_t ping_pong(unsigned scale, char **arguments) {
  (void)arguments;
  int there[2], back[2];
  unsigned char byte = 1;
  uint64_t sum = FIRST_SUM;
  if (pipe(there) < 0 || pipe(back) < 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    close(there[1]);
    while (read(there[0], &byte, 1) == 1) {
      byte = (unsigned char)(byte * 5 + 3);
      if (write(back[1], &byte, 1) != 1) _exit(1);
    }
    _exit(0);
  }
  close(there[0]);
  for (unsigned i = 0; i < scale * 1000; i++) {
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
    sum = mixed(sum, byte);
  }
  close(there[1]);
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) fail("waitpid");
  return sum;
}

/* This very program is executed by a child process, `scale` times. */
uint64_t fork_exec(unsigned scale, char **arguments) {
  uint64_t well = 0;
  for (unsigned i = 0; i < scale; i++) {
    int status;
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      execl("/proc/self/exe", arguments[0], "exit", (char *)NULL);
      _exit(127);
    }
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    well += status == 0;
  }
  return well;
}

#define MAPPED (2u << 20)
/* Mappings made, every page touched, half of them given back at a time; `scale` times 2 MiB. */
uint64_t map_storm(unsigned scale, char **arguments) {
  (void)arguments;
  uint64_t sum = FIRST_SUM;
  for (unsigned i = 0; i < scale; i++) {
    unsigned char *m = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED) fail("mmap");
    for (size_t at = 0; at < MAPPED; at += 4096) m[at + i % 4096] += (unsigned char)(at >> 12) + 1;
    if (mprotect(m, MAPPED / 4, PROT_READ) < 0) fail("mprotect");
    sum = mixed(sum, m[i % 4096] + m[MAPPED / 4 + i % 4096]);
    if (munmap(m + MAPPED / 2, MAPPED / 2) < 0) fail("munmap");
    if (madvise(m, MAPPED / 2, MADV_DONTNEED) < 0) fail("madvise");
    sum = mixed(sum, m[i % 4096]);
    if (munmap(m, MAPPED / 2) < 0) fail("munmap");
  }
  return sum;
}

/* make-tree SCALE DIRECTORY: folders of text files, `scale` times 16 files of 1 to 32 KiB. */
uint64_t make_tree(unsigned scale, char **arguments) {
  uint64_t seed = 29, total = 0;
  char path[256];
  mkdir(arguments[3], 0755);
  for (unsigned folder = 0; folder < scale; folder++) {
    snprintf(path, sizeof path, "%s/folder-%03u", arguments[3], folder);
    if (mkdir(path, 0755) < 0) fail(path);
    for (unsigned number = 0; number < 16; number++) {
      snprintf(path, sizeof path, "%s/folder-%03u/file-%02u.txt", arguments[3], folder, number);
      FILE *file = fopen(path, "w");
      if (file == NULL) fail(path);
      unsigned size = 1024 + (unsigned)(next_random(&seed) % 31744), written = 0;
      while (written < size) {
        uint64_t r = next_random(&seed);
        written += (unsigned)fprintf(file, r & 1 ? "%u %x\n" : "word%u the line of %x\n", (unsigned)(r >> 8 & 0xff),
                                     (unsigned)(r >> 20 & 0xfff));
      }
      total += written;
      if (fclose(file) != 0) fail(path);
    }
  }
  return total;
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static uint64_t hashed(const char *path, uint64_t sum) {
  struct stat status;
  if (lstat(path, &status) < 0) fail(path);
  if (S_ISDIR(status.st_mode)) {
    struct dirent **names;
    int count = scandir(path, &names, NULL, by_name);
    if (count < 0) fail(path);
    for (int i = 0; i < count; free(names[i++])) {
      char below[512];
      if (names[i]->d_name[0] == '.') continue;
      snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name);
      for (const char *s = names[i]->d_name; *s != 0; s++) sum = mixed(sum, (unsigned char)*s);
      sum = hashed(below, sum);
    }
    free(names);
    return sum;
  }
  static unsigned char buffer[65536];
  int file = open(path, O_RDONLY);
  if (file < 0) fail(path);
  for (ssize_t got; (got = read(file, buffer, sizeof buffer)) > 0;)
    for (ssize_t i = 0; i < got; i++) sum = (sum ^ buffer[i]) * 0x100000001b3u;
  close(file);
  return mixed(sum, (uint64_t)status.st_size);
}

/* hash-tree 1 PATH: names and contents of everything below. */
uint64_t hash_tree(unsigned scale, char **arguments) {
  (void)scale;
  return hashed(arguments[3], FIRST_SUM);
}
