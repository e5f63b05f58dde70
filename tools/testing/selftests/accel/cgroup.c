// SPDX-License-Identifier: GPL-2.0
/*
 * Memory control groups, and what the kernel's allocations add up to.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "node.h"

#define CGROUP "/tmp/accel-cgroup"

static const char *group(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", name);
	return path;
}

int cgroup_begin(void)
{
	if (mkdir(CGROUP, 0700) && errno != EEXIST)
		return -errno;
	if (mount("none", CGROUP, "cgroup2", 0, NULL))
		return -errno;
	return write_file(CGROUP, "cgroup.subtree_control", "+memory");
}

void cgroup_end(void)
{
	umount(CGROUP);
	rmdir(CGROUP);
}

int cgroup_make(const char *name)
{
	return mkdir(group(name), 0700) && errno != EEXIST ? -errno : 0;
}

int cgroup_remove(const char *name)
{
	return rmdir(group(name)) ? -errno : 0;
}

int cgroup_limit(const char *name, const char *bytes)
{
	char path[256];
	int fd, ret = 0;

	/* So nothing is reclaimed, and nobody killed, to come below it. */
	snprintf(path, sizeof(path), "%s/memory.max", group(name));
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, bytes, strlen(bytes)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int cgroup_enter(const char *name)
{
	cpu_set_t set;
	char text[32];

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	snprintf(text, sizeof(text), "%d", getpid());
	return write_file(group(name), "cgroup.procs", text);
}

long long cgroup_charged(const char *name)
{
	char text[32];
	int ret;

	/* One that has too much gives back what it has in advance. */
	ret = write_file(group(name), "memory.high", "0");
	if (!ret)
		ret = write_file(group(name), "memory.high", "max");
	if (!ret)
		ret = read_file(group(name), "memory.current", text, sizeof(text));
	return ret ? ret : strtoll(text, NULL, 10);
}

long long slab_in_use(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long objects, size;
	char line[512], name[64];
	long long sum = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		/* The first lines are none of a cache. */
		if (sscanf(line, "%63s %lu %*u %lu", name, &objects, &size) != 3 ||
		    !strncmp(name, "kmemleak", 8))
			continue;
		sum += (long long)objects * size;
	}
	fclose(file);
	return sum;
}
