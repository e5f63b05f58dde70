// SPDX-License-Identifier: GPL-2.0
/*
 * How long an interrupt takes is not up to those who look on, however often they watch
 * the node: whatever walks the list of all watches, the interrupt does not wait for it.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "events.h"
#include "harness.h"

/* Few descriptors do: each epoll instance watches all of them. */
#define WATCHED 100
#define WATCHERS 200
/* Of several rounds, the best one counts: a machine may be busy. */
#define ROUNDS 15
/* By how much a list of so many is longer than what the interrupt does, at the least. */
#define MUCH 10

FIXTURE(watches) {
	struct node node;
	int user;
	int observer;
	int watchers[WATCHERS];
};

FIXTURE_SETUP(watches)
{
	const struct rlimit limit = { 1024, 1024 };
	struct epoll_event wanted = { .events = EPOLLIN };
	int fds[WATCHED], i, k;

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "shared"))
		return;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->observer);
	ASSERT_EQ(0, events_subscribe(self->observer, ALL_CLASSES, -1));
	for (i = 0; i < WATCHED; i++) {
		fds[i] = dup(self->observer);
		ASSERT_LE(0, fds[i]);
	}
	for (i = 0; i < WATCHERS; i++) {
		self->watchers[i] = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, self->watchers[i]);
		for (k = 0; k < WATCHED; k++)
			ASSERT_EQ(0, epoll_ctl(self->watchers[i], EPOLL_CTL_ADD, fds[k], &wanted))
				TH_LOG("%s", strerror(errno));
	}
}

FIXTURE_TEARDOWN(watches)
{
}

/* Reads all events, and lets the first and the last watcher see that there are none. */
static void drain(struct __test_metadata *_metadata, struct _test_data_watches *self)
{
	struct epoll_event seen[WATCHED];
	struct accel_event events[16];

	while (read(self->observer, events, sizeof(events)) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, epoll_wait(self->watchers[0], seen, WATCHED, 0));
	ASSERT_EQ(0, epoll_wait(self->watchers[WATCHERS - 1], seen, WATCHED, 0));
}

TEST_F_TIMEOUT(watches, do_not_make_an_interrupt_longer, 120)
{
	__u64 interrupt_ns = ~0ULL, walk_ns = ~0ULL, begin, all_ns;
	struct epoll_event seen;
	__u32 took_ns;

	for (int round = 0; round < ROUNDS; round++) {
		drain(_metadata, self);
		begin = now_ns();
		ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_INTERRUPT,
				       ACCEL_TEST_INTERRUPT_SEND, 0, &took_ns));
		ASSERT_LT(0, took_ns);
		/* One of them is at either end of the list. */
		ASSERT_EQ(1, epoll_wait(self->watchers[0], &seen, 1, TIMEOUT_MS));
		ASSERT_EQ(1, epoll_wait(self->watchers[WATCHERS - 1], &seen, 1, TIMEOUT_MS));
		all_ns = now_ns() - begin;
		if (took_ns < interrupt_ns)
			interrupt_ns = took_ns;
		if (all_ns < walk_ns)
			walk_ns = all_ns;
	}
	TH_LOG("%d watches: told after %llu us, interrupt %llu us", WATCHED * WATCHERS,
	       walk_ns / 1000, interrupt_ns / 1000);
	EXPECT_LT(interrupt_ns * MUCH, walk_ns);
}

TEST_HARNESS_MAIN
