// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep of the device on the bus, which is the parent of the accelerator: it is
 * awake whenever that is, and else sleeps, too.
 */
#include <fcntl.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "harness.h"
#include "power.h"

#define REBINDS 3

static int parent_wait(const struct node *node, const char *status)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	char text[32];

	do {
		if (read_file(node->device_dir, "power/runtime_status", text, sizeof(text)))
			return -EIO;
		if (!strcmp(text, status))
			return 0;
		sleep_ms(1);
	} while (now_ns() < deadline);
	return -ETIMEDOUT;
}

FIXTURE(pci) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(pci)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	/* It is the administrator's choice that it may. */
	ASSERT_EQ(0, write_file(self->node.device_dir, "power/control", "auto"));
}

FIXTURE_TEARDOWN(pci)
{
	close(self->fd);
	EXPECT_EQ(0, write_file(self->node.device_dir, "power/control", "on"));
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

static int call_powered(int fd)
{
	struct accel_test_pci_peek arg = { .size = sizeof(arg), .offset = 16 };

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_PEEK, &arg);
}

TEST_F(pci, comes_to_the_device_on_the_bus)
{
	int i;

	for (i = 0; i < REBINDS; i++) {
		ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
		EXPECT_TRUE(power_is(&self->node, "suspended"));
		ASSERT_EQ(0, power_set_delay(&self->node, TIMEOUT_MS));
		EXPECT_EQ(0, call_powered(self->fd));
		/* Whoever is awake has an awake parent. */
		EXPECT_TRUE(power_is(&self->node, "active"));
		EXPECT_EQ(0, parent_wait(&self->node, "active"));
		ASSERT_EQ(0, power_set_delay(&self->node, 1));
	}
	ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
	EXPECT_EQ(0, write_file(self->node.device_dir, "power/control", "on"));
	EXPECT_EQ(0, parent_wait(&self->node, "active"));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

TEST_F(pci, survives_unbinding)
{
	long usage;
	int i;

	for (i = 0; i < REBINDS; i++) {
		ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
		ASSERT_EQ(0, node_unbind(&self->node));
		EXPECT_EQ(-ENODEV, call_powered(self->fd));
		ASSERT_EQ(0, node_bind(&self->node));
	}
	ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
	if (!read_number(self->node.device_dir, "power/runtime_usage", &usage))
		EXPECT_EQ(0, usage);
}

FIXTURE(platform) {
	struct node node;
	int user;
	int observer;
};

FIXTURE_SETUP(platform)
{
	setup_test_device(_metadata, &self->node, &self->user, &self->observer);
}

FIXTURE_TEARDOWN(platform)
{
	close(self->observer);
	close(self->user);
	EXPECT_EQ(0, test_device_remove());
}

TEST_F(platform, sleeps_with_the_accelerator)
{
	ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
	EXPECT_TRUE(power_is(&self->node, "suspended"));
	ASSERT_EQ(0, power_set_delay(&self->node, TIMEOUT_MS));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, NULL));
	EXPECT_EQ(0, parent_wait(&self->node, "active"));
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, node_bind(&self->node));
	EXPECT_EQ(0, parent_wait(&self->node, "suspended"));
}

TEST_HARNESS_MAIN
