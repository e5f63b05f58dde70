// SPDX-License-Identifier: GPL-2.0
/*
 * The device of tools/npu is pulled out of the machine, without a word: its
 * registers are all ones. It does not come back, so this is the last test of a
 * device. See npu.h.
 */
#include <unistd.h>

#include "events.h"
#include "harness.h"
#include "npu.h"

TEST(npu_is_gone)
{
	struct accel_npu_command nop = { };
	struct npu_user user, other;
	struct node node;
	__u64 job, idle;
	int ret = npu_find(&node);

	if (ret == -ENOENT && !node_required())
		SKIP(return, "no device of " NPU_DRIVER);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, npu_open(&user, &node));
	ASSERT_EQ(0, npu_open(&other, &node));
	ASSERT_EQ(0, npu_submit(&other, &nop, 1, 0, &idle));
	ASSERT_EQ(0, npu_wait(&other, idle, TIMEOUT_MS, NULL));
	ASSERT_EQ(0, npu_order("slow 10000"));
	ASSERT_EQ(0, npu_submit(&user, &nop, 1, 60000, &job));
	ASSERT_EQ(0, npu_order("remove"));
	/* The driver looks once in a while. */
	EXPECT_EQ(-EIO, npu_wait(&user, job, TIMEOUT_MS, NULL));
	EXPECT_EQ(-EIO, npu_wait(&other, idle, 0, NULL));
	EXPECT_EQ(-EIO, npu_submit(&other, &nop, 1, 0, &job));
	ASSERT_EQ(0, node_unbind(&node));
	EXPECT_EQ(-ENODEV, npu_wait(&user, job, 0, NULL));
	EXPECT_EQ(-ENODEV, npu_submit(&other, &nop, 1, 0, &job));
	npu_close(&user);
	npu_close(&other);
}

TEST_HARNESS_MAIN
