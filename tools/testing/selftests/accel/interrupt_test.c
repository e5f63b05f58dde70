// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver does in hard interrupt context: it sends events, reports errors,
 * asks for a reset, wakes sleepers, lets the device sleep, and begins and ends
 * work. The debug kernel sees whether any of it takes a lock that it must not, or
 * sleeps.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"
#include "power.h"

#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/accel_interrupt"
#define CODE 77
/* Longer than a test takes. */
#define LONG_MS (60 * 60 * 1000)

FIXTURE(interrupt) {
	struct node node;
	int user;
	int observer;
	struct accel_info_status before;
};

FIXTURE_SETUP(interrupt)
{
	if (!setup_test_device(_metadata, &self->node, &self->user, &self->observer))
		return;
	ASSERT_EQ(0, events_subscribe(self->observer, ALL_CLASSES, -1));
	read_status(_metadata, self->observer, &self->before);
}

FIXTURE_TEARDOWN_PARENT(interrupt)
{
	if (self->node.path[0])
		test_device_remove();
	rmdir(TRACE);
}

static int interrupt(int fd, __u32 what, __u32 b)
{
	return test_call(fd, ACCEL_TEST_IOC_INTERRUPT, what, b, NULL);
}

static void expect_error(struct __test_metadata *_metadata, int fd, __u32 kind, __u64 code)
{
	struct accel_event event;

	ASSERT_EQ(ACCEL_EVENT_ERROR, events_next(fd, &event));
	EXPECT_EQ(kind, event.data[0]);
	EXPECT_EQ(code, event.data[1]);
}

static void expect_state(struct __test_metadata *_metadata, int fd, __u32 state)
{
	struct accel_event event;

	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(fd, &event));
	EXPECT_EQ(state, event.data[0]);
}

/* The flags of the next error in a trace, after the number of the processor, or NULL. */
static const char *next_flags(const char **trace)
{
	const char *flags, *error = strstr(*trace, " accel_error: ");

	if (!error)
		return NULL;
	for (flags = error; flags > *trace && *flags != ']'; flags--)
		;
	*trace = error + 1;
	return flags + 2;
}

/* That the rest is about interrupts: "d" is that they are off, "h" that this is one. */
TEST_F(interrupt, is_a_hard_one)
{
	static char text[16384];
	const char *flags, *trace = text;

	if (access(TRACING "/events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "/events", F_OK) && !node_required())
		SKIP(return, "no tracefs");
	ASSERT_EQ(0, mkdir(TRACE, 0700));
	ASSERT_EQ(0, write_file(TRACE, "events/accel/accel_error/enable", "1"));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_REPORT, 0, CODE, NULL));
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_REPORT, CODE));
	ASSERT_EQ(0, write_file(TRACE, "events/accel/accel_error/enable", "0"));
	ASSERT_EQ(0, read_file(TRACE, "trace", text, sizeof(text)));

	flags = next_flags(&trace);
	ASSERT_NE(NULL, flags);
	EXPECT_EQ('.', flags[2]);
	flags = next_flags(&trace);
	ASSERT_NE(NULL, flags);
	EXPECT_EQ('d', flags[0]);
	EXPECT_EQ('h', flags[2]);
}

static int call_read(struct caller *caller)
{
	struct accel_event event;
	int ret = events_read(caller->fd, &event, 1);

	caller->result = event.kind;
	return ret;
}

TEST_F(interrupt, sends_events)
{
	struct caller reader = {
		.call = call_read, .syscall_nr = SYS_read, .fd = self->observer,
	};
	struct pollfd poll_fd = { .events = POLLIN };
	struct accel_event event;
	__u64 count = 0;
	int fd, i;

	ASSERT_EQ(0, caller_start(&reader));
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_SEND, 3));
	ASSERT_EQ(0, caller_join(&reader));
	EXPECT_EQ(1, reader.ret);
	EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE + 3, reader.result);

	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, fd);
	poll_fd.fd = fd;
	ASSERT_EQ(0, events_subscribe(self->observer, ACCEL_EVENT_CLASS_DRIVER, fd));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_SEND, i));
	/* A thread signals it, once for all that has happened by then. */
	ASSERT_EQ(1, poll(&poll_fd, 1, TIMEOUT_MS));
	EXPECT_EQ(sizeof(count), read(fd, &count, sizeof(count)));
	EXPECT_LE(1, count);
	EXPECT_GE(3, count);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE + i, events_next(self->observer, &event));
	close(fd);
}

TEST_F(interrupt, reports_errors)
{
	struct accel_info_status status;

	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_REPORT, CODE));
	expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, CODE);
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(self->before.errors + 1, status.errors);
	EXPECT_EQ(self->before.resets, status.resets);
	EXPECT_EQ(CODE, status.last_error_code);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
}

TEST_F(interrupt, asks_for_a_reset)
{
	struct accel_info_status status;

	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_RESET, CODE));
	expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, CODE);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING);
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(self->before.resets + 1, status.resets);
	EXPECT_EQ(self->before.errors + 1, status.errors);
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
}

static int call_sleep(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_SLEEP, 4 * TIMEOUT_MS, 0, NULL);
}

TEST_F_TIMEOUT(interrupt, wakes_sleepers, 120)
{
	struct caller caller = {
		.call = call_sleep, .syscall_nr = SYS_ioctl, .fd = self->user,
	};

	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE, 0));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
}

/* Work that is not done in its time: its end comes too late to prevent the reset. */
TEST_F(interrupt, begins_work_that_takes_too_long)
{
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_BEGIN_WORK, 1));
	expect_error(_metadata, self->observer, ACCEL_ERROR_TIMEOUT, 1);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING);
	EXPECT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_END_WORK, 0));
	EXPECT_EQ(-ENOENT, interrupt(self->user, ACCEL_TEST_INTERRUPT_END_WORK, 0));
}

TEST_F(interrupt, ends_work)
{
	struct accel_info_usage before, after;

	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_USAGE, &before, sizeof(before), 1));
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_BEGIN_WORK, LONG_MS));
	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_USAGE, &after, sizeof(after), 1));
	EXPECT_EQ(before.submitted + 1, after.submitted);
	EXPECT_EQ(before.completed, after.completed);
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_END_WORK, 0));
	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_USAGE, &after, sizeof(after), 1));
	EXPECT_EQ(before.completed + 1, after.completed);
	EXPECT_LT(before.busy_ns, after.busy_ns);
}

TEST_F(interrupt, lets_the_device_sleep)
{
	__u32 kept;

	if (access("/sys/power", F_OK))
		SKIP(return, "the kernel has no power management");
	/* It may have gone to sleep in between. */
	do {
		ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, NULL));
		ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_KEEP_AWAKE, 1, 0, &kept));
	} while (!kept);
	EXPECT_TRUE(power_is(&self->node, "active"));
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_LET_SLEEP, 0));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
	EXPECT_EQ(-ENOENT, interrupt(self->user, ACCEL_TEST_INTERRUPT_LET_SLEEP, 0));
}

TEST_F(interrupt, is_of_a_known_kind)
{
	EXPECT_EQ(-EINVAL, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE_POLLERS + 1, 0));
}

TEST_HARNESS_MAIN
