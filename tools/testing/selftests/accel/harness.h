/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness with what all fixtures of this folder need.
 */
#ifndef _ACCEL_SELFTEST_HARNESS_H
#define _ACCEL_SELFTEST_HARNESS_H

#include "kselftest_harness.h"
#include "node.h"

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

static inline void read_status(struct __test_metadata *_metadata, int fd,
			       struct accel_info_status *status)
{
	ASSERT_EQ(1, info_read(fd, ACCEL_INFO_STATUS, status, sizeof(*status), 1));
}

#endif /* _ACCEL_SELFTEST_HARNESS_H */
