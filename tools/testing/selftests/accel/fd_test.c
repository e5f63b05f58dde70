// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of a node that are copied, passed on, inherited and closed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "caller.h"
#include "fd_pass.h"
#include "harness.h"

#define EXEC_VARIABLE "ACCEL_SELFTEST_FD"
#define MANY 1000

/* What the program does when one of its tests has executed it, see below. */
static void __attribute__((constructor)) executed(void)
{
	const char *value = getenv(EXEC_VARIABLE);
	__u32 result;

	if (!value)
		return;
	/* EBADF and the like are the exit status. */
	_exit(-edu_factorial(atoi(value), 6, TIMEOUT_MS, &result) ?: result != 720);
}

FIXTURE(fd) {
	struct node node;
	int observer;
	int fd;
	struct accel_info_status before;
};

/* @before includes the two files of the fixture. */
FIXTURE_SETUP(fd)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->observer = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->observer);
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	read_status(_metadata, self->observer, &self->before);
}

FIXTURE_TEARDOWN(fd)
{
	close(self->fd);
	close(self->observer);
}

static void expect_works(struct __test_metadata *_metadata, int fd)
{
	__u32 result;

	EXPECT_EQ(0, edu_factorial(fd, 4, TIMEOUT_MS, &result));
	EXPECT_EQ(24, result);
}

/* How many user files there are more than the fixture's own. */
static int more_users(struct __test_metadata *_metadata, int observer,
		      const struct accel_info_status *before)
{
	struct accel_info_status status;

	read_status(_metadata, observer, &status);
	EXPECT_EQ(before->observers, status.observers);
	return (int)(status.users - before->users);
}

static void expect_child(struct __test_metadata *_metadata, pid_t pid, int code)
{
	int status;

	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(code, WEXITSTATUS(status));
}

TEST_F(fd, dup)
{
	int copy, other;

	copy = dup(self->fd);
	ASSERT_LE(0, copy);
	other = fcntl(self->fd, F_DUPFD_CLOEXEC, 100);
	ASSERT_LE(100, other);
	expect_works(_metadata, copy);
	expect_works(_metadata, other);

	/* Three descriptors of one file, which the last of them closes. */
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	expect_works(_metadata, copy);
	/* dup2() closes what it replaces. */
	EXPECT_EQ(copy, dup2(self->observer, copy));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	expect_works(_metadata, other);
	EXPECT_EQ(0, close(other));
	EXPECT_EQ(-1, more_users(_metadata, self->observer, &self->before));
	EXPECT_EQ(0, close(copy));
	/* For the tear-down. */
	self->fd = dup(self->observer);
}

TEST_F(fd, fork)
{
	int ready[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		expect_works(_metadata, self->fd);
		/* Until the parent has closed its own. */
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		expect_works(_metadata, self->fd);
		_exit(_metadata->exit_code);
	}
	expect_works(_metadata, self->fd);
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	ASSERT_EQ(1, write(ready[1], "", 1));
	expect_child(_metadata, pid, 0);
	EXPECT_EQ(-1, more_users(_metadata, self->observer, &self->before));
	self->fd = dup(self->observer);
}

TEST_F(fd, exit_closes)
{
	pid_t pid;
	int i;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < 10; i++)
			ASSERT_LE(0, open(self->node.path, O_RDWR));
		_exit(0);
	}
	expect_child(_metadata, pid, 0);
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
}

TEST_F(fd, passed_to_another_process)
{
	int sockets[2], fd;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* Of its own it has none. */
		close(sockets[0]);
		close(self->fd);
		ASSERT_EQ(1, read(sockets[1], &byte, 1));
		fd = fd_receive(sockets[1]);
		ASSERT_LE(0, fd);
		expect_works(_metadata, fd);
		ASSERT_EQ(1, write(sockets[1], "", 1));
		ASSERT_EQ(1, read(sockets[1], &byte, 1));
		_exit(_metadata->exit_code);
	}
	close(sockets[1]);
	ASSERT_EQ(1, write(sockets[0], "", 1));
	ASSERT_EQ(0, fd_send(sockets[0], self->fd));
	/* Under way, it is in no process's table. */
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	ASSERT_EQ(1, read(sockets[0], &byte, 1));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	ASSERT_EQ(1, write(sockets[0], "", 1));
	expect_child(_metadata, pid, 0);
	EXPECT_EQ(-1, more_users(_metadata, self->observer, &self->before));
	close(sockets[0]);
	self->fd = dup(self->observer);
}

/* Executes this program, which then tries the descriptor, see executed(). */
static pid_t execute(struct __test_metadata *_metadata, int fd)
{
	char value[16];
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		snprintf(value, sizeof(value), "%d", fd);
		setenv(EXEC_VARIABLE, value, 1);
		execl("/proc/self/exe", "fd_test", NULL);
		_exit(255);
	}
	return pid;
}

TEST_F(fd, exec)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, 0));
	expect_child(_metadata, execute(_metadata, self->fd), 0);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFD, FD_CLOEXEC));
	expect_child(_metadata, execute(_metadata, self->fd), EBADF);
	/* The role is inherited, too. */
	ASSERT_EQ(0, fcntl(self->observer, F_SETFD, 0));
	expect_child(_metadata, execute(_metadata, self->observer), EACCES);
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
}

TEST_F_TIMEOUT(fd, many_open, 120)
{
	struct rlimit limit = { .rlim_cur = 2 * MANY, .rlim_max = 2 * MANY };
	struct rlimit old;
	int *fds, i;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	if (old.rlim_cur < limit.rlim_cur) {
		if (old.rlim_max > limit.rlim_max)
			limit.rlim_max = old.rlim_max;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	}
	fds = calloc(MANY, sizeof(*fds));
	ASSERT_NE(NULL, fds);
	for (i = 0; i < MANY; i++) {
		fds[i] = open(self->node.path, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fds[i])
			TH_LOG("open number %d: %s", i, strerror(errno));
	}
	EXPECT_EQ(MANY, more_users(_metadata, self->observer, &self->before));
	expect_works(_metadata, fds[0]);
	expect_works(_metadata, fds[MANY - 1]);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, close(fds[i]));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	free(fds);
}

struct opener {
	pthread_t thread;
	const char *path;
	int ret;
};

static void *open_and_close(void *arg)
{
	struct opener *opener = arg;
	struct accel_info_device device;
	int i, fd;

	for (i = 0; i < MANY / 4 && !opener->ret; i++) {
		fd = open(opener->path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			opener->ret = -errno;
			break;
		}
		if (info_read(fd, ACCEL_INFO_DEVICE, &device, sizeof(device), 1) != 1)
			opener->ret = -EBADMSG;
		if (close(fd))
			opener->ret = -errno;
	}
	return NULL;
}

TEST_F_TIMEOUT(fd, opened_by_many, 120)
{
	struct opener openers[4] = {};
	int i;

	for (i = 0; i < 4; i++) {
		openers[i].path = self->node.path;
		ASSERT_EQ(0, pthread_create(&openers[i].thread, NULL, open_and_close,
					    &openers[i]));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(openers[i].thread, NULL));
		EXPECT_EQ(0, openers[i].ret);
	}
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
}

/* Files that are closed while a call on them sleeps. */
FIXTURE(in_call) {
	struct node node;
	int observer;
	int fd;
	struct accel_info_status before;
	struct caller caller;
};

FIXTURE_SETUP(in_call)
{
	int ret;

	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->observer = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->observer);
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	read_status(_metadata, self->observer, &self->before);
	ASSERT_EQ(0, node_stall(&self->node, true));
	self->caller = factorial_caller(self->fd, 5, 4 * TIMEOUT_MS);
	ret = caller_start(&self->caller);
	if (ret)
		node_stall(&self->node, false);
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN_PARENT(in_call)
{
	EXPECT_EQ(0, node_stall(&self->node, false));
}

TEST_F_TIMEOUT(in_call, close_waits_for_call, 120)
{
	__u32 result;

	/* The descriptor goes at once; the file, with the call that uses it. */
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(-EBADF, edu_factorial(self->fd, 5, 0, &result));
	EXPECT_EQ(0, more_users(_metadata, self->observer, &self->before));
	EXPECT_FALSE(atomic_load(&self->caller.done));

	ASSERT_EQ(0, caller_interrupt(&self->caller));
	ASSERT_EQ(0, caller_join(&self->caller));
	EXPECT_EQ(-EINTR, self->caller.ret);
	EXPECT_EQ(-1, more_users(_metadata, self->observer, &self->before));
}

TEST_F_TIMEOUT(in_call, exit_ends_call, 120)
{
	pid_t pid;
	__u32 result;

	ASSERT_EQ(0, caller_interrupt(&self->caller));
	ASSERT_EQ(0, caller_join(&self->caller));

	/* A process that ends while one of its threads is in a call. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct caller caller = factorial_caller(self->fd, 5, 4 * TIMEOUT_MS);

		ASSERT_EQ(0, caller_start(&caller));
		_exit(0);
	}
	expect_child(_metadata, pid, 0);
	ASSERT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, edu_factorial(self->fd, 5, TIMEOUT_MS, &result));
	EXPECT_EQ(120, result);
}

TEST_HARNESS_MAIN
