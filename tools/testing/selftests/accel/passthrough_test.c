// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough: ioctls with an opaque payload, which need a capability, are
 * counted, taint the kernel, and can be switched off.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "harness.h"
#include "passthrough.h"

#define COMMAND ACCEL_TEST_IOC_PASSTHROUGH_ADD

/* The first of them: what taints the kernel does so until it reboots. */
TEST(a_call_taints_the_kernel)
{
	struct node node;
	int fd;

	if (!setup_test_node(_metadata, &node, "shared") || !setup_root(_metadata))
		return;
	if (passthrough_taint() == 1)
		SKIP(return, "the kernel is tainted already");
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, passthrough_taint());
	/* One that is refused does not. */
	ASSERT_EQ(0, seteuid(ALICE));
	EXPECT_EQ(-EPERM, test_call(fd, COMMAND, 1, 2, NULL));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_PRIVILEGED_ADD, 1, 2, NULL));
	EXPECT_EQ(0, passthrough_taint());
	EXPECT_EQ(0, test_call(fd, COMMAND, 1, 2, NULL));
	EXPECT_EQ(1, passthrough_taint());
	EXPECT_EQ(0, test_call(fd, COMMAND, 1, 2, NULL));
	EXPECT_EQ(1, passthrough_taint());
}

/* They would go and come with the module accel, which takes its time. */
static const char * const others[] = { "accel_edu", "accel_sim", "accel_minimal",
				       "accel_test_pci" };

TEST(other_drivers_make_room)
{
	int i;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_EDU_KO"))
		return;
	for (i = ARRAY_SIZE(others) - 1; i >= 0; i--) {
		if (module_loaded(others[i]))
			EXPECT_EQ(0, module_unload(others[i]))
				TH_LOG("%s", others[i]);
	}
}

/* With the module accel as it is after loading. */
FIXTURE(passthrough) {
	struct node node;
	int observer;
	int user;
	int log;
	bool reloaded;
};

FIXTURE_VARIANT(passthrough) {
	const char *parameters;
	bool admitted;
};

FIXTURE_VARIANT_ADD(passthrough, by_default) {
	.parameters = "",
	.admitted = true,
};

FIXTURE_VARIANT_ADD(passthrough, switched_on) {
	.parameters = "passthrough=Y",
	.admitted = true,
};

FIXTURE_VARIANT_ADD(passthrough, switched_off) {
	.parameters = "passthrough=N",
	.admitted = false,
};

FIXTURE_SETUP(passthrough)
{
	int ret;

	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_module(_metadata, "ACCEL_KO"))
		return;
	self->reloaded = true;
	ret = module_reload_all(variant->parameters);
	ASSERT_EQ(0, ret)
		TH_LOG("%s", strerror(-ret));
	ASSERT_EQ(0, test_node_find(&self->node, "shared"));
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN_PARENT(passthrough)
{
	/* What the default is, the next test begins with. */
	if (!self->reloaded || variant->admitted)
		return;
	EXPECT_EQ(0, module_reload_all(""))
		TH_LOG("the modules are not loaded as they were");
}

/* Whether it is admitted or not, it is declared. */
static void expect_declared(struct __test_metadata *_metadata, int fd)
{
	struct accel_info_ioctl ioctls[64];
	int i, count, found = 0;

	count = info_read(fd, ACCEL_INFO_UAPI, ioctls, sizeof(ioctls[0]), ARRAY_SIZE(ioctls));
	ASSERT_LT(0, count);
	for (i = 0; i < count; i++) {
		if (!(ioctls[i].flags & ACCEL_IOCTL_PASSTHROUGH))
			continue;
		found++;
		EXPECT_EQ(COMMAND, ioctls[i].command);
		EXPECT_EQ(CAP_SYS_RAWIO, ioctls[i].capability);
		EXPECT_TRUE(ioctls[i].flags & ACCEL_IOCTL_CAPABILITY);
	}
	EXPECT_EQ(1, found);
}

/* Each that is admitted counts, on its device. */
TEST_F_TIMEOUT(passthrough, is_counted, 120)
{
	struct node other;
	int i, fd, calls = variant->admitted ? 10 : 0;
	__u32 sum;

	expect_declared(_metadata, self->observer);
	EXPECT_EQ(0, passthrough_calls(&self->node));
	for (i = 0; i < 10; i++) {
		sum = 0;
		EXPECT_EQ(variant->admitted ? 0 : -EPERM,
			  test_call(self->user, COMMAND, i, 100, &sum));
		EXPECT_EQ(variant->admitted ? i + 100 : 0, sum);
		EXPECT_EQ(variant->admitted ? i + 1 : 0, passthrough_calls(&self->node));
	}
	/* Neither are others, nor those that are refused. */
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD, 1, 2, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, COMMAND, 1, 2, NULL));
	EXPECT_EQ(calls, passthrough_calls(&self->node));

	ASSERT_EQ(0, test_node_find(&other, "limited"));
	EXPECT_EQ(0, passthrough_calls(&other));
	fd = test_open(&other, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(variant->admitted ? 0 : -EPERM, test_call(fd, COMMAND, 1, 2, NULL));
	EXPECT_EQ(variant->admitted ? 1 : 0, passthrough_calls(&other));
	EXPECT_EQ(calls, passthrough_calls(&self->node));
}

TEST_F_TIMEOUT(passthrough, capability, 120)
{
	struct agent alice;

	ASSERT_EQ(0, agent_start(&alice, ALICE, 0, 0));
	EXPECT_EQ(-EPERM, agent_test_call(&alice, self->user, COMMAND));
	EXPECT_EQ(-EPERM, agent_bad_call(&alice, self->user, COMMAND));
	ASSERT_EQ(0, capability_drop(CAP_SYS_RAWIO));
	EXPECT_EQ(-EPERM, test_call(self->user, COMMAND, 1, 2, NULL));
	EXPECT_EQ(0, passthrough_calls(&self->node));
	EXPECT_EQ(0, log_count(self->log, PASSTHROUGH_LINE));
}

TEST_F_TIMEOUT(passthrough, says_so_once, 120)
{
	int i;

	EXPECT_EQ(0, log_count(self->log, PASSTHROUGH_LINE));
	for (i = 0; i < 5; i++)
		test_call(self->user, COMMAND, 1, 2, NULL);
	EXPECT_EQ(variant->admitted ? 1 : 0, log_count(self->log, PASSTHROUGH_LINE));
	close(self->user);
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	test_call(self->user, COMMAND, 1, 2, NULL);
	EXPECT_EQ(0, log_count(self->log, PASSTHROUGH_LINE));
}

/* After all others. */
FIXTURE(afterwards) {
};

FIXTURE_SETUP(afterwards)
{
}

FIXTURE_TEARDOWN(afterwards)
{
}

TEST_F(afterwards, other_drivers_are_back)
{
	size_t i;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_EDU_KO"))
		return;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!module_loaded(others[i]))
			EXPECT_EQ(0, module_load(others[i], ""))
				TH_LOG("%s", others[i]);
	}
}

TEST_HARNESS_MAIN
