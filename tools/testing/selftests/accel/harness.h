/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness with what all fixtures of this folder need.
 */
#ifndef _ACCEL_SELFTEST_HARNESS_H
#define _ACCEL_SELFTEST_HARNESS_H

#include <fcntl.h>

#include "kselftest_harness.h"
#include "fail_nth.h"
#include "node.h"
#include "pci_node.h"
#include "sim.h"
#include "test_node.h"

/* For fixture set-ups: if it returns false, the test is skipped. */
static inline bool setup_node(struct __test_metadata *_metadata, struct node *node)
{
	int ret;

	ret = node_find(node);
	if (ret == -ENOENT && !node_required())
		SKIP(return false, "%s", node_why());
	ASSERT_EQ(0, ret)
		TH_LOG("%s", node_why());
	return true;
}

static inline bool setup_root(struct __test_metadata *_metadata)
{
	if (geteuid() && !node_required())
		SKIP(return false, "needs root");
	ASSERT_EQ(0, geteuid())
		TH_LOG("needs root");
	return true;
}

static inline bool setup_test_node(struct __test_metadata *_metadata, struct node *node,
				   const char *name)
{
	int ret;

	ret = test_node_find(node, name);
	if (ret == -ENOENT && !node_required())
		SKIP(return false, "the module " TEST_DRIVER " is not loaded");
	ASSERT_EQ(0, ret)
		TH_LOG(TEST_DRIVER ".%s: %s", name, strerror(-ret));
	return true;
}

static inline bool setup_pci_node(struct __test_metadata *_metadata, struct node *node)
{
	int ret;

	ret = pci_node_find(node);
	if (ret == -ENOENT && !node_required())
		SKIP(return false, "no device of accel_test_pci");
	ASSERT_EQ(0, ret)
		TH_LOG("accel_test_pci: %s", strerror(-ret));
	return true;
}

static inline bool setup_sim(struct __test_metadata *_metadata, struct node *node)
{
	int ret = sim_find(node, 0);

	if (ret == -ENOENT && !node_required())
		SKIP(return false, "the module " SIM_DRIVER " is not loaded");
	ASSERT_EQ(0, ret)
		TH_LOG(SIM_DRIVER ": %s", strerror(-ret));
	return true;
}

/* For tests in which allocations fail. */
static inline bool setup_fail_nth(struct __test_metadata *_metadata)
{
	int ret = fail_nth_setup();

	if (ret == -ENOENT)
		SKIP(return false, "the kernel cannot fail allocations on request");
	ASSERT_EQ(0, ret);
	return true;
}

/* For tests that load a module. */
static inline bool setup_module(struct __test_metadata *_metadata, const char *variable)
{
	if (!getenv(variable) && !node_required())
		SKIP(return false, "%s is not set", variable);
	ASSERT_NE(NULL, getenv(variable))
		TH_LOG("%s is not set", variable);
	return true;
}

/* Adds a device of the test driver that can be removed, open for a user and for an observer. */
static inline bool setup_test_device(struct __test_metadata *_metadata, struct node *node,
				     int *user, int *observer)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return false;
	ASSERT_EQ(0, test_device_add(node));
	*user = test_open(node, O_RDWR);
	ASSERT_LE(0, *user);
	*observer = test_open(node, O_RDONLY);
	ASSERT_LE(0, *observer);
	return true;
}

static inline void read_status(struct __test_metadata *_metadata, int fd,
			       struct accel_info_status *status)
{
	ASSERT_EQ(1, info_read(fd, ACCEL_INFO_STATUS, status, sizeof(*status), 1));
}

/*
 * For what must not be held up. How long it took is said, not judged: the kernel waits for
 * grace periods, and a machine may be busy.
 */
static inline void expect_unbound(struct __test_metadata *_metadata, const struct node *node)
{
	__u64 begin = now_ns();

	EXPECT_EQ(0, node_unbind(node));
	TH_LOG("unbound after %llu ms", (now_ns() - begin) / 1000000);
}

static inline void expect_unloaded(struct __test_metadata *_metadata, const char *module)
{
	__u64 begin = now_ns();

	EXPECT_EQ(0, module_unload(module));
	TH_LOG("%s unloaded after %llu ms", module, (now_ns() - begin) / 1000000);
}

/* Waits until @fd, an observer, is all that is open: others may be ending. */
static inline void wait_alone(struct __test_metadata *_metadata, int fd)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	struct accel_info_status status;

	do {
		read_status(_metadata, fd, &status);
		if (!status.users && status.observers == 1)
			return;
		sleep_ms(1);
	} while (now_ns() < deadline);
	EXPECT_EQ(0, status.users);
	ASSERT_EQ(1, status.observers);
}

#endif /* _ACCEL_SELFTEST_HARNESS_H */
