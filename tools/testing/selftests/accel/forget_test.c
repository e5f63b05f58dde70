// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that forgets what it has registered: its devices go with its module.
 *
 * Environment:
 *  ACCEL_TEST_FORGET_KO	the file of the module accel_test_forget
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "harness.h"

#define DRIVER "accel_test_forget"
#define GONE (POLLHUP | POLLERR)

FIXTURE(forget) {
	struct node node;
	int fd;
};

FIXTURE_VARIANT(forget) {
	const char *device;
	/* Whether the registration is moved to the data of its own device. */
	bool in_itself;
};

FIXTURE_VARIANT_ADD(forget, forgotten) {
	.device = "forgotten",
	.in_itself = false,
};

FIXTURE_VARIANT_ADD(forget, in_a_static) {
	.device = "kept",
	.in_itself = false,
};

FIXTURE_VARIANT_ADD(forget, in_itself) {
	.device = "kept",
	.in_itself = true,
};

FIXTURE_SETUP(forget)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_FORGET_KO"))
		return;
	/* The memory of what is forgotten is lost, which kmemleak would report, and rightly so. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		SKIP(return, "the kernel looks for leaks");
	ASSERT_EQ(0, module_load(DRIVER, ""));
	snprintf(self->node.device_dir, sizeof(self->node.device_dir),
		 "/sys/devices/faux/" DRIVER ".%s", variant->device);
	ASSERT_EQ(0, node_lookup(&self->node));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(forget)
{
	if (module_loaded(DRIVER))
		EXPECT_EQ(0, module_unload(DRIVER));
}

static int keep(int fd)
{
	__u32 had_one;
	int ret = test_call(fd, ACCEL_TEST_FORGET_IOC_KEEP, 0, 0, &had_one);

	return ret ? ret : (int)had_one;
}

TEST_F_TIMEOUT(forget, goes_with_the_module, 120)
{
	struct pollfd poll_fd = { .fd = self->fd };

	if (variant->in_itself)
		ASSERT_EQ(1, keep(self->fd));
	ASSERT_EQ(0, module_unload(DRIVER));

	EXPECT_NE(0, access(self->node.device_dir, F_OK));
	EXPECT_EQ(-ENOENT, test_open(&self->node, O_RDONLY));
	EXPECT_EQ(-ENODEV, keep(self->fd));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(GONE, poll_fd.revents);
	close(self->fd);

	/* The names are free again. */
	ASSERT_EQ(0, module_load(DRIVER, ""));
	ASSERT_EQ(0, node_lookup(&self->node));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(1, keep(self->fd));
	EXPECT_EQ(0, keep(self->fd));
	close(self->fd);
}

TEST_HARNESS_MAIN
