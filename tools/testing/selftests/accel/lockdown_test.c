// SPDX-License-Identifier: GPL-2.0
/*
 * Passthrough while the kernel is locked down.
 *
 * A kernel that is locked down remains so until it reboots, and loads no module
 * without a signature any more: this has to be the last program that runs.
 */
#include <fcntl.h>
#include <unistd.h>

#include "agent.h"
#include "harness.h"
#include "passthrough.h"

#define SECURITY_DIR "/sys/kernel/security"

TEST(passthrough_is_refused)
{
	long calls;
	struct agent alice;
	struct node node;
	char modes[64];
	int fd, log;
	__u32 sum;

	if (!setup_test_node(_metadata, &node, "shared") || !setup_root(_metadata))
		return;
	if (read_file(SECURITY_DIR, "lockdown", modes, sizeof(modes)))
		SKIP(return, "the kernel has no lockdown, or securityfs is not mounted");
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, agent_start(&alice, ALICE, 0, 0));
	if (strstr(modes, "[none]")) {
		EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD, 40, 2, &sum));
		EXPECT_EQ(42, sum);
		ASSERT_EQ(0, write_file(SECURITY_DIR, "lockdown", "integrity"));
		ASSERT_EQ(0, read_file(SECURITY_DIR, "lockdown", modes, sizeof(modes)));
	}
	ASSERT_EQ(NULL, strstr(modes, "[none]"));

	calls = passthrough_calls(&node);
	ASSERT_LE(0, calls);
	log = log_open();
	ASSERT_LE(0, log);
	EXPECT_EQ(-EPERM, test_call(fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD, 40, 2, &sum));
	EXPECT_EQ(0, sum);
	EXPECT_EQ(-EPERM, sys_ioctl(fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD, NULL));
	EXPECT_EQ(-EPERM, agent_test_call(&alice, fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD));
	EXPECT_EQ(calls, passthrough_calls(&node));
	EXPECT_EQ(0, log_count(log, PASSTHROUGH_LINE));

	/* All else works as before. */
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_ADD, 40, 2, &sum));
	EXPECT_EQ(42, sum);
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_PRIVILEGED_ADD, 40, 2, &sum));
	EXPECT_EQ(42, sum);
	EXPECT_EQ(0, test_sleepers(fd));
	close(fd);
	fd = test_open(&node, O_RDWR);
	EXPECT_LE(0, fd);
	EXPECT_EQ(-EPERM, test_call(fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD, 40, 2, NULL));
}

TEST_HARNESS_MAIN
