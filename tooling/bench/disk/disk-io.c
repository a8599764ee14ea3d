/*
 * Reads and writes a block device past the page cache, so many times over; prints a figure a line: name, bytes, requests,
 * nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 262144, SMALL = 4096, RANDOM_REQUESTS = 4000, ROUNDS = 4 };

static int64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void measure(const char *name, int disk, char *buffer, int64_t size, int64_t request, int64_t count, int random,
		    int writes)
{
	uint64_t state = 88172645463325252ULL;
	int64_t start = now();

	for (int64_t n = 0; n < count; n++) {
		int64_t at = n * request % size;
		ssize_t done;

		if (random) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			at = (int64_t)(state % (uint64_t)(size / request)) * request;
		}
		done = writes ? pwrite(disk, buffer, request, at) : pread(disk, buffer, request, at);
		if (done != request) {
			perror(name);
			exit(1);
		}
	}
	if (writes && fsync(disk) != 0) {
		perror(name);
		exit(1);
	}
	/* The other side looks at the clock of its CPU when a line comes. */
	printf("<%s %lld %lld %lld>\n", name, (long long)(count * request), (long long)count, (long long)(now() - start));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int disk = argc == 3 ? open(argv[1], O_RDWR | O_DIRECT) : -1;
	int64_t size = disk < 0 ? -1 : lseek(disk, 0, SEEK_END);
	char *buffer;

	if (size < LARGE || posix_memalign((void **)&buffer, SMALL, LARGE) != 0) {
		perror("disk");
		return 1;
	}
	for (int n = 0; n < LARGE; n++)
		buffer[n] = (char)(n * 31);
	for (int pass = 0; pass < atoi(argv[2]); pass++) {
		measure("write", disk, buffer, size, LARGE, ROUNDS * (size / LARGE), 0, 1);
		measure("read", disk, buffer, size, LARGE, ROUNDS * (size / LARGE), 0, 0);
		measure("random-write", disk, buffer, size, SMALL, RANDOM_REQUESTS, 1, 1);
		measure("random-read", disk, buffer, size, SMALL, RANDOM_REQUESTS, 1, 0);
	}
	return 0;
}
