// SPDX-License-Identifier: GPL-2.0
/*
 * The node under test, and what surrounds it in sysfs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "kselftest.h"
#include "node.h"
#include "pci_config.h"

#define CLASS_DIR "/sys/class/accelerator"

static char why[2 * PATH_MAX];

static __printf(2, 3) int failed(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return error;
}

const char *node_why(void)
{
	return why;
}

bool node_required(void)
{
	const char *value = getenv("ACCEL_REQUIRE");

	return value && !strcmp(value, "1");
}

int read_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[2 * PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	if (len < 0) {
		len = -errno;
		close(fd);
		return len;
	}
	close(fd);
	while (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return 0;
}

int read_number(const char *dir, const char *name, long *number)
{
	char text[64];
	int ret;

	ret = read_file(dir, name, text, sizeof(text));
	if (!ret)
		*number = strtol(text, NULL, 0);
	return ret;
}

int write_file(const char *dir, const char *name, const char *text)
{
	char path[2 * PATH_MAX];
	int ret = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int link_name(const char *dir, const char *name, char *text, size_t size)
{
	char path[2 * PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	last = strrchr(target, '/');
	snprintf(text, size, "%s", last ? last + 1 : target);
	return 0;
}

static int resolve(const struct node *node, const char *link, char *path)
{
	char name[2 * PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s", node->class_dir, link);
	if (!realpath(name, path))
		return failed(-errno, "%s: %s", name, strerror(errno));
	return 0;
}

static void name_node(struct node *node, unsigned int minor)
{
	node->minor = minor;
	snprintf(node->name, sizeof(node->name), "accel%u", minor);
	snprintf(node->path, sizeof(node->path), DEV_DIR "/accel%u", minor);
	snprintf(node->class_dir, sizeof(node->class_dir), CLASS_DIR "/accel%u", minor);
}

/* -ENODEV: the node is gone, or is another driver's. */
static int check_driver(const struct node *node)
{
	struct accel_info_driver driver;
	int fd, ret;

	fd = open(node->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return failed(-ENODEV, "%s is gone", node->path);
	if (fd < 0)
		return failed(-errno, "open %s: %s", node->path, strerror(errno));
	ret = info_read(fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1);
	close(fd);
	if (ret < 0)
		return failed(ret, "%s: ACCEL_INFO_DRIVER: %s", node->path, strerror(-ret));
	if (ret != 1)
		return failed(-EBADMSG, "%s: %d drivers", node->path, ret);
	if (strncmp(driver.name, EDU_DRIVER, sizeof(driver.name)))
		return failed(-ENODEV, "%s is not of " EDU_DRIVER, node->path);
	return 0;
}

static int parse_path(struct node *node, const char *path)
{
	unsigned int minor;
	char rest;

	if (sscanf(path, DEV_DIR "/accel%u%c", &minor, &rest) != 1)
		return failed(-EINVAL, "%s is not " DEV_DIR "/accelN", path);
	name_node(node, minor);
	return 0;
}

/* Whoever names a node wants it tested: that it is not there is no excuse. */
static int named_node(struct node *node, const char *path)
{
	int ret = parse_path(node, path);

	if (ret)
		return ret;
	ret = check_driver(node);
	return ret == -ENOENT ? -ENODEV : ret;
}

static int scan_nodes(struct node *node)
{
	int error = failed(-ENOENT, "no node of " EDU_DRIVER " in " DEV_DIR);
	unsigned int minor, best = 0;
	struct node candidate = {};
	struct dirent *entry;
	DIR *dir;
	char rest;
	int ret;

	dir = opendir(DEV_DIR);
	if (!dir)
		return error;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "accel%u%c", &minor, &rest) != 1)
			continue;
		if (!error && minor > best)
			continue;
		name_node(&candidate, minor);
		ret = check_driver(&candidate);
		if (!ret) {
			best = minor;
			error = 0;
		} else if (ret != -ENODEV && error) {
			error = ret;
		}
	}
	closedir(dir);
	if (!error)
		name_node(node, best);
	else if (error == -ENOENT)
		failed(error, "no node of " EDU_DRIVER " in " DEV_DIR);
	return error;
}

/* A node without its links in sysfs is broken, not absent. */
static int resolve_links(struct node *node)
{
	int ret = resolve(node, "device", node->device_dir);

	if (!ret)
		ret = resolve(node, "device/driver", node->driver_dir);
	return ret == -ENOENT ? -EBADMSG : ret;
}

int node_at(struct node *node, const char *path)
{
	int ret;

	memset(node, 0, sizeof(*node));
	ret = parse_path(node, path);
	return ret ? ret : resolve_links(node);
}

int node_find(struct node *node)
{
	const char *path = getenv("ACCEL_NODE");
	int ret;

	memset(node, 0, sizeof(*node));
	ret = path ? named_node(node, path) : scan_nodes(node);
	return ret ? ret : resolve_links(node);
}

const char *node_address(const struct node *node)
{
	return strrchr(node->device_dir, '/') + 1;
}

bool node_bound(const struct node *node)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/driver", node->device_dir);
	return !access(path, F_OK);
}

int node_unbind(const struct node *node)
{
	return write_file(node->driver_dir, "unbind", node_address(node));
}

int node_lookup(struct node *node)
{
	char path[PATH_MAX + 16];
	struct dirent *entry;
	unsigned int minor;
	int ret = -ENOENT;
	DIR *dir;
	char rest;

	snprintf(path, sizeof(path), "%s/accelerator", node->device_dir);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "accel%u%c", &minor, &rest) != 1)
			continue;
		name_node(node, minor);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

int node_bind(struct node *node)
{
	int ret;

	ret = write_file(node->driver_dir, "bind", node_address(node));
	return ret ? ret : node_lookup(node);
}

int node_stall(const struct node *node, bool stall)
{
	int command = pci_command(node), changed;

	if (command < 0)
		return command;
	changed = command & ~PCI_MASTER;
	if (!stall)
		changed |= PCI_MASTER;
	return changed == command ? 0 : pci_set_command(node, changed);
}

/*
 * A test that hangs is killed together with its tear-down. Then this is the last
 * chance: only the program itself ends by exit(), its tests do not.
 */
static void __attribute__((destructor)) end_stall(void)
{
	struct node node;

	if (!geteuid() && !node_find(&node))
		node_stall(&node, false);
}

int sys_ioctl(int fd, unsigned int command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

int info_read(int fd, unsigned int topic, void *records, __u32 record_size,
	      unsigned int count)
{
	struct accel_info info = {
		.size = sizeof(info),
		.topic = topic,
		.data_ptr = (uintptr_t)records,
		.data_len = (__u64)record_size * count,
		.record_size = record_size,
	};
	int ret;

	ret = sys_ioctl(fd, ACCEL_IOC_INFO, &info);
	return ret ? ret : (int)info.count;
}

int edu_factorial(int fd, __u32 n, __u32 timeout_ms, __u32 *result)
{
	struct accel_edu_factorial arg = {
		.size = sizeof(arg),
		.n = n,
		.timeout_ms = timeout_ms,
	};
	int ret;

	ret = sys_ioctl(fd, ACCEL_EDU_IOC_FACTORIAL, &arg);
	*result = arg.result;
	return ret;
}

int edu_liveness(int fd, __u32 value, __u32 *reply)
{
	struct accel_edu_liveness arg = {
		.size = sizeof(arg),
		.value = value,
	};
	int ret;

	ret = sys_ioctl(fd, ACCEL_EDU_IOC_LIVENESS, &arg);
	*reply = arg.reply;
	return ret;
}

__u32 factorial(__u32 n)
{
	__u32 result = 1;

	while (n)
		result *= n--;
	return result;
}

unsigned long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
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
