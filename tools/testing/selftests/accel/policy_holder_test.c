// SPDX-License-Identifier: GPL-2.0
/*
 * What the open policy counts: files, which can be copied, passed on,
 * inherited and left behind.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd_pass.h"
#include "policy.h"

#define EXEC_VARIABLE "ACCEL_SELFTEST_HOLD"

/* What the program does when one of its tests has executed it. */
static void __attribute__((constructor)) executed(void)
{
	const char *value = getenv(EXEC_VARIABLE);
	char byte;

	if (!value)
		return;
	/* It has inherited a file. It says so, and goes when it is told to. */
	if (write(atoi(value), "", 1) != 1 || read(atoi(value), &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

/* Opens until alice has all she may have but one, and then this one here. */
static int hold(struct __test_metadata *_metadata, struct agent *alice, const struct node *node,
		int limit)
{
	int i, fd;

	for (i = 0; i < limit - 1; i++)
		ASSERT_LE(0, agent_open(alice, node, O_RDWR));
	ASSERT_EQ(0, seteuid(ALICE));
	fd = test_open(node, O_RDWR);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, fd);
	return fd;
}

/* As many as before, and whether there is room for another of alice's. */
static void expect_held(struct __test_metadata *_metadata, struct agent *alice,
			const struct node *node, int limit, bool held)
{
	int fd;

	fd = agent_open(alice, node, O_RDWR);
	if (limit && held) {
		EXPECT_EQ(-EBUSY, fd);
	} else {
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, agent_close(alice, fd));
	}
}

TEST_F(policy, copies_do_not_count)
{
	int fd, copy, sockets[2], before;
	pid_t pid;

	fd = hold(_metadata, &self->alice, &self->node, variant->limit);
	before = users(_metadata, self->observer);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, fd_send(sockets[0], fd));
	pid = fork_child();
	ASSERT_LE(0, pid);
	if (!pid) {
		pause();
		_exit(0);
	}
	EXPECT_EQ(before, users(_metadata, self->observer));

	/* The file lives as long as the last of its copies. */
	close(fd);
	close(copy);
	expect_held(_metadata, &self->alice, &self->node, variant->limit, true);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	expect_held(_metadata, &self->alice, &self->node, variant->limit, true);
	fd = fd_receive(sockets[1]);
	ASSERT_LE(0, fd);
	expect_held(_metadata, &self->alice, &self->node, variant->limit, true);
	EXPECT_EQ(before, users(_metadata, self->observer));
	close(fd);
	expect_held(_metadata, &self->alice, &self->node, variant->limit, false);
	EXPECT_EQ(before - 1, users(_metadata, self->observer));
}

TEST_F(policy, holder_executes)
{
	int fd, sockets[2], before, status;
	char value[16], byte;
	pid_t pid;

	fd = hold(_metadata, &self->alice, &self->node, variant->limit);
	before = users(_metadata, self->observer);
	ASSERT_EQ(0, fcntl(fd, F_SETFD, 0));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork_child();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(sockets[0]);
		snprintf(value, sizeof(value), "%d", sockets[1]);
		setenv(EXEC_VARIABLE, value, 1);
		execl("/proc/self/exe", "policy_holder_test", NULL);
		_exit(255);
	}
	close(sockets[1]);
	close(fd);
	ASSERT_EQ(1, read(sockets[0], &byte, 1));
	EXPECT_EQ(before, users(_metadata, self->observer));
	expect_held(_metadata, &self->alice, &self->node, variant->limit, true);
	ASSERT_EQ(1, write(sockets[0], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	expect_held(_metadata, &self->alice, &self->node, variant->limit, false);
}

TEST_F(policy, holder_crashes)
{
	int fds[MANY], count, round;
	struct agent holder;

	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, agent_start(&holder, ALICE, 0, 0));
		count = open_all(_metadata, &holder, &self->node, fds);
		ASSERT_EQ(admitted(variant->limit), count)
			TH_LOG("round %d", round);
		ASSERT_EQ(0, agent_kill(&holder));
		ASSERT_EQ(0, users(_metadata, self->observer))
			TH_LOG("round %d", round);
	}
}

static int do_fork(struct agent_memory *memory)
{
	pid_t pid = fork();

	(void)memory;
	if (!pid) {
		/* It outlives the holder, but not everything. */
		alarm(TIMEOUT_MS / 1000);
		pause();
		_exit(0);
	}
	return pid < 0 ? -errno : pid;
}

TEST_F(policy, holder_leaves_a_child)
{
	int fds[MANY], count;
	struct agent holder;
	pid_t child;

	ASSERT_EQ(0, agent_start(&holder, ALICE, 0, 0));
	count = open_all(_metadata, &holder, &self->node, fds);
	child = agent_call(&holder, do_fork);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, agent_kill(&holder));
	EXPECT_EQ(count, users(_metadata, self->observer));
	expect_held(_metadata, &self->alice, &self->node, variant->limit, true);
	ASSERT_EQ(0, kill(child, SIGKILL));
	/* It is not a child of this process. */
	while (!kill(child, 0))
		sleep_ms(1);
	EXPECT_EQ(0, users(_metadata, self->observer));
	expect_held(_metadata, &self->alice, &self->node, variant->limit, false);
}

TEST_HARNESS_MAIN
