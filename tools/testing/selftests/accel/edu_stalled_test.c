// SPDX-License-Identifier: GPL-2.0
/*
 * How callers of the edu device wait for it and for their turn.
 *
 * The device itself is done at once. To see a caller wait, its interrupts are
 * held back, see node_stall().
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "harness.h"

#define NS_PER_MS 1000000ULL

/* The device without its interrupts, and a caller that waits for one. */
FIXTURE(stalled) {
	struct node node;
	int fd;
	struct caller holder;
};

FIXTURE_SETUP(stalled)
{
	int ret;

	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, node_stall(&self->node, true));
	self->holder = factorial_caller(self->fd, 12, 4 * TIMEOUT_MS);
	ret = caller_start(&self->holder);
	if (ret)
		node_stall(&self->node, false);
	ASSERT_EQ(0, ret)
		TH_LOG("the caller did not wait for an interrupt");
}

FIXTURE_TEARDOWN_PARENT(stalled)
{
	/* The test's process has ended, and with it the callers. */
	EXPECT_EQ(0, node_stall(&self->node, false));
}

TEST_F_TIMEOUT(stalled, signal_interrupts_holder, 120)
{
	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));
	EXPECT_EQ(-EINTR, self->holder.ret);
	EXPECT_EQ(0, self->holder.result);
}

TEST_F_TIMEOUT(stalled, signal_interrupts_waiter, 120)
{
	struct caller waiter = factorial_caller(self->fd, 5, 4 * TIMEOUT_MS);

	ASSERT_EQ(0, caller_start(&waiter));
	ASSERT_EQ(0, caller_interrupt(&waiter));
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(-EINTR, waiter.ret);
	EXPECT_EQ(0, waiter.result);
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, waiter_times_out, 120)
{
	__u64 start = now_ns(), elapsed;
	__u32 result;

	EXPECT_EQ(-ETIMEDOUT, edu_factorial(self->fd, 5, 200, &result));
	elapsed = now_ns() - start;
	EXPECT_LE(200 * NS_PER_MS, elapsed);
	EXPECT_GT(TIMEOUT_MS * NS_PER_MS, elapsed);
	EXPECT_EQ(0, result);
	EXPECT_EQ(-ETIMEDOUT, edu_factorial(self->fd, 5, 1, &result));
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, bad_argument_does_not_wait, 120)
{
	__u32 result;

	EXPECT_EQ(-EINVAL, edu_factorial(self->fd, 13, 4 * TIMEOUT_MS, &result));
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, observer_does_not_wait, 120)
{
	struct accel_info_status status;
	int fd;

	fd = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	read_status(_metadata, fd, &status);
	EXPECT_LE(1, status.users);
	EXPECT_FALSE(atomic_load(&self->holder.done));
	close(fd);
}

TEST_F_TIMEOUT(stalled, holder_times_out, 120)
{
	struct caller late = factorial_caller(self->fd, 5, 300);

	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));

	/* With the device for itself, it still gets no interrupt. */
	ASSERT_EQ(0, caller_start(&late));
	ASSERT_EQ(0, caller_join(&late));
	EXPECT_EQ(-ETIMEDOUT, late.ret);
	EXPECT_EQ(0, late.result);
	EXPECT_LE(300 * NS_PER_MS, late.elapsed_ns);
}

TEST_F_TIMEOUT(stalled, default_timeout_is_a_second, 120)
{
	struct caller late = factorial_caller(self->fd, 5, 0);

	ASSERT_EQ(0, caller_start(&late));
	ASSERT_EQ(0, caller_join(&late));
	EXPECT_EQ(-ETIMEDOUT, late.ret);
	EXPECT_LE(1000 * NS_PER_MS, late.elapsed_ns);
	EXPECT_GT(TIMEOUT_MS / 2 * NS_PER_MS, late.elapsed_ns);
}

TEST_F_TIMEOUT(stalled, turn_passes_on, 120)
{
	struct caller waiter = factorial_caller(self->fd, 5, 4 * TIMEOUT_MS);

	ASSERT_EQ(0, caller_start(&waiter));
	ASSERT_EQ(0, node_stall(&self->node, false));
	/* The holder's interrupt is lost for good; the waiter's is not. */
	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));
	EXPECT_EQ(-EINTR, self->holder.ret);
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(0, waiter.ret);
	EXPECT_EQ(120, waiter.result);
}

static pid_t start_process(struct __test_metadata *_metadata, int fd)
{
	__u32 result;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		edu_factorial(fd, 12, 4 * TIMEOUT_MS, &result);
		_exit(0);
	}
	EXPECT_EQ(0, wait_asleep(pid, SYS_ioctl, NULL));
	return pid;
}

static void kill_process(struct __test_metadata *_metadata, pid_t pid)
{
	int status;

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F_TIMEOUT(stalled, killed_callers_leave_no_trace, 120)
{
	pid_t holder, waiter;
	__u32 result;

	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));

	holder = start_process(_metadata, self->fd);
	waiter = start_process(_metadata, self->fd);
	kill_process(_metadata, waiter);
	waiter = start_process(_metadata, self->fd);
	kill_process(_metadata, holder);
	kill_process(_metadata, waiter);

	ASSERT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, edu_factorial(self->fd, 5, TIMEOUT_MS, &result));
	EXPECT_EQ(120, result);
}

TEST_HARNESS_MAIN
