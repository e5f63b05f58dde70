// SPDX-License-Identifier: GPL-2.0
/*
 * The nodes of the driver for tests, accel_test, and modules to load.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest.h"
#include "test_node.h"

/* All that may use the module accel here, in the order in which they are loaded. */
static const char * const drivers[] = { "accel_edu", "accel_sim", "accel_minimal", "accel_test",
					"accel_test_pci" };

int test_node_find(struct node *node, const char *name)
{
	memset(node, 0, sizeof(*node));
	snprintf(node->device_dir, sizeof(node->device_dir),
		 "/sys/devices/faux/" TEST_DRIVER ".%s", name);
	return node_lookup(node);
}

int test_device_add(struct node *node)
{
	int ret;

	memset(node, 0, sizeof(*node));
	snprintf(node->device_dir, sizeof(node->device_dir),
		 "/sys/devices/platform/" TEST_DRIVER);
	snprintf(node->driver_dir, sizeof(node->driver_dir),
		 "/sys/bus/platform/drivers/" TEST_DRIVER);
	ret = module_load(TEST_DEVICE, "");
	return ret ? ret : node_lookup(node);
}

int test_device_remove(void)
{
	return module_loaded(TEST_DEVICE) ? module_unload(TEST_DEVICE) : 0;
}

int test_open(const struct node *node, int flags)
{
	int fd = open(node->path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int test_call(int fd, unsigned int command, __u32 a, __u32 b, __u32 *result)
{
	struct accel_test_words words = { .size = sizeof(words), .a = a, .b = b };
	int ret;

	ret = sys_ioctl(fd, command, &words);
	if (result)
		*result = words.result;
	return ret;
}

int test_sleepers(int fd)
{
	__u32 sleepers;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_SLEEPERS, 0, 0, &sleepers);
	return ret ? ret : (int)sleepers;
}

bool module_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

int module_load(const char *name, const char *parameters)
{
	char variable[64];
	const char *path;
	int fd, ret = 0;
	size_t i;

	snprintf(variable, sizeof(variable), "%s_KO", name);
	for (i = 0; variable[i]; i++)
		variable[i] = toupper(variable[i]);
	path = getenv(variable);
	if (!path)
		return -ENOKEY;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		ret = -errno;
	close(fd);
	return ret;
}

int module_unload(const char *name)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;

	/* EAGAIN: somebody has a reference, as for a look at its attributes. */
	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EAGAIN || now_ns() > deadline)
			return -errno;
		sleep_ms(10);
	}
	return 0;
}

int module_reload_all(const char *parameters)
{
	bool loaded[ARRAY_SIZE(drivers)];
	int i, ret = 0;

	for (i = ARRAY_SIZE(drivers) - 1; i >= 0 && !ret; i--) {
		loaded[i] = module_loaded(drivers[i]);
		if (loaded[i])
			ret = module_unload(drivers[i]);
	}
	if (!ret)
		ret = module_unload("accel");
	if (!ret)
		ret = module_load("accel", parameters);
	for (i = 0; i < (int)ARRAY_SIZE(drivers) && !ret; i++) {
		if (loaded[i])
			ret = module_load(drivers[i], "");
	}
	return ret;
}
