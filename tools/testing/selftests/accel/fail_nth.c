// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail on request, by /proc/thread-self/fail-nth: those that
 * modules make, or anybody on their behalf.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_nth.h"
#include "kselftest.h"
#include "node.h"

/*
 * Where x86_64 has its modules, if the kernel is not at a random address: one
 * of these is on the stack of those calls.
 */
#define MODULES_START "0xffffffffa0000000"
#define MODULES_END "0xffffffffff000000"

/* A copy from or to user space may fail, too; it counts among the allocations. */
static const char * const kinds[] = { FAIL_NTH_SLAB, FAIL_NTH_PAGE, "fail_usercopy" };

/**
 * struct setting - how failures are chosen
 * @name: its file
 * @value: what the tests need
 * @optional: not all kinds have it
 */
struct setting {
	const char *name;
	const char *value;
	bool optional;
};

static const struct setting settings[] = {
	{ .name = "require-start", .value = MODULES_START },
	{ .name = "require-end", .value = MODULES_END },
	{ .name = "reject-start", .value = "0" },
	{ .name = "reject-end", .value = "0" },
	{ .name = "verbose", .value = "0" },
	{ .name = "ignore-gfp-wait", .value = "N", .optional = true },
	{ .name = "min-order", .value = "0", .optional = true },
};

static int fail_nth_fd(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fd;
}

static int set(const struct setting *setting, const char *kind)
{
	char dir[64];
	int ret;

	snprintf(dir, sizeof(dir), "/sys/kernel/debug/%s", kind);
	ret = write_file(dir, setting->name, setting->value);
	return ret == -ENOENT && setting->optional ? 0 : ret;
}

int fail_nth_setup(void)
{
	size_t i, kind;
	int ret;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
			ret = set(&settings[i], kinds[kind]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int set_all(const char *name, unsigned long long value)
{
	struct setting setting = { .name = name };
	char text[32];
	size_t kind;
	int ret = 0;

	snprintf(text, sizeof(text), "0x%llx", value);
	setting.value = text;
	for (kind = 0; kind < ARRAY_SIZE(kinds) && !ret; kind++)
		ret = set(&setting, kinds[kind]);
	return ret;
}

int fail_nth_only(const char *kind)
{
	struct setting everything = { .name = "require-end", .value = "0xffffffffffffffff" };
	int ret;

	/* Nothing has an address in an empty range. */
	ret = set_all("require-start", 0);
	if (!ret)
		ret = set_all("require-end", 0);
	return ret ? ret : set(&everything, kind);
}

int fail_nth_spare(const char *function)
{
	unsigned long long address, start = 0, end = 0;
	char line[512], name[256], type;
	FILE *file;
	int ret;

	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return -errno;
	/* In the order of the addresses: the next one is where it ends. */
	while (!end && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %255s", &address, &type, name) != 3)
			continue;
		if (start && address > start)
			end = address;
		else if (!start && !strcmp(name, function))
			start = address;
	}
	fclose(file);
	if (!end)
		return 0;
	ret = set_all("reject-start", start);
	return ret ? ret : set_all("reject-end", end);
}

int fail_nth_stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

int fail_nth_arm(unsigned int n)
{
	char text[16];
	int len;

	len = snprintf(text, sizeof(text), "%u", n);
	return pwrite(fail_nth_fd(), text, len, 0) == len ? 0 : -errno;
}

int fail_nth_disarm(void)
{
	char text[16] = "";
	int ret;

	/* It counts down to zero. */
	if (pread(fail_nth_fd(), text, sizeof(text) - 1, 0) <= 0)
		return -errno;
	ret = fail_nth_arm(0);
	return ret ? ret : !atoi(text);
}
