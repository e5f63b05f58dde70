/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests that take the device of accel_edu away, and put it back.
 */
#ifndef _ACCEL_SELFTEST_GONE_H
#define _ACCEL_SELFTEST_GONE_H

#include <asm/ioctls.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "edu_module.h"
#include "harness.h"

#define GONE (POLLHUP | POLLERR)

/* The device as it was when the program started. */
static struct node original;

/* In the program itself, not in its tests, which end by _exit(). */
static void __attribute__((constructor)) remember(void)
{
	if (node_find(&original))
		original.minor = UINT_MAX;
}

static void __attribute__((destructor)) restore_at_exit(void)
{
	if (original.minor != UINT_MAX && !geteuid())
		edu_restore(&original);
}

FIXTURE(gone) {
	struct node node;
	int observer;
	int user;
};

FIXTURE_SETUP(gone)
{
	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	ASSERT_EQ(original.minor, self->node.minor);
	self->observer = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->observer);
	self->user = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->user);
}

FIXTURE_TEARDOWN_PARENT(gone)
{
	EXPECT_EQ(0, edu_restore(&original))
		TH_LOG("the device is not back as it was");
}

static inline void expect_works(struct __test_metadata *_metadata, const struct node *node)
{
	__u32 result;
	int fd;

	fd = open(node->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd)
		TH_LOG("%s: %s", node->path, strerror(errno));
	EXPECT_EQ(0, edu_factorial(fd, 6, TIMEOUT_MS, &result));
	EXPECT_EQ(720, result);
	close(fd);
}

/* Every ioctl of @fd fails, as the device is not there any more. */
static inline void expect_gone(struct __test_metadata *_metadata, int fd)
{
	__u32 words[64] = { 16 };
	unsigned int nr;

	/* Known or not, allowed or not, valid or not: that comes later. */
	for (nr = 0; nr < 256; nr++) {
		EXPECT_EQ(-ENODEV, sys_ioctl(fd, _IO(ACCEL_IOC_TYPE, nr), NULL))
			TH_LOG("number 0x%02x", nr);
		EXPECT_EQ(-ENODEV, sys_ioctl(fd, _IO(ACCEL_IOC_TYPE, nr), words))
			TH_LOG("number 0x%02x", nr);
	}
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, _IOR(ACCEL_IOC_TYPE, 0, struct accel_info), words));
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, _IO('x', 0), words));
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, 0xffffffff, words));
	/* What the kernel does with any file, it still does. */
	EXPECT_EQ(0, sys_ioctl(fd, FIOCLEX, NULL));
}

static inline void expect_hung_up(struct __test_metadata *_metadata, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct pollfd poll_fd = { .fd = fd };
	int epoll;

	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(GONE, poll_fd.revents);
	poll_fd.events = POLLIN | POLLOUT | POLLPRI;
	EXPECT_EQ(1, poll(&poll_fd, 1, -1));
	EXPECT_EQ(GONE, poll_fd.revents & GONE);

	epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(GONE, event.events & GONE);
	close(epoll);
}

#endif /* _ACCEL_SELFTEST_GONE_H */
