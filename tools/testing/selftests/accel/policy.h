/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices of accel_test, one for each open policy, as a fixture.
 */
#ifndef _ACCEL_SELFTEST_POLICY_H
#define _ACCEL_SELFTEST_POLICY_H

#include <fcntl.h>
#include <sys/stat.h>

#include "agent.h"
#include "harness.h"

/* More than any policy here admits, except that which admits everybody. */
#define MANY 10

FIXTURE(policy) {
	struct node node;
	struct agent alice;
	int observer;
};

/**
 * struct _fixture_variant_policy - one of the devices
 * @name: of the device
 * @policy: of its driver
 * @limit: how many that admits, zero if any number
 * @per_user: that many for each user
 */
FIXTURE_VARIANT(policy) {
	const char *name;
	__u32 policy;
	int limit;
	bool per_user;
};

FIXTURE_VARIANT_ADD(policy, shared) {
	.name = "shared",
	.policy = ACCEL_OPEN_SHARED,
	.limit = 0,
};

FIXTURE_VARIANT_ADD(policy, exclusive) {
	.name = "exclusive",
	.policy = ACCEL_OPEN_EXCLUSIVE,
	.limit = 1,
};

FIXTURE_VARIANT_ADD(policy, limited) {
	.name = "limited",
	.policy = ACCEL_OPEN_LIMITED,
	.limit = 2,
};

FIXTURE_VARIANT_ADD(policy, per_user) {
	.name = "per_user",
	.policy = ACCEL_OPEN_PER_USER,
	.limit = 2,
	.per_user = true,
};

FIXTURE_SETUP(policy)
{
	if (!setup_test_node(_metadata, &self->node, variant->name) || !setup_root(_metadata))
		return;
	ASSERT_EQ(0, chmod(self->node.path, 0666));
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	wait_alone(_metadata, self->observer);
	ASSERT_EQ(0, agent_start(&self->alice, ALICE, 0, 0));
}

FIXTURE_TEARDOWN_PARENT(policy)
{
	if (self->node.path[0])
		chmod(self->node.path, 0664);
}

static inline int users(struct __test_metadata *_metadata, int observer)
{
	struct accel_info_status status;

	read_status(_metadata, observer, &status);
	return status.users;
}

/* Opens as often as the agent is let in, at most MANY times. */
static inline int open_all(struct __test_metadata *_metadata, struct agent *agent,
			   const struct node *node, int fds[MANY])
{
	int count, fd = 0;

	for (count = 0; count < MANY; count++) {
		fd = agent_open(agent, node, O_RDWR);
		if (fd < 0)
			break;
		fds[count] = fd;
	}
	EXPECT_TRUE(count == MANY || fd == -EBUSY)
		TH_LOG("%s", strerror(-fd));
	return count;
}

/* How many of one user's are let in, of the MANY that they try. */
static inline int admitted(int limit)
{
	return limit ? limit : MANY;
}

/* The same while another user has as many as they can get. */
static inline int admitted_beside(int limit, bool per_user)
{
	return limit && !per_user ? 0 : admitted(limit);
}

#endif /* _ACCEL_SELFTEST_POLICY_H */
