// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation fails once: the first one that an operation makes, then the
 * second one, and so on until it makes no more. The operation says ENOMEM, or
 * does without; nothing else changes. Whether memory is lost, or used for too
 * long, is for the kernel's checkers to find.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"

/* No operation makes as many. */
#define TOO_MANY 20000

static const char * const names[] = { "shared", "exclusive", "limited", "per_user" };

/**
 * struct operation - what fails
 * @run: does it; returns zero or an error
 * @undo: is called when it has succeeded, may be NULL
 * @expected: what @run returns when nothing fails
 * @copies: whether it copies from or to user space, which can fail with EFAULT
 * @node: for @run
 * @fd: for @run
 * @flags: for @run
 * @command: for @run
 * @arg: for @run
 */
struct operation {
	int (*run)(struct operation *operation);
	void (*undo)(struct operation *operation);
	int expected;
	bool copies;
	struct node *node;
	int fd;
	int flags;
	unsigned int command;
	__u32 arg;
};

/* Returns how many allocations it made that can fail. */
static unsigned int sweep(struct __test_metadata *_metadata, struct operation *operation,
			  const char *what)
{
	unsigned int n;
	int ret, failed = 1;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = operation->run(operation);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(ret == operation->expected || (failed && ret == -ENOMEM) ||
			    (failed && operation->copies && ret == -EFAULT))
			TH_LOG("%s, failure %u: %s", what, n, strerror(-ret));
		if (ret == operation->expected && operation->undo)
			operation->undo(operation);
	}
	return n - 2;
}

FIXTURE(failslab) {
	struct node node;
	int observer;
	int user;
	struct accel_info_client clients[64];
	int count;
};

FIXTURE_SETUP(failslab)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_fail_nth(_metadata))
		return;
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	wait_alone(_metadata, self->observer);
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->count = info_read(self->observer, ACCEL_INFO_CLIENTS, self->clients,
				sizeof(self->clients[0]), 64);
	EXPECT_EQ(2, self->count);
}

FIXTURE_TEARDOWN(failslab)
{
	close(self->user);
	close(self->observer);
}

/* The device is in the state in which it was, and works. */
static void expect_as_before(struct __test_metadata *_metadata, int observer, int user)
{
	struct accel_info_status status;
	__u32 sum;

	read_status(_metadata, observer, &status);
	EXPECT_EQ(1, status.users);
	EXPECT_EQ(1, status.observers);
	EXPECT_EQ(0, test_call(user, ACCEL_TEST_IOC_ADD, 40, 2, &sum));
	EXPECT_EQ(42, sum);
	EXPECT_EQ(0, test_sleepers(observer));
}

static int run_open(struct operation *operation)
{
	operation->fd = test_open(operation->node, operation->flags);
	return operation->fd < 0 ? operation->fd : 0;
}

static void undo_open(struct operation *operation)
{
	close(operation->fd);
}

TEST_F_TIMEOUT(failslab, open, 600)
{
	static const int flags[] = { O_RDONLY, O_RDWR };
	struct operation open = { .run = run_open, .undo = undo_open };
	struct accel_info_status status;
	unsigned int count;
	struct node node;
	size_t i, j;
	int fd;

	open.node = &node;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, test_node_find(&node, names[i]));
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			open.flags = flags[j];
			count = sweep(_metadata, &open, names[i]);
			TH_LOG("%s, flags %d: %u", names[i], flags[j], count);
			/* The file itself, at the least. */
			EXPECT_LT(0, count);
		}
		/* Whoever failed to open it does not keep others out. */
		fd = test_open(&node, O_RDONLY);
		ASSERT_LE(0, fd);
		read_status(_metadata, fd, &status);
		EXPECT_EQ(i ? 0 : 1, status.users);
		EXPECT_EQ(i ? 1 : 2, status.observers);
		close(fd);
	}
	expect_as_before(_metadata, self->observer, self->user);
}

static int run_close(struct operation *operation)
{
	return close(operation->fd) ? -errno : 0;
}

static void reopen(struct operation *operation)
{
	operation->fd = test_open(operation->node, operation->flags);
}

TEST_F_TIMEOUT(failslab, close, 600)
{
	struct operation close = { .run = run_close, .undo = reopen, .node = &self->node };

	close.flags = O_RDWR;
	reopen(&close);
	sweep(_metadata, &close, "close");
	run_close(&close);
	expect_as_before(_metadata, self->observer, self->user);
}

static int run_ioctl(struct operation *operation)
{
	struct accel_test_grown arg = {
		.size = sizeof(struct accel_test_words),
		.a = operation->arg,
	};

	return sys_ioctl(operation->fd, operation->command, &arg);
}

TEST_F_TIMEOUT(failslab, ioctls, 600)
{
	struct operation ioctl = { .run = run_ioctl, .copies = true, .fd = self->user };
	char what[32];
	__u32 sum;

	for (ioctl.command = ACCEL_TEST_IOC_ADD; ioctl.command <= ACCEL_TEST_IOC_INPUT_ONLY;
	     ioctl.command++) {
		bool sleeps = ioctl.command == ACCEL_TEST_IOC_SLEEP;

		ioctl.arg = sleeps;
		ioctl.expected = sleeps ? -ETIMEDOUT : 0;
		snprintf(what, sizeof(what), "ioctl 0x%x", ioctl.command);
		sweep(_metadata, &ioctl, what);
	}
	/* Each call has added nothing, whether it failed or not. */
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_FILE_ADD, 1, 0, &sum));
	EXPECT_EQ(1, sum);
	expect_as_before(_metadata, self->observer, self->user);
}

static int run_info(struct operation *operation)
{
	char records[16384];
	int ret;

	ret = info_read(operation->fd, operation->command, records, 256, 64);
	return ret < 0 ? ret : 0;
}

static int run_read(struct operation *operation)
{
	char text[4096];

	return read_file(operation->node->class_dir, "driver_name", text, sizeof(text));
}

TEST_F_TIMEOUT(failslab, information, 600)
{
	struct operation read = { .run = run_read, .copies = true, .node = &self->node };
	struct operation info = { .run = run_info, .copies = true, .fd = self->observer };
	struct accel_info_client clients[64];
	struct accel_info_topic topics[64];
	char what[32];
	int i, count;

	count = info_read(self->observer, ACCEL_INFO_LIST, topics, sizeof(topics[0]), 64);
	ASSERT_LT(0, count);
	for (i = 0; i < count; i++) {
		info.command = topics[i].topic;
		snprintf(what, sizeof(what), "topic %u", topics[i].topic);
		sweep(_metadata, &info, what);
	}
	sweep(_metadata, &read, "an attribute");
	count = info_read(self->observer, ACCEL_INFO_CLIENTS, clients, sizeof(clients[0]), 64);
	ASSERT_EQ(self->count, count);
	EXPECT_EQ(0, memcmp(self->clients, clients, count * sizeof(clients[0])));
	expect_as_before(_metadata, self->observer, self->user);
}

static int run_poll(struct operation *operation)
{
	struct pollfd poll_fd = { .fd = operation->fd };
	int ret = poll(&poll_fd, 1, 1);

	return ret < 0 ? -errno : ret;
}

static int run_epoll(struct operation *operation)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll, ret;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return -errno;
	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, operation->fd, &event) ? -errno : 0;
	close(epoll);
	return ret;
}

TEST_F_TIMEOUT(failslab, polls, 600)
{
	struct operation poll = { .run = run_poll, .copies = true, .fd = self->user };
	struct operation epoll = { .run = run_epoll, .copies = true, .fd = self->user };

	sweep(_metadata, &poll, "poll");
	sweep(_metadata, &epoll, "epoll");
	expect_as_before(_metadata, self->observer, self->user);
}

TEST_HARNESS_MAIN
