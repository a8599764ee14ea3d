/*
 * Reads or writes a block device past the page cache, in one of four ways; prints bytes, requests and nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 262144, SMALL = 4096, RANDOM_REQUESTS = 4000, ROUNDS = 16 };

static int64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

/* Returns 0 when every request was served whole. */
static int serve(int disk, char *buffer, int64_t size, int64_t request, int64_t count, int random, int writes)
{
	uint64_t state = 88172645463325252ULL;

	for (int64_t n = 0; n < count; n++) {
		int64_t at = n * request % size;

		if (random) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			at = (int64_t)(state % (uint64_t)(size / request)) * request;
		}
		if ((writes ? pwrite(disk, buffer, request, at) : pread(disk, buffer, request, at)) != request)
			return -1;
	}
	return writes ? fsync(disk) : 0;
}

int main(int argc, char **argv)
{
	int disk = argc == 3 ? open(argv[1], O_RDWR | O_DIRECT) : -1;
	int64_t size = disk < 0 ? -1 : lseek(disk, 0, SEEK_END);
	int random = argc == 3 && strncmp(argv[2], "random-", 7) == 0;
	int writes = argc == 3 && strcmp(argv[2] + (random ? 7 : 0), "write") == 0;
	int64_t request = random ? SMALL : LARGE;
	int64_t count = random ? RANDOM_REQUESTS : ROUNDS * (size / LARGE);
	int64_t start;
	char *buffer;

	if (size < LARGE || posix_memalign((void **)&buffer, SMALL, LARGE) != 0) {
		perror("disk");
		return 1;
	}
	for (int n = 0; n < LARGE; n++)
		buffer[n] = (char)(n * 31);
	start = now();
	if (serve(disk, buffer, size, request, count, random, writes) != 0) {
		perror(argv[2]);
		return 1;
	}
	printf("%lld %lld %lld\n", (long long)(count * request), (long long)count, (long long)(now() - start));
	return 0;
}
