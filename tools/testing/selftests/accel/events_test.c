// SPDX-License-Identifier: GPL-2.0
/*
 * Events: who gets which, how they are read, what is lost, and what happens to
 * them when the device goes.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"

/* How many can wait in a file. */
#define CAPACITY 64
#define SUBSCRIBERS 100

FIXTURE(events) {
	struct node node;
	int user;
	int subscriber;
	struct accel_event events[EVENTS_MAX];
};

FIXTURE_VARIANT(events) {
	int flags;
};

FIXTURE_VARIANT_ADD(events, user) {
	.flags = O_RDWR,
};

FIXTURE_VARIANT_ADD(events, observer) {
	.flags = O_RDONLY,
};

FIXTURE_SETUP(events)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->subscriber = test_open(&self->node, variant->flags | O_NONBLOCK);
	ASSERT_LE(0, self->subscriber);
}

FIXTURE_TEARDOWN(events)
{
	close(self->subscriber);
	close(self->user);
}

static int send_events(int fd, __u32 kind, __u32 count)
{
	return test_call(fd, ACCEL_TEST_IOC_SEND, kind, count, NULL);
}

TEST_F(events, nothing_without_subscription)
{
	ASSERT_EQ(0, send_events(self->user, 0, 3));
	EXPECT_EQ(-EINVAL, events_read(self->subscriber, self->events, 1));
	EXPECT_EQ(0, poll_now(self->subscriber));
	/* What was before it was not subscribed to. */
	ASSERT_EQ(0, events_subscribe(self->subscriber, ALL_CLASSES, -1));
	EXPECT_EQ(-EAGAIN, events_read(self->subscriber, self->events, 1));
	EXPECT_EQ(0, poll_now(self->subscriber));
}

TEST_F(events, bad_arguments)
{
	struct accel_events args = { .size = sizeof(args), .classes = 1, .eventfd = -1 };
	int fd = self->subscriber;

	EXPECT_EQ(-EINVAL, events_subscribe(fd, 1 << 3, -1));
	EXPECT_EQ(-EINVAL, events_subscribe(fd, ~0U, -1));
	args.flags = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(fd, ACCEL_IOC_EVENTS, &args));
	EXPECT_EQ(-EBADF, events_subscribe(fd, 1, -2));
	EXPECT_EQ(-EBADF, events_subscribe(fd, 1, 1000000));
	/* A file that is no eventfd. */
	EXPECT_EQ(-EINVAL, events_subscribe(fd, 1, self->user));
	EXPECT_EQ(-EINVAL, events_subscribe(fd, 0, self->user));
	/* None of those has subscribed. */
	EXPECT_EQ(-EINVAL, events_read(fd, self->events, 1));
}

TEST_F(events, records)
{
	__u64 begin = now_ns(), sequence;
	int i;

	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 5, 3));
	EXPECT_EQ(POLLIN, poll_now(self->subscriber));
	ASSERT_EQ(3, events_read(self->subscriber, self->events, EVENTS_MAX));
	sequence = self->events[0].sequence;
	EXPECT_LT(0, sequence);
	for (i = 0; i < 3; i++) {
		struct accel_event *event = &self->events[i];

		EXPECT_EQ(sizeof(*event), event->size);
		EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE + 5, event->kind);
		EXPECT_EQ(sequence + i, event->sequence);
		EXPECT_LE(begin, event->time_ns);
		EXPECT_GE(now_ns(), event->time_ns);
		EXPECT_EQ(i, event->data[0]);
		EXPECT_EQ(3, event->data[1]);
		EXPECT_EQ(0, event->data[2]);
	}
	EXPECT_EQ(0, poll_now(self->subscriber));
	EXPECT_EQ(-EAGAIN, events_read(self->subscriber, self->events, 1));
}

TEST_F(events, whole_records_only)
{
	size_t size = sizeof(struct accel_event);
	int fd = self->subscriber;

	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 20));
	EXPECT_EQ(-1, read(fd, self->events, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(fd, self->events, size - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(size, read(fd, self->events, 2 * size - 1));
	EXPECT_EQ(0, self->events[0].data[0]);
	EXPECT_EQ(2 * size, read(fd, self->events, 2 * size));
	EXPECT_EQ(2, self->events[1].data[0]);
	EXPECT_EQ(17, events_read(fd, self->events, EVENTS_MAX));
	EXPECT_EQ(19, self->events[16].data[0]);
	EXPECT_EQ(-EAGAIN, events_read(fd, self->events, 1));
}

TEST_F(events, bad_memory)
{
	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	EXPECT_EQ(-EFAULT, events_read(self->subscriber, NULL, 1));
	EXPECT_EQ(POLLIN, poll_now(self->subscriber));
	EXPECT_EQ(1, events_read(self->subscriber, self->events, 1));
	EXPECT_EQ(-EAGAIN, events_read(self->subscriber, self->events, 1));
}

TEST_F(events, errors_and_classes)
{
	struct accel_info_status before, after;
	int fd = self->subscriber;

	read_status(_metadata, fd, &before);
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_ERROR, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_REPORT, 1, 77, NULL));
	ASSERT_EQ(1, events_read(fd, self->events, EVENTS_MAX));
	read_status(_metadata, fd, &after);
	EXPECT_EQ(ACCEL_EVENT_ERROR, self->events[0].kind);
	EXPECT_EQ(ACCEL_ERROR_FIRMWARE, self->events[0].data[0]);
	EXPECT_EQ(77, self->events[0].data[1]);
	EXPECT_EQ(before.errors + 1, self->events[0].data[2]);
	EXPECT_EQ(before.errors + 1, after.errors);
	EXPECT_EQ(ACCEL_ERROR_FIRMWARE, after.last_error);
	EXPECT_EQ(77, after.last_error_code);
	EXPECT_GE(self->events[0].time_ns, after.last_error_ns);
	EXPECT_LT(before.last_error_ns, after.last_error_ns);
	EXPECT_EQ(ACCEL_STATE_RUNNING, after.state);

	/* A subscription takes the place of the one before. */
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_REPORT, 0, 1, NULL));
	EXPECT_EQ(-EAGAIN, events_read(fd, self->events, EVENTS_MAX));
}

TEST_F(events, what_is_lost_is_told)
{
	struct accel_event *events = self->events;
	int i, fd = self->subscriber;
	__u64 sequence;

	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	ASSERT_EQ(1, events_read(fd, events, 1));
	sequence = events[0].sequence;
	/* The latest stay, and the loss is told where events are missing. */
	ASSERT_EQ(0, send_events(self->user, 0, 100));
	ASSERT_EQ(CAPACITY + 1, events_read(fd, events, EVENTS_MAX));
	EXPECT_EQ(ACCEL_EVENT_LOST, events[0].kind);
	EXPECT_EQ(100 - CAPACITY, events[0].data[0]);
	EXPECT_EQ(ACCEL_EVENT_CLASS_DRIVER, events[0].data[1]);
	EXPECT_EQ(sequence + 100 - CAPACITY, events[0].sequence);
	for (i = 1; i <= CAPACITY; i++) {
		EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE, events[i].kind);
		EXPECT_EQ(100 - CAPACITY + i - 1, events[i].data[0]);
		EXPECT_EQ(sequence + 100 - CAPACITY + i, events[i].sequence);
	}
	EXPECT_EQ(0, poll_now(fd));
}

TEST_F(events, one_class_does_not_push_out_another)
{
	struct accel_event *events = self->events;
	int fd = self->subscriber;

	ASSERT_EQ(0, events_subscribe(fd, ALL_CLASSES, -1));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_REPORT, 0, 5, NULL));
	ASSERT_EQ(0, send_events(self->user, 0, 2 * CAPACITY));
	ASSERT_EQ(CAPACITY + 2, events_read(fd, events, EVENTS_MAX));
	EXPECT_EQ(ACCEL_EVENT_ERROR, events[0].kind);
	EXPECT_EQ(5, events[0].data[1]);
	EXPECT_EQ(ACCEL_EVENT_LOST, events[1].kind);
	EXPECT_EQ(CAPACITY, events[1].data[0]);
	EXPECT_EQ(CAPACITY, events[2].data[0]);
}

static int call_read(struct caller *caller)
{
	struct accel_event event;
	int ret = events_read(caller->fd, &event, 1);

	caller->result = ret == 1 ? event.kind : 0;
	return ret;
}

static int call_epoll(struct caller *caller)
{
	struct epoll_event event = {};
	int ret = epoll_wait(caller->fd, &event, 1, TIMEOUT_MS);

	caller->result = event.events;
	return ret < 0 ? -errno : ret;
}

TEST_F(events, sleeping_readers_and_pollers_wake)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	struct caller reader = { .call = call_read, .syscall_nr = SYS_read };
	struct caller poller = { .call = call_epoll, .syscall_nr = SYS_epoll_wait };

	/* It is polled before it subscribes. */
	poller.fd = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, poller.fd);
	ASSERT_EQ(0, epoll_ctl(poller.fd, EPOLL_CTL_ADD, self->subscriber, &wanted));
	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, set_nonblock(self->subscriber, false));
	reader.fd = self->subscriber;
	ASSERT_EQ(0, caller_start(&reader));
	ASSERT_EQ(0, caller_start(&poller));

	ASSERT_EQ(0, send_events(self->user, 7, 2));
	ASSERT_EQ(0, caller_join(&reader));
	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(1, reader.ret);
	EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE + 7, reader.result);
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(EPOLLIN, poller.result);
	close(poller.fd);
}

TEST_F(events, signals_interrupt_readers)
{
	struct caller reader = { .call = call_read, .syscall_nr = SYS_read };

	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, set_nonblock(self->subscriber, false));
	reader.fd = self->subscriber;
	ASSERT_EQ(0, caller_start(&reader));
	ASSERT_EQ(0, caller_interrupt(&reader));
	ASSERT_EQ(0, caller_join(&reader));
	EXPECT_EQ(-EINTR, reader.ret);
}

TEST_F(events, eventfds)
{
	int first = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int second = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fd = self->subscriber;
	__u64 count;

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, first));
	ASSERT_EQ(0, send_events(self->user, 0, CAPACITY + 3));
	ASSERT_EQ(0, wait_eventfd(first, &count));
	/* One signal may be for many events. */
	EXPECT_LE(1, count);
	EXPECT_GE(CAPACITY + 3, count);

	ASSERT_EQ(0, events_wait_told(self->user, &self->node));
	read_eventfd(first, &count);
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, second));
	ASSERT_EQ(0, send_events(self->user, 0, 2));
	ASSERT_EQ(0, wait_eventfd(second, &count));
	ASSERT_EQ(0, events_wait_told(self->user, &self->node));
	read_eventfd(second, &count);
	EXPECT_EQ(-EAGAIN, read_eventfd(first, &count));

	ASSERT_EQ(0, events_subscribe(fd, 0, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	ASSERT_EQ(0, events_wait_told(self->user, &self->node));
	EXPECT_EQ(-EAGAIN, read_eventfd(second, &count));
	close(first);
	/* It is closed while it is subscribed. */
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, second));
	close(second);
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	ASSERT_EQ(0, events_wait_told(self->user, &self->node));
}

TEST_F(events, what_there_is_stays_after_the_end)
{
	int fd = self->subscriber;

	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 2));
	ASSERT_EQ(0, events_subscribe(fd, 0, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 2));
	EXPECT_EQ(2, events_read(fd, self->events, EVENTS_MAX));
	EXPECT_EQ(-EAGAIN, events_read(fd, self->events, EVENTS_MAX));
	/* And it can begin again. */
	ASSERT_EQ(0, events_subscribe(fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, send_events(self->user, 0, 1));
	EXPECT_EQ(1, events_read(fd, self->events, EVENTS_MAX));
}

TEST_F(events, many_subscribers)
{
	int fds[SUBSCRIBERS];
	int i;

	for (i = 0; i < SUBSCRIBERS; i++) {
		fds[i] = test_open(&self->node, variant->flags | O_NONBLOCK);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, events_subscribe(fds[i], ACCEL_EVENT_CLASS_DRIVER, -1));
	}
	ASSERT_EQ(0, send_events(self->user, 0, 2));
	/* Those in between have gone when the next one is sent. */
	for (i = 0; i < SUBSCRIBERS; i += 2)
		close(fds[i]);
	ASSERT_EQ(0, send_events(self->user, 1, 1));
	for (i = 1; i < SUBSCRIBERS; i += 2) {
		EXPECT_EQ(3, events_read(fds[i], self->events, EVENTS_MAX));
		EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE + 1, self->events[2].kind);
		close(fds[i]);
	}
}

TEST_HARNESS_MAIN
