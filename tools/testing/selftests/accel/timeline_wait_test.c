// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for points of timelines: in calls and by eventfds, and what becomes of that
 * when something else happens to the device. How calls are interrupted, restart_test
 * shows.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "fences.h"
#include "harness.h"
#include "timelines.h"

#define POINTS 64

FIXTURE(timeline_wait) {
	struct node node;
	int fd;
	__u32 handle;
	struct accel_timeline_point points[POINTS];
};

FIXTURE_SETUP(timeline_wait)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	for (int i = 0; i < POINTS; i++) {
		ASSERT_EQ(0, timeline_create(self->fd, 0, &self->points[i].handle));
		self->points[i].point = i + 1;
	}
	self->handle = self->points[0].handle;
}

FIXTURE_TEARDOWN(timeline_wait)
{
	close(self->fd);
}

static int wait_any(struct _test_data_timeline_wait *self, __u32 flags, __u32 timeout_ms)
{
	return timeline_wait(self->fd, self->points, POINTS, flags, timeout_ms);
}

TEST_F(timeline_wait, any_is_the_first_in_the_array)
{
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, 0, 20));
	ASSERT_EQ(0, timeline_signal(self->fd, self->points[40].handle, 40));
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, 0, 0));
	ASSERT_EQ(0, timeline_signal(self->fd, self->points[40].handle, 41));
	EXPECT_EQ(40, wait_any(self, 0, 0));
	ASSERT_EQ(0, timeline_signal(self->fd, self->points[7].handle, 100));
	EXPECT_EQ(7, wait_any(self, 0, TIMEOUT_MS));
}

TEST_F(timeline_wait, all_is_when_the_last_one_is)
{
	for (int i = 1; i < POINTS; i++)
		ASSERT_EQ(0, timeline_signal(self->fd, self->points[i].handle, i + 1));
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, ACCEL_TIMELINE_ALL, 20));
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 1));
	EXPECT_EQ(0, wait_any(self, ACCEL_TIMELINE_ALL, 0));
}

TEST_F(timeline_wait, until_the_deadline)
{
	struct accel_timeline_wait args = {
		.size = sizeof(args),
		.points_ptr = (uintptr_t)self->points,
		.count = POINTS,
		.timeout_ms = TIMEOUT_MS,
		.deadline_ns = 1,
	};
	__u64 deadline;

	/* It has passed, whatever the time-out. */
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->fd, ACCEL_IOC_TIMELINE_WAIT, &args));
	EXPECT_EQ(1, args.deadline_ns);
	deadline = now_ns() + 30000000;
	args.deadline_ns = deadline;
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->fd, ACCEL_IOC_TIMELINE_WAIT, &args));
	EXPECT_LE(deadline, now_ns());
	/* What is there already needs no time. */
	ASSERT_EQ(0, timeline_signal(self->fd, self->points[3].handle, 9));
	args.deadline_ns = 1;
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_TIMELINE_WAIT, &args));
	EXPECT_EQ(3, args.index);
}

TEST_F(timeline_wait, for_what_is_submitted)
{
	const __u32 all = ACCEL_TIMELINE_SUBMITTED | ACCEL_TIMELINE_ALL;

	EXPECT_EQ(-ETIMEDOUT, wait_any(self, ACCEL_TIMELINE_SUBMITTED, 0));
	ASSERT_EQ(0, test_submit(self->fd, self->points[9].handle, 10));
	EXPECT_EQ(9, wait_any(self, ACCEL_TIMELINE_SUBMITTED, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_any(self, all, 0));
	EXPECT_EQ(0, timeline_wait(self->fd, &self->points[9], 1, all, 0));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(9, wait_any(self, 0, 0));
}

TEST_F(timeline_wait, arguments)
{
	struct accel_timeline_point point = { .handle = 7 };
	void *absent;

	absent = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, absent);
	EXPECT_EQ(-EINVAL, timeline_wait(self->fd, self->points, 0, 0, 0));
	EXPECT_EQ(-E2BIG, timeline_wait(self->fd, self->points, ACCEL_TIMELINE_MAX_WAIT + 1, 0, 0));
	EXPECT_EQ(-E2BIG, timeline_wait(self->fd, self->points, ~0U, 0, 0));
	EXPECT_EQ(-EFAULT, timeline_wait(self->fd, NULL, 1, 0, 0));
	EXPECT_EQ(-EFAULT, timeline_wait(self->fd, absent, 1, 0, 0));
	EXPECT_EQ(-ENOENT, timeline_wait(self->fd, &point, 1, 0, 0));
	/* All of them are looked at first. */
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 1));
	self->points[POINTS - 1].handle = 7;
	EXPECT_EQ(-ENOENT, wait_any(self, 0, 0));
	munmap(absent, 4096);
}

TEST_F(timeline_wait, as_many_points_as_there_may_be)
{
	struct accel_timeline_point *points = calloc(ACCEL_TIMELINE_MAX_WAIT, sizeof(*points));
	const int last = ACCEL_TIMELINE_MAX_WAIT - 1;

	ASSERT_NE(NULL, points);
	for (int i = 0; i <= last; i++)
		points[i] = (struct accel_timeline_point) { .handle = self->handle, .point = 9 };
	EXPECT_EQ(-ETIMEDOUT, timeline_wait(self->fd, points, last + 1, 0, 20));
	points[last].point = 8;
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 8));
	EXPECT_EQ(last, timeline_wait(self->fd, points, last + 1, 0, 0));
	free(points);
}

static struct _test_data_timeline_wait *sleeping;

/* Waits for all points, or for any, as the number says. */
static int call_wait(struct caller *caller)
{
	return timeline_wait(caller->fd, sleeping->points, POINTS, caller->n, caller->timeout_ms);
}

static struct caller sleeper(struct _test_data_timeline_wait *self, __u32 flags)
{
	sleeping = self;
	return (struct caller) {
		.call = call_wait,
		.syscall_nr = SYS_ioctl,
		.fd = self->fd,
		.n = flags,
		.timeout_ms = TIMEOUT_MS,
	};
}

TEST_F(timeline_wait, sleepers_wake)
{
	struct caller any = sleeper(self, 0), all = sleeper(self, ACCEL_TIMELINE_ALL);
	struct caller submitted = sleeper(self, ACCEL_TIMELINE_SUBMITTED);

	ASSERT_EQ(0, caller_start(&any));
	ASSERT_EQ(0, caller_start(&all));
	ASSERT_EQ(0, caller_start(&submitted));
	/* Before it was submitted, and before its handle was closed. */
	ASSERT_EQ(0, test_submit(self->fd, self->points[63].handle, 64));
	ASSERT_EQ(0, caller_join(&submitted));
	EXPECT_EQ(63, submitted.ret);
	ASSERT_EQ(0, timeline_close(self->fd, self->points[63].handle));
	ASSERT_EQ(0, test_finish(self->fd, false));
	ASSERT_EQ(0, caller_join(&any));
	EXPECT_EQ(63, any.ret);
	for (int i = 0; i < 63; i++)
		ASSERT_EQ(0, timeline_signal(self->fd, self->points[i].handle, i + 1));
	ASSERT_EQ(0, caller_join(&all));
	EXPECT_EQ(0, all.ret);
}

TEST_F(timeline_wait, sleeps_on_for_other_points)
{
	struct caller any = sleeper(self, 0);

	ASSERT_EQ(0, caller_start(&any));
	for (int i = 1; i < POINTS; i++)
		ASSERT_EQ(0, timeline_signal(self->fd, self->points[i].handle, i));
	ASSERT_EQ(0, wait_asleep(any.tid, SYS_ioctl, &any.done));
	ASSERT_EQ(0, timeline_signal(self->fd, self->points[5].handle, 6));
	ASSERT_EQ(0, caller_join(&any));
	EXPECT_EQ(5, any.ret);
}

/* How often an eventfd was signalled since this was asked. */
static long long signals(int fd)
{
	__u64 count;

	if (read(fd, &count, sizeof(count)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return count;
}

TEST_F(timeline_wait, eventfds)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), early, exported;
	__u32 handle = self->handle;

	early = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, early);
	ASSERT_EQ(0, timeline_eventfd(self->fd, handle, 0, fd, 0));
	EXPECT_EQ(1, signals(fd));
	ASSERT_EQ(0, timeline_eventfd(self->fd, handle, 5, fd, 0));
	ASSERT_EQ(0, timeline_eventfd(self->fd, handle, 4, fd, 0));
	ASSERT_EQ(0, timeline_eventfd(self->fd, handle, 5, early, ACCEL_TIMELINE_SUBMITTED));
	ASSERT_EQ(0, timeline_signal(self->fd, handle, 3));
	EXPECT_EQ(0, signals(fd));
	ASSERT_EQ(0, test_submit(self->fd, handle, 5));
	EXPECT_EQ(0, signals(fd));
	EXPECT_EQ(1, signals(early));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(2, signals(fd));
	ASSERT_EQ(0, timeline_signal(self->fd, handle, 6));
	EXPECT_EQ(0, signals(fd));
	EXPECT_EQ(0, signals(early));

	/* They wait for the timeline, not for the file that they came by. */
	ASSERT_EQ(0, timeline_eventfd(self->fd, handle, 9, fd, 0));
	exported = timeline_export(self->fd, handle, 0);
	ASSERT_LE(0, exported);
	close(self->fd);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, timeline_import(self->fd, exported, &handle));
	ASSERT_EQ(0, timeline_signal(self->fd, handle, 9));
	EXPECT_EQ(1, signals(fd));
	close(exported);
	close(early);
	close(fd);
}

TEST_F(timeline_wait, so_many_eventfds_at_a_time)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ASSERT_LE(0, fd);
	for (int i = 0; i < ACCEL_TIMELINE_MAX_SUBMITTED; i++)
		ASSERT_EQ(0, timeline_eventfd(self->fd, self->handle, 5, fd, 0));
	EXPECT_EQ(-ENOMEM, timeline_eventfd(self->fd, self->handle, 5, fd, 0));
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 5));
	EXPECT_EQ(ACCEL_TIMELINE_MAX_SUBMITTED, signals(fd));
	EXPECT_EQ(0, timeline_eventfd(self->fd, self->handle, 6, fd, 0));
	close(fd);
}

TEST_F(timeline_wait, a_reset_signals_what_work_was_to)
{
	struct accel_timeline_query query;
	struct caller any = sleeper(self, 0), other = sleeper(self, ACCEL_TIMELINE_ALL);

	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, caller_start(&any));
	ASSERT_EQ(0, caller_start(&other));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 1));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, caller_join(&any));
	EXPECT_EQ(0, any.ret);
	ASSERT_EQ(0, timeline_query(self->fd, self->handle, &query));
	EXPECT_EQ(1, query.value);
	EXPECT_EQ(1, query.failed_point);
	EXPECT_EQ(ECANCELED, query.error);
	/* Who waits for user space goes on. */
	ASSERT_EQ(0, wait_asleep(other.tid, SYS_ioctl, &other.done));
	for (int i = 1; i < POINTS; i++)
		ASSERT_EQ(0, timeline_signal(self->fd, self->points[i].handle, i + 1));
	ASSERT_EQ(0, caller_join(&other));
	EXPECT_EQ(0, other.ret);
}

/* Moves all points of a file to another one, of another device. */
static void move_points(struct __test_metadata *_metadata, struct _test_data_timeline_wait *self,
			int to, struct accel_timeline_point *points)
{
	for (int i = 0; i < POINTS; i++) {
		int fd = timeline_export(self->fd, self->points[i].handle, O_CLOEXEC);

		ASSERT_LE(0, fd);
		points[i] = self->points[i];
		ASSERT_EQ(0, timeline_import(to, fd, &points[i].handle));
		close(fd);
	}
}

/* A device that ends in one of two ways while calls wait by its node, and by another one. */
static void expect_end(struct __test_metadata *_metadata, struct _test_data_timeline_wait *self,
		       const struct node *node, int user, bool unbind, int error)
{
	struct _test_data_timeline_wait there = { .fd = user };
	struct accel_timeline_query query;
	struct caller caller;
	__u32 handle;

	move_points(_metadata, self, user, there.points);
	handle = there.points[0].handle;
	caller = sleeper(&there, ACCEL_TIMELINE_ALL);
	ASSERT_EQ(0, test_submit(user, handle, 1));
	ASSERT_EQ(0, caller_start(&caller));
	if (unbind)
		expect_unbound(_metadata, node);
	else
		ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_RESET, 0, 7, NULL));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-error, caller.ret);
	EXPECT_EQ(-error, timeline_signal(user, handle, 2));

	/* The timeline belongs to neither, and the work that is lost has signalled its point. */
	EXPECT_EQ(0, timeline_wait_one(self->fd, self->handle, 1, 0, TIMEOUT_MS));
	ASSERT_EQ(0, timeline_query(self->fd, self->handle, &query));
	EXPECT_EQ(1, query.failed_point);
	EXPECT_EQ(error, query.error);
	EXPECT_EQ(0, timeline_signal(self->fd, self->handle, 2));
}

TEST_F(timeline_wait, a_device_goes)
{
	struct node node;
	int user, observer;

	if (!setup_test_device(_metadata, &node, &user, &observer))
		return;
	expect_end(_metadata, self, &node, user, true, ENODEV);
	close(user);
	close(observer);
	EXPECT_EQ(0, test_device_remove());
}

FIXTURE(timeline_wedged) {
	struct _test_data_timeline_wait points;
	struct node node;
	int fd;
};

FIXTURE_SETUP(timeline_wedged)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_test_node(_metadata, &self->points.node, "shared") ||
	    !setup_test_node(_metadata, &self->node, "exclusive"))
		return;
	self->points.fd = test_open(&self->points.node, O_RDWR);
	ASSERT_LE(0, self->points.fd);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	for (int i = 0; i < POINTS; i++) {
		struct accel_timeline_point *point = &self->points.points[i];

		ASSERT_EQ(0, timeline_create(self->points.fd, 0, &point->handle));
		point->point = i + 1;
	}
	self->points.handle = self->points.points[0].handle;
}

/* Only a new device comes back. */
FIXTURE_TEARDOWN_PARENT(timeline_wedged)
{
	if (!geteuid() && getenv("ACCEL_TEST_KO")) {
		EXPECT_EQ(0, module_unload(TEST_DRIVER));
		EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	}
}

TEST_F(timeline_wedged, a_device_is_wedged)
{
	expect_end(_metadata, &self->points, &self->node, self->fd, false, EIO);
	close(self->fd);
	close(self->points.fd);
}

TEST_HARNESS_MAIN
