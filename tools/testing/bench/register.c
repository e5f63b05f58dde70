// SPDX-License-Identifier: GPL-2.0
/*
 * What a registered device costs: the time to make it, and the memory that it
 * takes, from many at once.
 *
 * A module makes its devices when it is loaded, so what they cost is what
 * loading it with so many takes beyond loading it with none. No ioctl to make
 * devices is needed then, which user space does not do in reality either.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define MANY 4096

/* The fewer devices there are, the more a page more or less is to each. */
#define TIMES 15
#define TIMES_MANY 3
#define OTHERS 5

#define CACHES "/sys/kernel/slab"

static void write_one(const char *path)
{
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	/* Nothing to be done is an error for some. */
	if (write(fd, "1", 1) < 0 && errno != EINVAL)
		err(1, "%s", path);
	close(fd);
}

/* Gives free objects back, so that memory in use is what objects take. */
static void shrink_caches(void)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	dir = opendir(CACHES);
	if (!dir)
		err(1, "%s", CACHES);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CACHES "/%s/shrink", entry->d_name);
		write_one(path);
	}
	closedir(dir);
}

/*
 * Where the memory of a device is: in objects, and in areas of each CPU. The
 * kernel's count of free pages would be less exact, as each CPU keeps some.
 */
static double memory_in_use(void)
{
	unsigned long long kib, sum = 0;
	char line[128];
	FILE *file;

	/* What was freed meanwhile is freed by RCU, some ticks later. */
	sleep_ms(200);
	shrink_caches();
	write_one("/proc/sys/vm/stat_refresh");
	file = fopen("/proc/meminfo", "r");
	if (!file)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %llu kB", &kib) == 1 ||
		    sscanf(line, "Percpu: %llu kB", &kib) == 1)
			sum += kib;
	fclose(file);
	return sum * 1024.0;
}

/**
 * struct cost - what loading a module takes
 * @ns: time
 * @bytes: memory
 */
struct cost {
	double ns;
	double bytes;
};

static struct cost load_once(const char *module, int devices)
{
	char parameters[32];
	struct cost cost;
	double before;

	snprintf(parameters, sizeof(parameters), "devices=%d", devices);
	before = memory_in_use();
	cost.ns = time_to_load(module, parameters);
	cost.bytes = memory_in_use() - before;
	unload_module(module);
	return cost;
}

/*
 * Few devices find room in pages that are in use already, and then seem to cost
 * little. So the cost of @devices is what they take beyond some others of their
 * kind, a few more each time: what room is left is different each time, and the
 * mean does not depend on it.
 */
static struct cost load(const char *module, int devices)
{
	int times = devices < MANY ? TIMES : TIMES_MANY;
	struct cost others, all, sum = {};

	for (int i = 0; i < times; i++) {
		others = load_once(module, OTHERS * i);
		all = load_once(module, OTHERS * i + devices);
		sum.ns += all.ns - others.ns;
		sum.bytes += all.bytes - others.bytes;
	}
	return (struct cost) { sum.ns / times, sum.bytes / times };
}

static void measure_module(const char *module, const char *label)
{
	static const int counts[] = { 16, 256, MANY };
	struct cost cost;
	char name[64];

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		int count = counts[i];

		cost = load(module, count);
		snprintf(name, sizeof(name), "register-%d.%s", count, label);
		print(name, cost.ns / count);
		snprintf(name, sizeof(name), "memory-%d.%s", count, label);
		print(name, cost.bytes / count);
	}
}

int main(void)
{
	measure_module("accel_test", "accel");
	measure_module("accel_bench_peer", "misc");
	return 0;
}
