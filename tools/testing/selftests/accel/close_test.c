// SPDX-License-Identifier: GPL-2.0
/*
 * Closing a file of a driver that has something of it in the hardware: the device
 * is awake for that, and is not being reset.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "caller.h"
#include "events.h"
#include "harness.h"
#include "power.h"

FIXTURE(closing) {
	struct node node;
	int user;
	int observer;
	int closes;
};

/* How often the driver was called. */
static int closes(int fd)
{
	__u32 count;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_CLOSES, 0, 0, &count);
	return ret ? ret : (int)count;
}

FIXTURE_SETUP(closing)
{
	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "limited"))
		return;
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->closes = closes(self->observer);
	ASSERT_LE(0, self->closes);
}

FIXTURE_TEARDOWN(closing)
{
	__u32 disturbed = 1;

	EXPECT_EQ(0, test_set_reset(self->observer, false, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 1, 0, &disturbed));
	EXPECT_EQ(0, disturbed)
		TH_LOG("a file was closed during a reset");
	EXPECT_EQ(0, power_count(self->observer, ACCEL_TEST_MISSED))
		TH_LOG("a file was closed while the device was asleep");
	close(self->observer);
}

static int call_close(struct caller *caller)
{
	return close(caller->fd) ? -errno : 0;
}

/* Begins a reset, which lasts until it is ended. */
static int begin_reset(struct __test_metadata *_metadata, const struct node *node, int observer)
{
	int fd = test_open(node, O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_set_reset(observer, false, TIMEOUT_MS));
	ASSERT_EQ(0, test_call(fd, ACCEL_TEST_IOC_RESET, 0, 1, NULL));
	ASSERT_EQ(0, wait_state(observer, ACCEL_STATE_RESETTING));
	return fd;
}

TEST_F(closing, wakes_the_device)
{
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	EXPECT_EQ(0, close(self->user));
	EXPECT_EQ(self->closes + 1, closes(self->observer));
}

TEST_F(closing, waits_for_a_reset)
{
	struct caller closer = {
		.call = call_close, .syscall_nr = SYS_close, .fd = self->user,
	};
	int other = begin_reset(_metadata, &self->node, self->observer);

	ASSERT_EQ(0, caller_start(&closer))
		TH_LOG("the file was closed during a reset");
	EXPECT_EQ(self->closes, closes(self->observer));
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	ASSERT_EQ(0, caller_join(&closer));
	EXPECT_EQ(0, closer.ret);
	EXPECT_EQ(self->closes + 1, closes(self->observer));
	close(other);
}

/* The death of a process takes no longer than the reset. */
TEST_F(closing, of_a_killed_process)
{
	int other = begin_reset(_metadata, &self->node, self->observer);
	pid_t child = fork_child();

	ASSERT_LE(0, child);
	if (!child) {
		close(other);
		pause();
		_exit(1);
	}
	close(self->user);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	close(other);
	EXPECT_EQ(self->closes + 2, closes(self->observer));
}

TEST_F(closing, of_a_wedged_device)
{
	ASSERT_EQ(0, test_set_reset(self->observer, true, 0));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_RESET, 0, 1, NULL));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_WEDGED));
	EXPECT_EQ(0, close(self->user));
	EXPECT_EQ(self->closes, closes(self->observer));
}

TEST_HARNESS_MAIN
