// SPDX-License-Identifier: GPL-2.0
/*
 * The device is unplugged while it is in use, and plugged in again.
 *
 * Environment:
 *  ACCEL_UNPLUG  a shell command that asks the machine to unplug the device
 *  ACCEL_PLUG    a shell command that plugs it in again
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "caller.h"
#include "harness.h"

#define GONE (POLLHUP | POLLERR)
#define NS_PER_MS 1000000ULL
#define USERS 2
#define CYCLES 3

/* The machine takes a device out a moment after the kernel has let go of it. */
static int plug_in(void)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * NS_PER_MS;
	int ret;

	while ((ret = system(getenv("ACCEL_PLUG"))) && now_ns() < deadline)
		sleep_ms(100);
	return ret;
}

FIXTURE(hotplug) {
	struct node node;
};

FIXTURE_SETUP(hotplug)
{
	if (!getenv("ACCEL_UNPLUG") || !getenv("ACCEL_PLUG"))
		SKIP(return, "ACCEL_UNPLUG and ACCEL_PLUG are not set");
	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
}

FIXTURE_TEARDOWN_PARENT(hotplug)
{
	struct node again;

	if (self->node.path[0] && node_find(&again))
		EXPECT_EQ(0, plug_in());
}

/* Waits until the node is there, or is not. */
static void wait_node(struct __test_metadata *_metadata, const char *path, bool there)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * NS_PER_MS;

	while (!access(path, F_OK) != there) {
		ASSERT_GT(deadline, now_ns())
			TH_LOG("%s is %s", path, there ? "not there" : "still there");
		sleep_ms(10);
	}
}

static void unplug(struct __test_metadata *_metadata, const struct node *node)
{
	ASSERT_EQ(0, system(getenv("ACCEL_UNPLUG")))
		TH_LOG("%s", getenv("ACCEL_UNPLUG"));
	wait_node(_metadata, node->path, false);
	wait_node(_metadata, node->device_dir, false);
}

/* It may have another place on its bus than before. */
static void plug(struct __test_metadata *_metadata, struct node *node)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * NS_PER_MS;
	int ret;

	ASSERT_EQ(0, plug_in())
		TH_LOG("%s", getenv("ACCEL_PLUG"));
	while ((ret = node_find(node)) && now_ns() < deadline)
		sleep_ms(10);
	ASSERT_EQ(0, ret)
		TH_LOG("%s", node_why());
}

static void expect_works(struct __test_metadata *_metadata, const struct node *node)
{
	__u32 result;
	int fd;

	fd = test_open(node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, edu_factorial(fd, 6, TIMEOUT_MS, &result));
	EXPECT_EQ(720, result);
	close(fd);
}

static void expect_gone(struct __test_metadata *_metadata, int fd)
{
	struct pollfd poll_fd = { .fd = fd };
	__u32 result;

	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(GONE, poll_fd.revents);
	EXPECT_EQ(-ENODEV, edu_factorial(fd, 5, 0, &result));
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, ACCEL_IOC_INFO, NULL));
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, 0, NULL));
}

TEST_F_TIMEOUT(hotplug, in_use, 300)
{
	struct caller sleeper, poller;
	struct node again;
	int user, observer;
	__u64 begin;

	user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, user);
	observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, observer);
	ASSERT_EQ(0, node_stall(&self->node, true));
	sleeper = factorial_caller(user, 5, 8 * TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&sleeper));
	poller = poll_caller(observer, 0, 8 * TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&poller));

	begin = now_ns();
	unplug(_metadata, &self->node);
	TH_LOG("the device was gone %llu ms after the request", (now_ns() - begin) / NS_PER_MS);
	ASSERT_EQ(0, caller_join(&sleeper));
	EXPECT_EQ(-ENODEV, sleeper.ret);
	EXPECT_EQ(0, sleeper.result);
	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(GONE, poller.result);
	expect_gone(_metadata, user);
	expect_gone(_metadata, observer);
	EXPECT_EQ(-1, access(self->node.class_dir, F_OK));

	/* What is plugged in is another device than that of the open files. */
	plug(_metadata, &again);
	EXPECT_NE(self->node.minor, again.minor);
	expect_works(_metadata, &again);
	expect_gone(_metadata, user);
	expect_gone(_metadata, observer);

	EXPECT_EQ(0, close(user));
	EXPECT_EQ(0, close(observer));
	unplug(_metadata, &again);
	plug(_metadata, &again);
	EXPECT_EQ(self->node.minor, again.minor);
	expect_works(_metadata, &again);
}

/* Uses the device for as long as it is there; its exit status says what was wrong. */
static void use(const struct node *node)
{
	__u32 n, result;
	int fd, ret;

	fd = test_open(node, O_RDWR);
	if (fd < 0)
		_exit(2);
	for (n = 0; ; n = (n + 1) % 13) {
		ret = edu_factorial(fd, n, TIMEOUT_MS, &result);
		if (ret == -ENODEV)
			_exit(0);
		if (ret || result != factorial(n))
			_exit(1);
	}
}

TEST_F_TIMEOUT(hotplug, under_load, 300)
{
	struct node node = self->node;
	pid_t pids[USERS];
	int cycle, i, status;

	for (cycle = 0; cycle < CYCLES; cycle++) {
		for (i = 0; i < USERS; i++) {
			pids[i] = fork_child();
			ASSERT_LE(0, pids[i]);
			if (!pids[i])
				use(&node);
		}
		sleep_ms(50);
		unplug(_metadata, &node);
		for (i = 0; i < USERS; i++) {
			ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
			EXPECT_EQ(0, status)
				TH_LOG("cycle %d", cycle);
		}
		plug(_metadata, &node);
		expect_works(_metadata, &node);
	}
}

TEST_HARNESS_MAIN
