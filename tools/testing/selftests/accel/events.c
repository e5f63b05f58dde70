// SPDX-License-Identifier: GPL-2.0
/*
 * Events and resets of an open node.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "events.h"
#include "test_node.h"

int events_subscribe(int fd, __u32 classes, int eventfd)
{
	struct accel_events args = {
		.size = sizeof(args),
		.classes = classes,
		.eventfd = eventfd,
	};

	return sys_ioctl(fd, ACCEL_IOC_EVENTS, &args);
}

int events_read(int fd, struct accel_event *events, int count)
{
	ssize_t len = read(fd, events, count * sizeof(*events));

	return len < 0 ? -errno : (int)(len / sizeof(*events));
}

int set_nonblock(int fd, bool nonblock)
{
	int flags = fcntl(fd, F_GETFL);

	flags = nonblock ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) ? -errno : 0;
}

int poll_now(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) < 0 ? -errno : poll_fd.revents;
}

int events_next(int fd, struct accel_event *event)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int ret;

	ret = poll(&poll_fd, 1, TIMEOUT_MS);
	if (ret <= 0)
		return ret ? -errno : -ETIMEDOUT;
	ret = events_read(fd, event, 1);
	return ret == 1 ? (int)event->kind : ret;
}

int read_eventfd(int fd, __u64 *number)
{
	return read(fd, number, sizeof(*number)) < 0 ? -errno : 0;
}

int wait_eventfd(int fd, __u64 *number)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (poll(&poll_fd, 1, TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	return read_eventfd(fd, number);
}

int events_wait_told(int user, const struct node *node)
{
	int last = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd = test_open(node, O_RDONLY);
	__u64 number;
	int ret = 0;

	if (last < 0 || fd < 0)
		return last < 0 ? -errno : fd;
	/* Those who have opened the device later are told later. */
	ret = events_subscribe(fd, ACCEL_EVENT_CLASS_ERROR, last);
	if (!ret)
		ret = test_call(user, ACCEL_TEST_IOC_REPORT, 0, 0, NULL);
	if (!ret)
		ret = wait_eventfd(last, &number);
	close(fd);
	close(last);
	return ret;
}

int wait_state(int fd, __u32 state)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	struct accel_info_status status;
	int ret;

	do {
		ret = info_read(fd, ACCEL_INFO_STATUS, &status, sizeof(status), 1);
		if (ret != 1)
			return ret;
		if (status.state == state)
			return 0;
		sleep_ms(1);
	} while (now_ns() < deadline);
	return -ETIMEDOUT;
}

int admin_reset(const struct node *node, const char *text)
{
	return write_file(node->class_dir, "reset", text);
}

int test_set_reset(int fd, bool fails, __u32 ms)
{
	return test_call(fd, ACCEL_TEST_IOC_SET_RESET, fails, ms, NULL);
}
