// SPDX-License-Identifier: GPL-2.0
/*
 * What a device on the PCI bus is to its bus: enabled and a master of the bus
 * while its driver has it, and not afterwards.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "edu_module.h"
#include "harness.h"
#include "pci_config.h"

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

TEST_HARNESS_MAIN
