// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation fails once, see failslab_test.c: while devices come and go.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"

/* No operation makes as many. */
#define TOO_MANY 20000

static const char * const names[] = { "shared", "exclusive", "limited", "per_user" };

FIXTURE(failslab_device) {
	struct node node;
	struct node other;
};

FIXTURE_SETUP(failslab_device)
{
	int ret;

	if (!setup_test_node(_metadata, &self->other, "shared") ||
	    !setup_node(_metadata, &self->node) || !setup_root(_metadata) ||
	    !setup_module(_metadata, "ACCEL_TEST_KO") || !setup_module(_metadata, "ACCEL_KO"))
		return;
	ret = fail_nth_setup();
	if (ret == -ENOENT)
		SKIP(return, "the kernel cannot fail allocations on request");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN_PARENT(failslab_device)
{
	struct node again = self->node;

	if (!self->node.path[0])
		return;
	if (!module_loaded("accel"))
		EXPECT_EQ(0, module_load("accel", ""));
	if (!module_loaded("accel_minimal"))
		module_load("accel_minimal", "");
	if (!module_loaded(EDU_DRIVER))
		EXPECT_EQ(0, module_load(EDU_DRIVER, ""));
	if (!module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&again));
}

static void expect_works(struct __test_metadata *_metadata, struct node *node)
{
	__u32 result;
	int fd;

	ASSERT_EQ(0, node_lookup(node));
	fd = test_open(node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, edu_factorial(fd, 6, PATIENCE_MS, &result));
	EXPECT_EQ(720, result);
	close(fd);
}

static void expect_drivers_work(struct __test_metadata *_metadata)
{
	struct node node;
	size_t i;
	__u32 sum;
	int fd;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, test_node_find(&node, names[i]));
		fd = test_open(&node, O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_ADD, 40, 2, &sum));
		EXPECT_EQ(42, sum);
		close(fd);
	}
}

TEST_F_TIMEOUT(failslab_device, bind, 900)
{
	struct node node = self->node;
	int ret, failed = 1;
	unsigned int n;

	ASSERT_EQ(0, node_unbind(&node));
	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = write_file(node.driver_dir, "bind", node_address(&node));
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && ret == -ENOMEM))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		EXPECT_EQ(!ret, node_bound(&node))
			TH_LOG("failure %u", n);
		EXPECT_EQ(ret ? -ENOENT : 0, node_lookup(&node))
			TH_LOG("failure %u", n);
		if (!ret)
			ASSERT_EQ(0, node_unbind(&node));
	}
	TH_LOG("%u allocations", n - 2);
	EXPECT_LT(2, n);
	ASSERT_EQ(0, node_bind(&node));
	EXPECT_EQ(self->node.minor, node.minor);
	expect_works(_metadata, &node);
}

/* It cannot fail. A file is open, with what its driver keeps for it. */
TEST_F_TIMEOUT(failslab_device, unbind, 900)
{
	struct node node = self->node;
	int fd, ret, failed = 1;
	unsigned int n;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		fd = test_open(&node, O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = node_unbind(&node);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_EQ(0, ret)
			TH_LOG("failure %u: %s", n, strerror(-ret));
		EXPECT_FALSE(node_bound(&node));
		EXPECT_EQ(-ENODEV, sys_ioctl(fd, ACCEL_IOC_INFO, NULL));
		close(fd);
		ASSERT_EQ(0, node_bind(&node));
	}
	TH_LOG("%u allocations", n - 2);
	expect_works(_metadata, &node);
}

/* Loads and removes a module until no allocation fails any more. */
static void sweep_module(struct __test_metadata *_metadata, const char *name)
{
	int ret, failed = 1;
	unsigned int n;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = module_load(name, "");
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && ret == -ENOMEM))
			TH_LOG("%s, failure %u: %s", name, n, strerror(-ret));
		EXPECT_EQ(!ret, module_loaded(name))
			TH_LOG("%s, failure %u", name, n);
		if (ret)
			continue;
		ASSERT_EQ(0, fail_nth_arm(n));
		EXPECT_EQ(0, module_unload(name))
			TH_LOG("%s, failure %u of the removal", name, n);
		ASSERT_LE(0, fail_nth_disarm());
		EXPECT_FALSE(module_loaded(name));
	}
	TH_LOG("%s: %u allocations", name, n - 2);
	EXPECT_LT(2, n);
	ASSERT_EQ(0, module_load(name, ""));
}

TEST_F_TIMEOUT(failslab_device, driver_module, 900)
{
	struct node node;

	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	ASSERT_EQ(-ENOENT, test_node_find(&node, "shared"));
	sweep_module(_metadata, TEST_DRIVER);
	expect_drivers_work(_metadata);
	ASSERT_EQ(0, test_node_find(&node, "shared"));
	EXPECT_EQ(self->other.minor, node.minor);
}

TEST_F_TIMEOUT(failslab_device, core_module, 900)
{
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	ASSERT_EQ(0, module_unload("accel_minimal"));
	ASSERT_EQ(0, module_unload(EDU_DRIVER));
	ASSERT_EQ(0, module_unload("accel"));
	sweep_module(_metadata, "accel");
	ASSERT_EQ(0, module_load(EDU_DRIVER, ""));
	ASSERT_EQ(0, module_load("accel_minimal", ""));
	ASSERT_EQ(0, module_load(TEST_DRIVER, ""));
	expect_works(_metadata, &self->node);
	expect_drivers_work(_metadata);
}

TEST_HARNESS_MAIN
