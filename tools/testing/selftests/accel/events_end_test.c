// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a device that goes: what can still be read, and who wakes.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"

#define GONE (POLLHUP | POLLERR)

FIXTURE(last_events) {
	struct node node;
	int user;
	int subscriber;
	struct accel_event events[EVENTS_MAX];
};

FIXTURE_SETUP(last_events)
{
	if (!setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&self->node));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->subscriber = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->subscriber);
}

FIXTURE_TEARDOWN_PARENT(last_events)
{
	EXPECT_EQ(0, test_device_remove());
}

TEST_F(last_events, can_be_read)
{
	int other = test_open(&self->node, O_RDONLY);
	int quiet = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fd = self->subscriber;
	__u64 count;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, events_subscribe(fd, ALL_CLASSES, -1));
	ASSERT_EQ(0, events_subscribe(other, ACCEL_EVENT_CLASS_DRIVER, quiet));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_SEND, 0, 2, NULL));
	ASSERT_EQ(0, wait_eventfd(quiet, &count));
	ASSERT_EQ(0, events_wait_told(self->user, &self->node));
	read_eventfd(quiet, &count);
	ASSERT_EQ(0, node_unbind(&self->node));

	EXPECT_EQ(GONE | POLLIN, poll_now(fd));
	EXPECT_EQ(1, events_read(fd, self->events, 1));
	EXPECT_EQ(GONE | POLLIN, poll_now(fd));
	ASSERT_EQ(3, events_read(fd, self->events, EVENTS_MAX));
	EXPECT_EQ(1, self->events[0].data[0]);
	EXPECT_EQ(ACCEL_EVENT_ERROR, self->events[1].kind);
	EXPECT_EQ(ACCEL_EVENT_STATE, self->events[2].kind);
	EXPECT_EQ(ACCEL_STATE_GONE, self->events[2].data[0]);
	EXPECT_EQ(ACCEL_STATE_RUNNING, self->events[2].data[1]);
	EXPECT_EQ(-ENODEV, events_read(fd, self->events, 1));
	EXPECT_EQ(GONE, poll_now(fd));
	EXPECT_EQ(-ENODEV, events_subscribe(fd, ALL_CLASSES, -1));

	/* Of the state it wants to know nothing, but it is woken. */
	ASSERT_EQ(0, read_eventfd(quiet, &count));
	EXPECT_EQ(1, count);
	EXPECT_EQ(2, events_read(other, self->events, EVENTS_MAX));
	EXPECT_EQ(-ENODEV, events_read(other, self->events, 1));
	/* One that has never subscribed. */
	EXPECT_EQ(-ENODEV, events_read(self->user, self->events, 1));
}

static int call_read(struct caller *caller)
{
	struct accel_event event;
	int ret = events_read(caller->fd, &event, 1);

	caller->result = ret == 1 ? event.kind : 0;
	return ret;
}

TEST_F(last_events, wake_sleepers)
{
	struct caller reader = { .call = call_read, .syscall_nr = SYS_read };
	struct caller other = reader;

	reader.fd = self->subscriber;
	other.fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, other.fd);
	ASSERT_EQ(0, events_subscribe(reader.fd, ACCEL_EVENT_CLASS_STATE, -1));
	ASSERT_EQ(0, events_subscribe(other.fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, caller_start(&reader));
	ASSERT_EQ(0, caller_start(&other));
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, caller_join(&reader));
	ASSERT_EQ(0, caller_join(&other));
	EXPECT_EQ(1, reader.ret);
	EXPECT_EQ(ACCEL_EVENT_STATE, reader.result);
	EXPECT_EQ(-ENODEV, other.ret);
}

TEST_F(last_events, can_fault)
{
	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_STATE, -1));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-EFAULT, events_read(self->subscriber, NULL, 1));
	EXPECT_EQ(1, events_read(self->subscriber, self->events, EVENTS_MAX));
	EXPECT_EQ(ACCEL_EVENT_STATE, self->events[0].kind);
	EXPECT_EQ(-ENODEV, events_read(self->subscriber, self->events, 1));
}

TEST_HARNESS_MAIN
