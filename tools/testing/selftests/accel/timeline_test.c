// SPDX-License-Identifier: GPL-2.0
/*
 * Timelines: their handles, how their points are submitted and signalled, and how
 * fences get to points and come from them.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "buffer.h"
#include "fences.h"
#include "harness.h"
#include "timelines.h"

#define LAST (~0ULL)

FIXTURE(timeline) {
	struct node node;
	int fd;
	__u32 handle;
};

FIXTURE_SETUP(timeline)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, timeline_create(self->fd, 0, &self->handle));
}

FIXTURE_TEARDOWN(timeline)
{
	close(self->fd);
}

TEST_F(timeline, handles_are_of_this_file_and_kind)
{
	__u32 other, buffer;
	int fd;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_NE(0, self->handle);
	EXPECT_EQ(-ENOENT, timeline_signal(fd, self->handle, 1));
	ASSERT_EQ(0, timeline_create(self->fd, 5, &other));
	EXPECT_NE(self->handle, other);
	EXPECT_TRUE(timeline_is_at(self->fd, other, 5, 5));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 0));

	ASSERT_EQ(0, buffer_create(self->fd, 1, &buffer, NULL));
	EXPECT_EQ(-ENOENT, timeline_signal(self->fd, buffer, 1));
	EXPECT_EQ(-ENOENT, buffer_close(self->fd, self->handle));
	EXPECT_EQ(-ENOENT, timeline_close(self->fd, 0));

	ASSERT_EQ(0, timeline_close(self->fd, self->handle));
	EXPECT_EQ(-ENOENT, timeline_close(self->fd, self->handle));
	EXPECT_EQ(-ENOENT, timeline_signal(self->fd, self->handle, 1));
	ASSERT_EQ(0, timeline_create(self->fd, 0, &buffer));
	EXPECT_EQ(self->handle, buffer);
	close(fd);
}

TEST_F(timeline, so_many_handles_in_a_file)
{
	__u32 handle = 0;

	for (int i = 1; i < ACCEL_TIMELINE_MAX; i++)
		ASSERT_EQ(0, timeline_create(self->fd, 0, &handle));
	EXPECT_EQ(-ENOMEM, timeline_create(self->fd, 0, &handle));
	ASSERT_EQ(0, timeline_close(self->fd, self->handle));
	EXPECT_EQ(0, timeline_create(self->fd, 0, &handle));
}

TEST_F(timeline, user_space_signals_in_ascending_order)
{
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 3));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 3, 3));
	for (__u64 point = 0; point <= 3; point++)
		EXPECT_EQ(-EINVAL, timeline_signal(self->fd, self->handle, point));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 3, 3));
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, LAST));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, LAST, LAST));
	EXPECT_EQ(-EINVAL, timeline_signal(self->fd, self->handle, LAST));
}

TEST_F(timeline, work_signals_points_in_order)
{
	struct accel_timeline_query query;
	int other = test_open(&self->node, O_RDWR), fd;
	__u32 handle;

	/* Work of another file, which ends first. */
	ASSERT_LE(0, other);
	fd = timeline_export(self->fd, self->handle, O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, timeline_import(other, fd, &handle));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 10));
	ASSERT_EQ(0, test_submit(other, handle, 20));
	EXPECT_EQ(-EINVAL, test_submit(other, handle, 20));
	EXPECT_EQ(-EINVAL, timeline_signal(self->fd, self->handle, 15));
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 30));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 30));

	ASSERT_EQ(0, test_finish(other, true));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 30));
	ASSERT_EQ(0, test_finish(self->fd, false));
	ASSERT_EQ(0, timeline_query(self->fd, self->handle, &query));
	EXPECT_EQ(30, query.value);
	/* How it has ended is told. */
	EXPECT_EQ(20, query.failed_point);
	EXPECT_EQ(EIO, query.error);
	close(fd);
	close(other);
}

TEST_F(timeline, so_many_points_at_a_time)
{
	__u32 fd = 0;

	ASSERT_EQ(0, test_call(self->fd, ACCEL_TEST_IOC_FENCE, 0, 0, &fd));
	for (int i = 1; i <= ACCEL_TIMELINE_MAX_SUBMITTED; i++)
		ASSERT_EQ(0, timeline_attach(self->fd, self->handle, i, fd));
	EXPECT_EQ(-ENOMEM, timeline_attach(self->fd, self->handle, LAST, fd));
	EXPECT_EQ(-ENOMEM, timeline_signal(self->fd, self->handle, LAST));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(0, timeline_signal(self->fd, self->handle, LAST));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, LAST, LAST));
	close(fd);
}

TEST_F(timeline, sync_files_only_of_what_is_submitted)
{
	int first, second;

	/* User space may never signal it, so there is no fence. */
	EXPECT_EQ(-EAGAIN, timeline_sync_file(self->fd, self->handle, 1));
	first = timeline_sync_file(self->fd, self->handle, 0);
	ASSERT_LE(0, first);
	EXPECT_EQ(1, fence_status(first));
	EXPECT_EQ(FD_CLOEXEC, fcntl(first, F_GETFD));
	close(first);

	ASSERT_EQ(0, test_submit(self->fd, self->handle, 5));
	EXPECT_EQ(-EAGAIN, timeline_sync_file(self->fd, self->handle, 6));
	/* It is signalled when point 5 is. */
	first = timeline_sync_file(self->fd, self->handle, 1);
	ASSERT_LE(0, first);
	EXPECT_EQ(0, fence_status(first));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 7));
	second = timeline_sync_file(self->fd, self->handle, 7);
	ASSERT_LE(0, second);

	ASSERT_EQ(0, test_finish(self->fd, true));
	EXPECT_EQ(-EIO, fence_wait(first));
	EXPECT_EQ(0, fence_status(second));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_NE(0, fence_wait(second));
	close(first);
	first = timeline_sync_file(self->fd, self->handle, 7);
	ASSERT_LE(0, first);
	EXPECT_EQ(1, fence_status(first));
	close(first);
	close(second);
}

TEST_F(timeline, a_sync_file_signals_a_point)
{
	struct foreign fence;
	int ret, fd;

	ret = foreign_make(&fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, timeline_attach(self->fd, self->handle, 2, fence.fd));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 4));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 4));
	/* Of both. */
	fd = timeline_sync_file(self->fd, self->handle, 3);
	ASSERT_LE(0, fd);
	/* A point may have what comes from another one, and of the same timeline. */
	ASSERT_EQ(0, timeline_attach(self->fd, self->handle, 6, fd));

	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(0, fence_status(fd));
	ASSERT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(1, fence_wait(fd));
	EXPECT_EQ(0, timeline_wait_one(self->fd, self->handle, 6, 0, TIMEOUT_MS));
	/* And one that is signalled already does at once. */
	ASSERT_EQ(0, timeline_attach(self->fd, self->handle, 8, fence.fd));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 8, 8));
	close(fd);
	foreign_close(&fence);
}

TEST_F(timeline, work_depends_on_points_that_are_submitted)
{
	struct accel_test_submit args = {
		.size = sizeof(args), .in_timeline = self->handle, .in_point = 5,
	};
	__u32 out;

	ASSERT_EQ(0, timeline_create(self->fd, 0, &out));
	args.out_timeline = out;
	args.out_point = 1;
	EXPECT_EQ(-ETIMEDOUT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUBMIT, &args));
	EXPECT_TRUE(timeline_is_at(self->fd, out, 0, 0));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 5));
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUBMIT, &args));
	EXPECT_EQ(1, args.is_pending);
	EXPECT_TRUE(timeline_is_at(self->fd, out, 0, 1));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 5, 5));

	args.is_pending = 0;
	args.out_point = 2;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUBMIT, &args));
	EXPECT_EQ(0, args.is_pending);
	/* What fails has submitted nothing, and has begun no work. */
	args.out_point = 2;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUBMIT, &args));
	args.in_timeline = 7;
	EXPECT_EQ(-ENOENT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUBMIT, &args));
	ASSERT_EQ(0, test_finish(self->fd, false));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(-ENOENT, test_finish(self->fd, false));
	EXPECT_TRUE(timeline_is_at(self->fd, out, 2, 2));
}

/* The ioctls on timelines, with a structure that is valid. */
union timeline_args {
	__u32 words[16];
	struct accel_timeline_create create;
	struct accel_timeline_close close;
	struct accel_timeline_query query;
	struct accel_timeline_signal signal;
	struct accel_timeline_wait wait;
	struct accel_timeline_export export;
	struct accel_timeline_import import;
	struct accel_timeline_attach attach;
	struct accel_timeline_sync_file sync_file;
	struct accel_timeline_eventfd eventfd;
};

#define WORD(member) (offsetof(union timeline_args, member) / sizeof(__u32))

/* Members with a value that is not allowed when all of their bits are set. */
static const struct misuse {
	unsigned int command;
	size_t word;
} misuses[] = {
	{ ACCEL_IOC_TIMELINE_CREATE, WORD(create.flags) },
	{ ACCEL_IOC_TIMELINE_CREATE, WORD(create.handle) },
	{ ACCEL_IOC_TIMELINE_CREATE, WORD(create.reserved) },
	{ ACCEL_IOC_TIMELINE_QUERY, WORD(query.value) },
	{ ACCEL_IOC_TIMELINE_QUERY, WORD(query.submitted) },
	{ ACCEL_IOC_TIMELINE_QUERY, WORD(query.failed_point) },
	{ ACCEL_IOC_TIMELINE_QUERY, WORD(query.error) },
	{ ACCEL_IOC_TIMELINE_QUERY, WORD(query.reserved) },
	{ ACCEL_IOC_TIMELINE_WAIT, WORD(wait.flags) },
	{ ACCEL_IOC_TIMELINE_WAIT, WORD(wait.index) },
	{ ACCEL_IOC_TIMELINE_WAIT, WORD(wait.reserved) },
	{ ACCEL_IOC_TIMELINE_EXPORT, WORD(export.flags) },
	{ ACCEL_IOC_TIMELINE_EXPORT, WORD(export.fd) },
	{ ACCEL_IOC_TIMELINE_IMPORT, WORD(import.flags) },
	{ ACCEL_IOC_TIMELINE_IMPORT, WORD(import.handle) },
	{ ACCEL_IOC_TIMELINE_ATTACH, WORD(attach.flags) },
	{ ACCEL_IOC_TIMELINE_SYNC_FILE, WORD(sync_file.flags) },
	{ ACCEL_IOC_TIMELINE_SYNC_FILE, WORD(sync_file.fd) },
	{ ACCEL_IOC_TIMELINE_EVENTFD, WORD(eventfd.flags) },
};

/* All that a call needs, so that nothing is wrong but what is added. What is too long is zero. */
static union timeline_args valid_args(unsigned int command, __u32 handle,
				      const struct accel_timeline_point *point)
{
	union timeline_args args = { .words[0] = sizeof(args) };

	switch (command) {
	case ACCEL_IOC_TIMELINE_WAIT:
		args.wait.points_ptr = (uintptr_t)point;
		args.wait.count = 1;
		break;
	case ACCEL_IOC_TIMELINE_CREATE:
	case ACCEL_IOC_TIMELINE_IMPORT:
		break;
	default:
		args.words[1] = handle;
	}
	return args;
}

TEST_F(timeline, what_must_be_zero_is)
{
	struct accel_timeline_point point = { .handle = self->handle };
	union timeline_args args;

	for (size_t i = 0; i < ARRAY_SIZE(misuses); i++) {
		const struct misuse *misuse = &misuses[i];

		args = valid_args(misuse->command, self->handle, &point);
		args.words[misuse->word] = ~0U;
		EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, misuse->command, &args))
			TH_LOG("command 0x%x, word %zu", misuse->command, misuse->word);
	}
	point.reserved = 1;
	EXPECT_EQ(-EINVAL, timeline_wait(self->fd, &point, 1, 0, 0));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 0));
}

TEST_F(timeline, descriptors_are_of_the_right_kind)
{
	__u32 handle;
	int fd = eventfd(0, EFD_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, timeline_import(self->fd, fd, &handle));
	EXPECT_EQ(-EINVAL, timeline_import(self->fd, self->fd, &handle));
	EXPECT_EQ(-EBADF, timeline_import(self->fd, -1, &handle));
	EXPECT_EQ(-EINVAL, timeline_attach(self->fd, self->handle, 1, fd));
	EXPECT_EQ(-EINVAL, timeline_attach(self->fd, self->handle, 1, -1));
	EXPECT_EQ(-EINVAL, timeline_eventfd(self->fd, self->handle, 1, self->fd, 0));
	EXPECT_EQ(-EBADF, timeline_eventfd(self->fd, self->handle, 1, -1, 0));
	EXPECT_EQ(-EINVAL, timeline_eventfd(self->fd, self->handle, 1, fd, ACCEL_TIMELINE_ALL));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, 0));
	close(fd);
}

TEST_F(timeline, observers_have_none)
{
	int observer = test_open(&self->node, O_RDONLY);
	__u32 handle;

	ASSERT_LE(0, observer);
	EXPECT_EQ(-EACCES, timeline_create(observer, 0, &handle));
	for (unsigned int nr = 0x20; nr <= 0x29; nr++)
		EXPECT_EQ(-EACCES, sys_ioctl(observer, _IO(ACCEL_IOC_TYPE, nr), NULL));
	close(observer);
}

TEST_HARNESS_MAIN
