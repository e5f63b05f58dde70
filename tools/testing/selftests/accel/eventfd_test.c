// SPDX-License-Identifier: GPL-2.0
/*
 * An eventfd that the interrupt of the edu device signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(eventfd) {
	struct node node;
	int fd;
	int eventfd;
};

FIXTURE_SETUP(eventfd)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->eventfd);
}

FIXTURE_TEARDOWN(eventfd)
{
	close(self->eventfd);
	close(self->fd);
}

static int set_eventfd(int fd, int eventfd)
{
	struct accel_edu_set_eventfd args = { .size = sizeof(args), .fd = eventfd };

	return sys_ioctl(fd, ACCEL_EDU_IOC_SET_EVENTFD, &args);
}

/* Lets the device interrupt, and returns how often the eventfd was signalled. */
static long long signals(int fd, int eventfd)
{
	__u32 result;
	__u64 count;
	int ret;

	ret = edu_factorial(fd, 5, TIMEOUT_MS, &result);
	if (ret)
		return ret;
	if (read(eventfd, &count, sizeof(count)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return count;
}

TEST_F(eventfd, is_signalled_by_an_interrupt)
{
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	EXPECT_EQ(1, signals(self->fd, self->eventfd));
	EXPECT_EQ(1, signals(self->fd, self->eventfd));
	ASSERT_EQ(0, set_eventfd(self->fd, -1));
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
}

TEST_F(eventfd, is_replaced)
{
	int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	ASSERT_EQ(0, set_eventfd(self->fd, other));
	EXPECT_EQ(1, signals(self->fd, other));
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
	close(other);
	/* The device still has it, and nobody sees that it is signalled. */
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
}

TEST_F(eventfd, is_one_for_the_device)
{
	int other = open(self->node.path, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	EXPECT_EQ(-EBUSY, set_eventfd(other, self->eventfd));
	EXPECT_EQ(-EBUSY, set_eventfd(other, -1));
	EXPECT_EQ(1, signals(other, self->eventfd));
	close(other);
}

TEST_F(eventfd, goes_with_the_file)
{
	int other = open(self->node.path, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_eventfd(other, self->eventfd));
	EXPECT_EQ(1, signals(self->fd, self->eventfd));
	close(other);
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	EXPECT_EQ(1, signals(self->fd, self->eventfd));
}

TEST_F(eventfd, is_nothing_else)
{
	EXPECT_EQ(-EBADF, set_eventfd(self->fd, 12345));
	EXPECT_EQ(-EBADF, set_eventfd(self->fd, -2));
	EXPECT_EQ(-EINVAL, set_eventfd(self->fd, self->fd));
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
}

TEST_F(eventfd, goes_with_the_device)
{
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENODEV, set_eventfd(self->fd, -1));
	/* The number of the device is free, and it gets that again. */
	close(self->fd);
	ASSERT_EQ(0, node_bind(&self->node));
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, signals(self->fd, self->eventfd));
	ASSERT_EQ(0, set_eventfd(self->fd, self->eventfd));
	EXPECT_EQ(1, signals(self->fd, self->eventfd));
}

TEST_HARNESS_MAIN
