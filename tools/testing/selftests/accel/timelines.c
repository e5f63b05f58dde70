// SPDX-License-Identifier: GPL-2.0
/*
 * Timelines of an open node.
 */
#include <stdint.h>

#include "test_node.h"
#include "timelines.h"

int timeline_create(int fd, __u64 value, __u32 *handle)
{
	struct accel_timeline_create args = { .size = sizeof(args), .value = value };
	int ret = sys_ioctl(fd, ACCEL_IOC_TIMELINE_CREATE, &args);

	*handle = args.handle;
	return ret;
}

int timeline_close(int fd, __u32 handle)
{
	struct accel_timeline_close args = { .size = sizeof(args), .handle = handle };

	return sys_ioctl(fd, ACCEL_IOC_TIMELINE_CLOSE, &args);
}

int timeline_query(int fd, __u32 handle, struct accel_timeline_query *query)
{
	*query = (struct accel_timeline_query) { .size = sizeof(*query), .handle = handle };
	return sys_ioctl(fd, ACCEL_IOC_TIMELINE_QUERY, query);
}

bool timeline_is_at(int fd, __u32 handle, __u64 value, __u64 submitted)
{
	struct accel_timeline_query query;

	return !timeline_query(fd, handle, &query) && query.value == value &&
	       query.submitted == submitted;
}

int timeline_signal(int fd, __u32 handle, __u64 point)
{
	struct accel_timeline_signal args = {
		.size = sizeof(args), .handle = handle, .point = point,
	};

	return sys_ioctl(fd, ACCEL_IOC_TIMELINE_SIGNAL, &args);
}

int timeline_export(int fd, __u32 handle, __u32 flags)
{
	struct accel_timeline_export args = {
		.size = sizeof(args), .handle = handle, .flags = flags,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_TIMELINE_EXPORT, &args);

	return ret ? ret : args.fd;
}

int timeline_sync_file(int fd, __u32 handle, __u64 point)
{
	struct accel_timeline_sync_file args = {
		.size = sizeof(args), .handle = handle, .point = point,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_TIMELINE_SYNC_FILE, &args);

	return ret ? ret : args.fd;
}

int timeline_import(int fd, int timeline, __u32 *handle)
{
	struct accel_timeline_import args = { .size = sizeof(args), .fd = timeline };
	int ret = sys_ioctl(fd, ACCEL_IOC_TIMELINE_IMPORT, &args);

	*handle = args.handle;
	return ret;
}

int timeline_attach(int fd, __u32 handle, __u64 point, int sync_file)
{
	struct accel_timeline_attach args = {
		.size = sizeof(args), .handle = handle, .point = point, .fd = sync_file,
	};

	return sys_ioctl(fd, ACCEL_IOC_TIMELINE_ATTACH, &args);
}

int timeline_eventfd(int fd, __u32 handle, __u64 point, int eventfd, __u32 flags)
{
	struct accel_timeline_eventfd args = {
		.size = sizeof(args), .handle = handle, .point = point, .fd = eventfd,
		.flags = flags,
	};

	return sys_ioctl(fd, ACCEL_IOC_TIMELINE_EVENTFD, &args);
}

int timeline_wait(int fd, const struct accel_timeline_point *points, __u32 count, __u32 flags,
		  __u32 timeout_ms)
{
	struct accel_timeline_wait args = {
		.size = sizeof(args),
		.flags = flags,
		.points_ptr = (uintptr_t)points,
		.count = count,
		.timeout_ms = timeout_ms,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_TIMELINE_WAIT, &args);

	return ret ? ret : args.index;
}

int timeline_wait_one(int fd, __u32 handle, __u64 point, __u32 flags, __u32 timeout_ms)
{
	struct accel_timeline_point one = { .handle = handle, .point = point };

	return timeline_wait(fd, &one, 1, flags, timeout_ms);
}

int test_submit(int fd, __u32 handle, __u64 point)
{
	struct accel_test_submit args = {
		.size = sizeof(args), .out_timeline = handle, .out_point = point,
	};

	return sys_ioctl(fd, ACCEL_TEST_IOC_SUBMIT, &args);
}

int test_finish(int fd, bool fail)
{
	return test_call(fd, ACCEL_TEST_IOC_FINISH, fail, 0, NULL);
}
