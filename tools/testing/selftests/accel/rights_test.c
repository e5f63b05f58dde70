// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls that need a capability: who may call them, and what is checked before
 * and after that.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "harness.h"

#define UNKNOWN_IOC _IO(ACCEL_IOC_TYPE, 0xff)

/* @agent has inherited both files, which root has opened. */
FIXTURE(rights) {
	struct node node;
	struct agent agent;
	int observer;
	int user;
};

FIXTURE_SETUP(rights)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata))
		return;
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	ASSERT_EQ(0, agent_start(&self->agent, 0, 0, 0));
}

FIXTURE_TEARDOWN_PARENT(rights)
{
	if (self->node.path[0])
		chmod(self->node.path, 0664);
}

static int drop_nice(struct agent_memory *memory)
{
	(void)memory;
	return capability_drop(CAP_SYS_NICE);
}

TEST_F(rights, capability)
{
	__u32 sum;

	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD, 40, 2, &sum));
	EXPECT_EQ(42, sum);
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	ASSERT_EQ(0, agent_call(&self->agent, drop_nice));
	EXPECT_EQ(-EPERM, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	/* Others do not need it. */
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_ADD));
	/* Nor does the file remember who could. */
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD, 40, 2, &sum));
}

/* What the device confines is for everybody who may use it. */
TEST_F(rights, confined)
{
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_CONFINED_ADD, 40, 2, NULL));
	ASSERT_EQ(0, agent_seteuid(&self->agent, ALICE));
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_CONFINED_ADD));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_CONFINED_ADD, 1, 2, NULL));
}

TEST_F(rights, refused_call_changes_nothing)
{
	struct accel_test_words words = { .size = sizeof(words), .a = 40, .b = 2 };

	ASSERT_EQ(0, capability_drop(CAP_SYS_NICE));
	EXPECT_EQ(-EPERM, sys_ioctl(self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD, &words));
	EXPECT_EQ(sizeof(words), words.size);
	EXPECT_EQ(40, words.a);
	EXPECT_EQ(2, words.b);
	EXPECT_EQ(0, words.result);
}

TEST_F(rights, effective_user)
{
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	ASSERT_EQ(0, agent_seteuid(&self->agent, ALICE));
	EXPECT_EQ(-EPERM, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	ASSERT_EQ(0, agent_seteuid(&self->agent, 0));
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
}

static int become_nicer(struct agent_memory *memory)
{
	(void)memory;
	return become_with_capability(ALICE, CAP_SYS_NICE);
}

TEST_F(rights, user_with_capability)
{
	ASSERT_EQ(0, agent_call(&self->agent, become_nicer));
	EXPECT_EQ(0, agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	EXPECT_EQ(-EPERM,
		  agent_test_call(&self->agent, self->user, ACCEL_TEST_IOC_PASSTHROUGH_ADD));
}

/* It is the caller that needs it, not whoever opened the file. */
TEST_F(rights, of_the_caller)
{
	struct agent alice;

	ASSERT_EQ(0, chmod(self->node.path, 0666));
	ASSERT_EQ(0, agent_start(&alice, ALICE, 0, 0));
	EXPECT_EQ(-EPERM, agent_test_call(&alice, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	EXPECT_EQ(0, agent_test_call(&alice, self->user, ACCEL_TEST_IOC_ADD));
	ASSERT_EQ(0, seteuid(ALICE));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, self->user);
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD, 1, 2, NULL));
}

/* Whoever is root in a namespace of their own has no rights to a device. */
TEST_F(rights, user_namespace)
{
	struct agent inner;

	ASSERT_EQ(0, agent_start(&inner, ALICE, CLONE_NEWUSER, 0));
	EXPECT_EQ(0, agent_test_call(&inner, self->user, ACCEL_TEST_IOC_ADD));
	EXPECT_EQ(-EPERM, agent_test_call(&inner, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	EXPECT_EQ(-EPERM, agent_test_call(&inner, self->user, ACCEL_TEST_IOC_PASSTHROUGH_ADD));
}

TEST_F(rights, observers)
{
	__u32 result = 1;

	EXPECT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_SLEEPERS, 0, 0, &result));
	EXPECT_EQ(0, result);
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_SLEEPERS, 0, 0, &result));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_SLEEP, 1, 0, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_PRIVILEGED_ADD, 1, 2, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_PASSTHROUGH_ADD, 1, 2, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_FILE_ADD, 1, 2, NULL));
	EXPECT_EQ(-EACCES, test_call(self->observer, ACCEL_TEST_IOC_INPUT_ONLY, 1, 2, NULL));
}

/* ENOTTY, EACCES, EPERM, EFAULT: whichever comes first, with all others due. */
TEST_F(rights, order_of_checks)
{
	static const unsigned int commands[] = {
		ACCEL_TEST_IOC_PRIVILEGED_ADD, ACCEL_TEST_IOC_PASSTHROUGH_ADD,
	};
	struct agent alice;
	size_t i;

	ASSERT_EQ(0, agent_start(&alice, ALICE, 0, 0));
	EXPECT_EQ(-ENOTTY, agent_bad_call(&alice, self->observer, UNKNOWN_IOC));
	EXPECT_EQ(-ENOTTY, agent_bad_call(&alice, self->user, UNKNOWN_IOC));
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EACCES, agent_bad_call(&alice, self->observer, commands[i]));
		EXPECT_EQ(-EPERM, agent_bad_call(&alice, self->user, commands[i]));
		EXPECT_EQ(-EACCES, agent_bad_call(&self->agent, self->observer, commands[i]));
	}
	EXPECT_EQ(-EFAULT, agent_bad_call(&self->agent, self->user, ACCEL_TEST_IOC_PRIVILEGED_ADD));
	EXPECT_EQ(-EACCES, agent_bad_call(&alice, self->observer, ACCEL_TEST_IOC_ADD));
	EXPECT_EQ(-EFAULT, agent_bad_call(&alice, self->user, ACCEL_TEST_IOC_ADD));
}

#define INOUT (ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT)
#define PRIVILEGED (INOUT | ACCEL_IOCTL_CAPABILITY)
#define WORDS sizeof(struct accel_test_words)
#define ROW(nr, ioctl_size, ioctl_flags, cap)					\
	{									\
		.command = ACCEL_TEST_IOC_##nr, .size = (ioctl_size),		\
		.min_size = WORDS, .flags = (ioctl_flags), .capability = (cap),	\
		.name = "ACCEL_TEST_IOC_" #nr,					\
	}

/* What the topic UAPI says about the ioctls is what they do. */
TEST_F(rights, uapi)
{
	static const struct accel_info_ioctl expected[] = {
		ROW(ADD, WORDS, INOUT, 0),
		ROW(SLEEP, WORDS, INOUT, 0),
		ROW(WAKE, WORDS, INOUT, 0),
		ROW(SLEEPERS, WORDS, INOUT | ACCEL_IOCTL_OBSERVER, 0),
		ROW(PRIVILEGED_ADD, WORDS, PRIVILEGED, CAP_SYS_NICE),
		ROW(PASSTHROUGH_ADD, WORDS, PRIVILEGED | ACCEL_IOCTL_PASSTHROUGH, CAP_SYS_RAWIO),
		ROW(FILE_ADD, WORDS, INOUT, 0),
		ROW(GROWN_ADD, sizeof(struct accel_test_grown), INOUT, 0),
		ROW(INPUT_ONLY, WORDS, ACCEL_IOCTL_IN, 0),
		ROW(POWERED_ADD, WORDS, INOUT | ACCEL_IOCTL_POWERED, 0),
	};
	struct accel_info_ioctl ioctls[64];
	size_t i;
	int j, count;

	count = info_read(self->observer, ACCEL_INFO_UAPI, ioctls, sizeof(ioctls[0]), 64);
	ASSERT_LT((int)ARRAY_SIZE(expected), count);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		for (j = 0; j < count && ioctls[j].command != expected[i].command; j++)
			;
		ASSERT_GT(count, j)
			TH_LOG("%s", expected[i].name);
		EXPECT_STREQ(expected[i].name, ioctls[j].name);
		EXPECT_EQ(expected[i].size, ioctls[j].size);
		EXPECT_EQ(expected[i].min_size, ioctls[j].min_size);
		EXPECT_EQ(expected[i].flags, ioctls[j].flags)
			TH_LOG("%s", expected[i].name);
		EXPECT_EQ(expected[i].capability, ioctls[j].capability);
		EXPECT_EQ(0, ioctls[j].reserved);
		EXPECT_NE(0, ioctls[j].description[0]);
	}
}

TEST_HARNESS_MAIN
