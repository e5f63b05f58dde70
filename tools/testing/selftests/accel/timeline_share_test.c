// SPDX-License-Identifier: GPL-2.0
/*
 * Timelines that several files, devices and processes have.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "fd_pass.h"
#include "fences.h"
#include "harness.h"
#include "timelines.h"

FIXTURE(timeline_share) {
	struct node node;
	int fd;
	__u32 handle;
	int exported;
};

FIXTURE_SETUP(timeline_share)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, timeline_create(self->fd, 0, &self->handle));
	self->exported = timeline_export(self->fd, self->handle, O_CLOEXEC);
	ASSERT_LE(0, self->exported);
}

FIXTURE_TEARDOWN(timeline_share)
{
	close(self->exported);
	close(self->fd);
}

TEST_F(timeline_share, descriptors)
{
	struct pollfd pollfd = { .fd = self->exported, .events = POLLIN };
	char text[16];
	int fd;

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->exported, F_GETFD));
	fd = timeline_export(self->fd, self->handle, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	/* There is nothing to read, and no point that poll() could be about. */
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, poll(&pollfd, 1, 0));
	EXPECT_EQ(-ENOTTY, sys_ioctl(fd, ACCEL_IOC_INFO, NULL));
	close(fd);
}

/* Looks for a line in what is shown of a descriptor. */
static bool is_shown(int fd, const char *line)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (strcmp(text, line) && fgets(text, sizeof(text), file))
		;
	fclose(file);
	return !strcmp(text, line);
}

TEST_F(timeline_share, fdinfo_of_a_descriptor)
{
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 3));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 5));
	EXPECT_TRUE(is_shown(self->exported, "accel-timeline-value:\t3\n"));
	EXPECT_TRUE(is_shown(self->exported, "accel-timeline-submitted:\t5\n"));
}

TEST_F(timeline_share, fdinfo_of_the_file)
{
	__u32 handle;

	EXPECT_TRUE(is_shown(self->fd, "accel-timelines:\t1\n"));
	ASSERT_EQ(0, timeline_import(self->fd, self->exported, &handle));
	EXPECT_TRUE(is_shown(self->fd, "accel-timelines:\t2\n"));
	ASSERT_EQ(0, timeline_close(self->fd, self->handle));
	EXPECT_TRUE(is_shown(self->fd, "accel-timelines:\t1\n"));
}

TEST_F(timeline_share, every_import_is_a_handle_of_the_same)
{
	int other = test_open(&self->node, O_RDWR);
	__u32 first, second;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, timeline_import(other, self->exported, &first));
	ASSERT_EQ(0, timeline_import(other, self->exported, &second));
	EXPECT_NE(first, second);
	ASSERT_EQ(0, timeline_signal(other, first, 3));
	EXPECT_TRUE(timeline_is_at(other, second, 3, 3));
	EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 3, 3));
	ASSERT_EQ(0, timeline_close(other, first));
	EXPECT_TRUE(timeline_is_at(other, second, 3, 3));
	close(other);
}

TEST_F(timeline_share, of_two_drivers)
{
	struct node node;
	__u32 handle;
	int sim;

	if (!setup_sim(_metadata, &node))
		return;
	sim = test_open(&node, O_RDWR);
	ASSERT_LE(0, sim);
	ASSERT_EQ(0, timeline_import(sim, self->exported, &handle));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 4));
	EXPECT_EQ(0, timeline_wait_one(sim, handle, 4, ACCEL_TIMELINE_SUBMITTED, 0));
	EXPECT_EQ(-ETIMEDOUT, timeline_wait_one(sim, handle, 4, 0, 0));
	ASSERT_EQ(0, test_finish(self->fd, false));
	EXPECT_EQ(0, timeline_wait_one(sim, handle, 4, 0, 0));
	close(sim);
}

/* Creates a timeline and begins work, hands out a descriptor, and waits to be killed. */
static void create_and_sleep(struct __test_metadata *_metadata, const struct node *node, int socket)
{
	__u32 handle;
	int fd;

	fd = test_open(node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, timeline_create(fd, 0, &handle));
	ASSERT_EQ(0, timeline_signal(fd, handle, 3));
	ASSERT_EQ(0, test_submit(fd, handle, 7));
	fd = timeline_export(fd, handle, O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fd_send(socket, fd));
	pause();
}

TEST_F(timeline_share, survives_its_creator)
{
	struct accel_timeline_query query;
	int sockets[2], fd;
	__u32 handle;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		create_and_sleep(_metadata, &self->node, sockets[1]);
		_exit(1);
	}
	fd = fd_receive(sockets[0]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, timeline_import(self->fd, fd, &handle));
	close(fd);
	EXPECT_TRUE(timeline_is_at(self->fd, handle, 3, 7));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	/* The work went with the file, and says so. */
	EXPECT_EQ(0, timeline_wait_one(self->fd, handle, 7, 0, TIMEOUT_MS));
	ASSERT_EQ(0, timeline_query(self->fd, handle, &query));
	EXPECT_EQ(7, query.failed_point);
	EXPECT_EQ(ECANCELED, query.error);
	ASSERT_EQ(0, timeline_signal(self->fd, handle, 8));
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(timeline_share, a_child_has_the_same_file)
{
	int status;
	pid_t child = fork_child();

	ASSERT_LE(0, child);
	if (!child) {
		/* The wait is for what only the parent does. */
		if (timeline_signal(self->fd, self->handle, 5) ||
		    timeline_wait_one(self->fd, self->handle, 6, 0, TIMEOUT_MS))
			_exit(1);
		_exit(timeline_close(self->fd, self->handle) ? 1 : 0);
	}
	EXPECT_EQ(0, timeline_wait_one(self->fd, self->handle, 5, 0, TIMEOUT_MS));
	EXPECT_EQ(0, timeline_signal(self->fd, self->handle, 6));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-ENOENT, timeline_signal(self->fd, self->handle, 7));
}

TEST_F(timeline_share, goes_before_its_fences)
{
	struct foreign fence;
	int ret;

	ret = foreign_make(&fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, timeline_attach(self->fd, self->handle, 2, fence.fd));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 3));
	ASSERT_EQ(0, timeline_close(self->fd, self->handle));
	close(self->exported);
	/* Nobody has it any more. */
	ASSERT_EQ(0, foreign_signal(&fence));
	ASSERT_EQ(0, test_finish(self->fd, false));
	foreign_close(&fence);
	self->exported = -1;
}

/* The device is gone, and its timelines with it, but for those that others have. */
TEST_F(timeline_share, stays_when_a_device_goes)
{
	struct node node;
	int user, observer;
	__u32 handle;

	if (!setup_test_device(_metadata, &node, &user, &observer))
		return;
	ASSERT_EQ(0, timeline_import(user, self->exported, &handle));
	ASSERT_EQ(0, test_submit(user, handle, 5));
	close(user);
	close(observer);
	EXPECT_EQ(0, timeline_wait_one(self->fd, self->handle, 5, 0, TIMEOUT_MS));
	EXPECT_EQ(0, test_device_remove());
	ASSERT_EQ(0, timeline_signal(self->fd, self->handle, 6));
}

TEST_HARNESS_MAIN
