// SPDX-License-Identifier: GPL-2.0
/*
 * What a caller lets the test driver do for long is bounded, and ended by a signal:
 * as long as it lasts, the device cannot be removed.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "harness.h"

FIXTURE(bounds) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(bounds)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(bounds)
{
	close(self->fd);
}

TEST_F(bounds, more_is_refused)
{
	static const __u32 too_many[] = { 0x80000000, 0xffffffff };
	size_t i;

	EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_SEND, 0, ACCEL_TEST_MAX_EVENTS + 1,
				     NULL));
	EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_STAY_INSIDE,
				     ACCEL_TEST_MAX_STAY_MS * 1000 + 1, 0, NULL));
	EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_LINGER, 1,
				     ACCEL_TEST_MAX_STAY_MS + 1, NULL));
	EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_WORK_OFTEN, ACCEL_TEST_MAX_OFTEN + 1,
				     ACCEL_TEST_COUNT, NULL));
	EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_DUMP, ACCEL_TEST_MAX_DUMP + 1, 1,
				     NULL));
	for (i = 0; i < ARRAY_SIZE(too_many); i++) {
		__u32 n = too_many[i];

		EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_SEND, 0, n, NULL));
		EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_STAY_INSIDE, n, 0, NULL));
		EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_LINGER, 1, n, NULL));
		EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_WORK_OFTEN, n, 0, NULL));
		EXPECT_EQ(-EINVAL, test_call(self->fd, ACCEL_TEST_IOC_DUMP, n, 1, NULL));
	}
}

static void on_signal(int number)
{
	(void)number;
}

/* Until it has had an effect: the call may not have begun, or returned already. */
static void end_by_signals(struct __test_metadata *_metadata, pid_t child)
{
	int status;

	while (!waitpid(child, &status, WNOHANG)) {
		kill(child, SIGUSR1);
		sleep_ms(10);
	}
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == EINTR)
		TH_LOG("status 0x%x", status);
}

static void expect_interrupted(struct __test_metadata *_metadata, int fd, unsigned int command,
			       __u32 a, __u32 b)
{
	const struct sigaction action = { .sa_handler = on_signal };
	pid_t child;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child)
		_exit(-test_call(fd, command, a, b, NULL));
	end_by_signals(_metadata, child);
}

TEST_F_TIMEOUT(bounds, signals_end_it, 60)
{
	const __u32 most = ACCEL_TEST_MAX_STAY_MS;

	expect_interrupted(_metadata, self->fd, ACCEL_TEST_IOC_STAY_INSIDE, most * 1000, 0);
	expect_interrupted(_metadata, self->fd, ACCEL_TEST_IOC_LINGER, 0, most);
}

TEST_HARNESS_MAIN
