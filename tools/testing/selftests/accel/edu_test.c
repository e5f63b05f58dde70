// SPDX-License-Identifier: GPL-2.0
/*
 * What the edu device computes, for one caller and for many.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "caller.h"
#include "harness.h"

#define PROCESSES 4
#define THREADS 2
#define LOOPS 20

FIXTURE(device) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(device)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

TEST_F(device, factorial)
{
	__u32 n, result;

	for (n = 0; n <= 12; n++) {
		ASSERT_EQ(0, edu_factorial(self->fd, n, TIMEOUT_MS, &result));
		EXPECT_EQ(factorial(n), result)
			TH_LOG("%u!", n);
	}
	EXPECT_EQ(479001600, result);
}

TEST_F(device, factorial_overflow)
{
	static const __u32 arguments[] = { 13, 14, 100, 0x7fffffff, 0x80000000, 0xffffffff };
	__u32 result;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(arguments); i++) {
		EXPECT_EQ(-EINVAL, edu_factorial(self->fd, arguments[i], 0, &result))
			TH_LOG("%u!", arguments[i]);
		EXPECT_EQ(0, result);
	}
}

TEST_F(device, long_timeouts)
{
	static const __u32 timeouts[] = {
		TIMEOUT_MS, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};
	__u32 result;
	size_t i;

	/* None of them may turn into a short one on its way to jiffies. */
	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		EXPECT_EQ(0, edu_factorial(self->fd, 7, timeouts[i], &result))
			TH_LOG("with timeout %u", timeouts[i]);
		EXPECT_EQ(5040, result);
	}
}

TEST_F(device, liveness)
{
	static const __u32 values[] = { 0, 0xffffffff, 0x55555555, 0xaaaaaaaa, 0x01234567 };
	__u32 reply, bit;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		ASSERT_EQ(0, edu_liveness(self->fd, values[i], &reply));
		EXPECT_EQ(~values[i], reply);
	}
	for (bit = 1; bit; bit <<= 1) {
		ASSERT_EQ(0, edu_liveness(self->fd, bit, &reply));
		EXPECT_EQ(~bit, reply);
	}
}

struct worker {
	pthread_t thread;
	int fd;
	__u32 seed;
	int wrong;
	int ret;
};

/* Arguments differ between workers, so that nobody gets another's result. */
static void *work(void *arg)
{
	struct worker *worker = arg;
	__u32 i, n, result;

	for (i = 0; i < LOOPS && !worker->ret; i++) {
		n = (worker->seed + i) % 13;
		worker->ret = edu_factorial(worker->fd, n, TIMEOUT_MS, &result);
		worker->wrong += !worker->ret && result != factorial(n);
	}
	return NULL;
}

static void work_in_threads(struct __test_metadata *_metadata, int fd, __u32 seed)
{
	struct worker workers[THREADS] = {};
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i].fd = fd;
		workers[i].seed = seed + i;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].ret);
		EXPECT_EQ(0, workers[i].wrong);
	}
}

TEST_F_TIMEOUT(device, many_at_once, 120)
{
	int i, fd, status;

	/* Half of the processes share the file, the others have their own. */
	for (i = 0; i < PROCESSES; i++) {
		if (fork())
			continue;
		fd = self->fd;
		if (i % 2)
			fd = open(self->node.path, O_RDWR);
		work_in_threads(_metadata, fd, 1 + i * THREADS);
		_exit(_metadata->exit_code);
	}
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
}

/* Fast, so that a value and its reply of one caller meet those of another. */
static void *probe_liveness(void *arg)
{
	struct worker *worker = arg;
	__u32 i, value, reply;

	for (i = 0; i < 100 * LOOPS && !worker->ret; i++) {
		value = worker->seed << 24 | i;
		worker->ret = edu_liveness(worker->fd, value, &reply);
		worker->wrong += !worker->ret && reply != ~value;
	}
	return NULL;
}

TEST_F_TIMEOUT(device, liveness_of_many, 120)
{
	struct worker workers[PROCESSES] = {};
	int i;

	for (i = 0; i < PROCESSES; i++) {
		workers[i].fd = self->fd;
		workers[i].seed = 1 + i;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, probe_liveness,
					    &workers[i]));
	}
	for (i = 0; i < PROCESSES; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		EXPECT_EQ(0, workers[i].ret);
		EXPECT_EQ(0, workers[i].wrong)
			TH_LOG("got replies to the values of others");
	}
}

TEST_F_TIMEOUT(device, short_timeout_in_a_crowd, 120)
{
	int i, ret, timeouts = 0;
	pid_t crowd[2];
	__u32 result;

	for (i = 0; i < 2; i++) {
		crowd[i] = fork();
		ASSERT_LE(0, crowd[i]);
		while (!crowd[i])
			edu_factorial(self->fd, 12, TIMEOUT_MS, &result);
	}
	for (i = 0; i < 100; i++) {
		ret = edu_factorial(self->fd, 5, 1, &result);
		EXPECT_TRUE(!ret || ret == -ETIMEDOUT)
			TH_LOG("%s", strerror(-ret));
		EXPECT_EQ(ret ? 0 : 120, result);
		timeouts += !!ret;
	}
	for (i = 0; i < 2; i++) {
		kill(crowd[i], SIGKILL);
		ASSERT_EQ(crowd[i], waitpid(crowd[i], NULL, 0));
	}
	/* However many have given up, the device has not. */
	EXPECT_EQ(0, edu_factorial(self->fd, 5, TIMEOUT_MS, &result))
		TH_LOG("after %d timeouts", timeouts);
	EXPECT_EQ(120, result);
}

TEST_F_TIMEOUT(device, result_is_not_of_an_abandoned_call, 120)
{
	__u32 result;
	int i, ret;

	/*
	 * The device may still work on 12! when its caller has given up. That
	 * result and its interrupt are not those of the next caller.
	 */
	for (i = 0; i < 50; i++) {
		ret = edu_factorial(self->fd, 12, 1, &result);
		EXPECT_TRUE(!ret || ret == -ETIMEDOUT)
			TH_LOG("%s", strerror(-ret));
		ASSERT_EQ(0, edu_factorial(self->fd, 3, TIMEOUT_MS, &result));
		ASSERT_EQ(6, result);
	}
}

TEST_HARNESS_MAIN
