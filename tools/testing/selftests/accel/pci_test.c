// SPDX-License-Identifier: GPL-2.0
/*
 * What a device on the PCI bus is to its bus: enabled and a master of the bus
 * only while its driver has it, asleep when nobody uses it, and quiet.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "edu_module.h"
#include "harness.h"
#include "pci_config.h"
#include "power.h"

#define REBINDS 3
/* The engine of the edu device takes 100 ms; a look at it each millisecond gives up at 1000. */
#define FEW_SLEEPS 500

FIXTURE(binding) {
	struct node node;
};

FIXTURE_SETUP(binding)
{
	if (!setup_root(_metadata) || !setup_node(_metadata, &self->node) ||
	    !setup_module(_metadata, "ACCEL_EDU_KO"))
		return;
}

FIXTURE_TEARDOWN_PARENT(binding)
{
	if (self->node.device_dir[0])
		EXPECT_EQ(0, edu_restore(&self->node));
}

static long enabled(const struct node *node)
{
	long count = -1;
	int ret = read_number(node->device_dir, "enable", &count);

	return ret ? ret : count;
}

TEST_F(binding, is_given_back)
{
	long before;
	int i;

	before = enabled(&self->node);
	EXPECT_LT(0, before);
	EXPECT_EQ(PCI_MASTER, pci_command(&self->node) & PCI_MASTER);
	for (i = 0; i < REBINDS; i++) {
		ASSERT_EQ(0, node_unbind(&self->node));
		EXPECT_EQ(0, pci_command(&self->node) & PCI_MASTER);
		EXPECT_EQ(before - 1, enabled(&self->node));
		ASSERT_EQ(0, node_bind(&self->node));
		EXPECT_EQ(PCI_MASTER, pci_command(&self->node) & PCI_MASTER);
		EXPECT_EQ(before, enabled(&self->node));
	}
}

/* Somebody else has enabled it: that is not the driver's to take back. */
TEST_F(binding, leaves_what_it_has_found)
{
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(0, enabled(&self->node));
	ASSERT_EQ(0, write_file(self->node.device_dir, "enable", "1"));
	ASSERT_EQ(0, node_bind(&self->node));
	EXPECT_EQ(2, enabled(&self->node));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(0, pci_command(&self->node) & PCI_MASTER);
	EXPECT_EQ(1, enabled(&self->node));
	ASSERT_EQ(0, write_file(self->node.device_dir, "enable", "0"));
}

/* A device that does not answer any more is not waited for. */
TEST_F(binding, ends_at_once_for_one_that_is_gone)
{
	struct rusage before, after;

	ASSERT_EQ(0, pci_hide(&self->node));
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	EXPECT_GT(FEW_SLEEPS, after.ru_nvcsw - before.ru_nvcsw);
	ASSERT_EQ(0, pci_show(&self->node));
}

FIXTURE(sleep) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(sleep)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	/* It is the administrator's choice that it may. */
	ASSERT_EQ(0, write_file(self->node.device_dir, "power/control", "auto"));
}

FIXTURE_TEARDOWN(sleep)
{
	close(self->fd);
	EXPECT_EQ(0, write_file(self->node.device_dir, "power/control", "on"));
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

static int parent_wait(const struct node *node, const char *status)
{
	__u64 deadline = now_ns() + PATIENCE_MS * 1000000ULL;
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

static int call_powered(int fd)
{
	struct accel_test_pci_peek arg = { .size = sizeof(arg), .offset = 16 };

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_PEEK, &arg);
}

TEST_F(sleep, comes_to_the_device_on_the_bus)
{
	int i;

	for (i = 0; i < REBINDS; i++) {
		ASSERT_EQ(0, parent_wait(&self->node, "suspended"));
		EXPECT_TRUE(power_is(&self->node, "suspended"));
		ASSERT_EQ(0, power_set_delay(&self->node, PATIENCE_MS));
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

TEST_F(sleep, survives_unbinding)
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

TEST_HARNESS_MAIN
