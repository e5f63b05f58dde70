// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups that can be frozen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "freezer.h"
#include "node.h"

#define SYSTEM "/sys/fs/cgroup"
#define OWN_2 "/tmp/accel-cgroup2"
#define OWN_1 "/tmp/accel-freezer"

static bool has(const char *group, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return !access(path, F_OK);
}

/* Mounts a hierarchy in a folder, unless it is there already. */
static int mount_at(const char *root, const char *type, const char *options)
{
	mkdir(root, 0755);
	if (!has(root, "cgroup.procs") && mount("none", root, type, 0, options))
		return -ENOENT;
	return 0;
}

int freezer_make(bool is_first, char *group, size_t size)
{
	const char *root = is_first ? OWN_1 : SYSTEM;
	int ret = 0;

	if (is_first) {
		ret = mount_at(root, "cgroup", "freezer");
	} else if (!has(root, "cgroup.subtree_control")) {
		root = OWN_2;
		ret = mount_at(root, "cgroup2", NULL);
	}
	if (ret)
		return ret;
	snprintf(group, size, "%s/accel-%d", root, getpid());
	return mkdir(group, 0755) && errno != EEXIST ? -errno : 0;
}

int freezer_enter(const char *group, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", pid);
	return write_file(group, "cgroup.procs", text);
}

static bool is_frozen(const char *group, bool is_first, bool frozen)
{
	const char *wanted = is_first ? (frozen ? "FROZEN" : "THAWED") :
					(frozen ? "frozen 1" : "frozen 0");
	char text[256];

	if (read_file(group, is_first ? "freezer.state" : "cgroup.events", text, sizeof(text)))
		return false;
	return strstr(text, wanted);
}

int freezer_freeze(const char *group, bool freeze)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	bool is_first = has(group, "freezer.state");
	int ret;

	if (is_first)
		ret = write_file(group, "freezer.state", freeze ? "FROZEN" : "THAWED");
	else
		ret = write_file(group, "cgroup.freeze", freeze ? "1" : "0");
	while (!ret && !is_frozen(group, is_first, freeze)) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return ret;
}
