// SPDX-License-Identifier: GPL-2.0
/*
 * What the programs that measure share.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/*
 * A batch is shorter than the time between two ticks, so that the median one
 * has nothing in it but the operation.
 */
#define WARM_UP 200
#define BATCH 50
#define BATCHES 41

void print(const char *name, double value)
{
	printf("%s %.1f\n", name, value);
	fflush(stdout);
}

__u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static int compare(const void *left, const void *right)
{
	__u64 a = *(const __u64 *)left, b = *(const __u64 *)right;

	return a < b ? -1 : a > b;
}

__u64 median(__u64 *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static int nothing(const struct operation *operation)
{
	return operation->expected;
}

static int repeat(const struct operation *operation, int count)
{
	int ret = 0;

	while (count--)
		ret |= operation->run(operation) ^ operation->expected;
	return ret;
}

static __u64 time_batch(const struct operation *operation)
{
	__u64 batches[BATCHES];

	for (int i = 0; i < BATCHES; i++) {
		__u64 start = now_ns();

		repeat(operation, BATCH);
		batches[i] = now_ns() - start;
	}
	return median(batches, BATCHES);
}

double cost_of(const struct operation *operation)
{
	struct operation empty = *operation;
	int ret;

	ret = operation->run(operation);
	if (ret != operation->expected)
		errx(1, "%s: %d instead of %d", operation->name, ret, operation->expected);
	if (repeat(operation, WARM_UP))
		errx(1, "%s: does not always do the same", operation->name);

	empty.run = nothing;
	return (double)(time_batch(operation) - time_batch(&empty)) / BATCH;
}

void measure(const struct operation *operation)
{
	print(operation->name, cost_of(operation));
}

/* From memory, so that reading the file is not a part of loading. */
__u64 time_to_load(const char *name, const char *parameters)
{
	struct utsname system;
	char path[PATH_MAX];
	struct stat status;
	void *image;
	__u64 start;
	int fd, ret;

	uname(&system);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko", system.release, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", path);
	image = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		err(1, "%s", path);

	start = now_ns();
	ret = syscall(SYS_init_module, image, status.st_size, parameters);
	start = now_ns() - start;
	if (ret)
		err(1, "loading %s", name);
	munmap(image, status.st_size);
	return start;
}

void load_module(const char *name, const char *parameters)
{
	time_to_load(name, parameters);
}

void unload_module(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		err(1, "unloading %s", name);
}

void accel_path(const char *faux_name, char *path, int size)
{
	char folder[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/sys/devices/faux/%s/accelerator", faux_name);
	dir = opendir(folder);
	if (!dir)
		err(1, "%s", folder);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			break;
	if (!entry)
		errx(1, "%s: no node", folder);
	snprintf(path, size, "/dev/accelerator/%s", entry->d_name);
	closedir(dir);
}

int open_accel(const char *faux_name, int flags)
{
	char path[PATH_MAX];
	int fd;

	accel_path(faux_name, path, sizeof(path));
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}
