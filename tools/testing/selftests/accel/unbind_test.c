// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away, by unbinding its driver in sysfs, while files are open
 * and callers asleep.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "gone.h"

#define SLEEPERS 20
#define NS_PER_MS 1000000ULL

TEST_F_TIMEOUT(gone, every_ioctl, 120)
{
	struct stat st;
	__u32 result;

	ASSERT_EQ(0, edu_factorial(self->user, 3, TIMEOUT_MS, &result));
	ASSERT_EQ(0, node_unbind(&self->node));
	expect_gone(_metadata, self->user);
	expect_gone(_metadata, self->observer);
	EXPECT_EQ(-1, stat(self->node.path, &st));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, stat(self->node.class_dir, &st));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, close(self->user));
	EXPECT_EQ(0, close(self->observer));
}

TEST_F_TIMEOUT(gone, copies_and_children, 120)
{
	int copy, status;
	pid_t pid;

	copy = dup(self->user);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, node_unbind(&self->node));
	close(self->user);
	expect_gone(_metadata, copy);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		expect_gone(_metadata, copy);
		_exit(_metadata->exit_code);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F_TIMEOUT(gone, polls_hang_up, 120)
{
	ASSERT_EQ(0, node_unbind(&self->node));
	expect_hung_up(_metadata, self->user);
	expect_hung_up(_metadata, self->observer);
}

static int call_epoll(struct caller *caller)
{
	struct epoll_event event = {};
	int ret = syscall(SYS_epoll_wait, caller->fd, &event, 1, caller->timeout_ms);

	caller->result = event.events;
	return ret < 0 ? -errno : ret;
}

TEST_F_TIMEOUT(gone, sleeping_polls_wake, 120)
{
	struct epoll_event level = { .events = EPOLLIN };
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET };
	int epolls[] = { epoll_create1(0), epoll_create1(0) };
	struct caller callers[] = {
		poll_caller(self->user, 0, 0),
		poll_caller(self->user, POLLIN, 0),
		poll_caller(self->observer, POLLIN, 0),
		{ .call = call_epoll, .syscall_nr = SYS_epoll_wait, .fd = epolls[0] },
		{ .call = call_epoll, .syscall_nr = SYS_epoll_wait, .fd = epolls[1] },
	};
	size_t i;

	ASSERT_EQ(0, epoll_ctl(epolls[0], EPOLL_CTL_ADD, self->user, &level));
	ASSERT_EQ(0, epoll_ctl(epolls[1], EPOLL_CTL_ADD, self->observer, &edge));
	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		callers[i].timeout_ms = 4 * TIMEOUT_MS;
		ASSERT_EQ(0, caller_start(&callers[i]))
			TH_LOG("caller %zu", i);
	}
	ASSERT_EQ(0, node_unbind(&self->node));
	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		ASSERT_EQ(0, caller_join(&callers[i]))
			TH_LOG("caller %zu still sleeps", i);
		EXPECT_EQ(1, callers[i].ret);
		EXPECT_EQ(GONE, callers[i].result & GONE);
	}
}

TEST_F_TIMEOUT(gone, sleeping_ioctls_wake, 120)
{
	struct caller callers[SLEEPERS];
	struct node again;
	__u64 start;
	int i;

	/* One that waits for its interrupt, all others for their turn. */
	ASSERT_EQ(0, node_stall(&self->node, true));
	for (i = 0; i < SLEEPERS; i++) {
		callers[i] = factorial_caller(self->user, 5, 8 * TIMEOUT_MS);
		ASSERT_EQ(0, caller_start(&callers[i]))
			TH_LOG("caller %d", i);
	}
	start = now_ns();
	ASSERT_EQ(0, node_unbind(&self->node));
	/* Nobody's timeout is waited for. */
	EXPECT_GT(TIMEOUT_MS * NS_PER_MS, now_ns() - start);
	for (i = 0; i < SLEEPERS; i++) {
		ASSERT_EQ(0, caller_join(&callers[i]))
			TH_LOG("caller %d still sleeps", i);
		EXPECT_EQ(-ENODEV, callers[i].ret);
		EXPECT_EQ(0, callers[i].result);
	}
	/* The interrupt that was lost is not missed later. */
	again = self->node;
	ASSERT_EQ(0, node_bind(&again));
	expect_works(_metadata, &again);
}

TEST_HARNESS_MAIN
