// SPDX-License-Identifier: GPL-2.0
/*
 * What the edu device computes, and how callers wait for it and for their turn.
 *
 * The device itself is done at once. To see a caller wait, its interrupts are
 * held back, see node_stall().
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "harness.h"

#define PROCESSES 4
#define THREADS 2
#define LOOPS 20
#define NS_PER_MS 1000000ULL

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
		ASSERT_EQ(0, edu_factorial(self->fd, n, PATIENCE_MS, &result));
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
		PATIENCE_MS, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
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
		worker->ret = edu_factorial(worker->fd, n, PATIENCE_MS, &result);
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
			edu_factorial(self->fd, 12, PATIENCE_MS, &result);
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
	EXPECT_EQ(0, edu_factorial(self->fd, 5, PATIENCE_MS, &result))
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
		ASSERT_EQ(0, edu_factorial(self->fd, 3, PATIENCE_MS, &result));
		ASSERT_EQ(6, result);
	}
}

/* The device without its interrupts, and a caller that waits for one. */
FIXTURE(stalled) {
	struct node node;
	int fd;
	struct caller holder;
};

FIXTURE_SETUP(stalled)
{
	int ret;

	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, node_stall(&self->node, true));
	self->holder = factorial_caller(self->fd, 12, 4 * PATIENCE_MS);
	ret = caller_start(&self->holder);
	if (ret)
		node_stall(&self->node, false);
	ASSERT_EQ(0, ret)
		TH_LOG("the caller did not wait for an interrupt");
}

FIXTURE_TEARDOWN_PARENT(stalled)
{
	/* The test's process has ended, and with it the callers. */
	EXPECT_EQ(0, node_stall(&self->node, false));
}

TEST_F_TIMEOUT(stalled, signal_interrupts_holder, 120)
{
	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));
	EXPECT_EQ(-EINTR, self->holder.ret);
	EXPECT_EQ(0, self->holder.result);
}

TEST_F_TIMEOUT(stalled, signal_interrupts_waiter, 120)
{
	struct caller waiter = factorial_caller(self->fd, 5, 4 * PATIENCE_MS);

	ASSERT_EQ(0, caller_start(&waiter));
	ASSERT_EQ(0, caller_interrupt(&waiter));
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(-EINTR, waiter.ret);
	EXPECT_EQ(0, waiter.result);
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, waiter_times_out, 120)
{
	__u64 start = now_ns(), elapsed;
	__u32 result;

	EXPECT_EQ(-ETIMEDOUT, edu_factorial(self->fd, 5, 200, &result));
	elapsed = now_ns() - start;
	EXPECT_LE(200 * NS_PER_MS, elapsed);
	EXPECT_GT(PATIENCE_MS * NS_PER_MS, elapsed);
	EXPECT_EQ(0, result);
	EXPECT_EQ(-ETIMEDOUT, edu_factorial(self->fd, 5, 1, &result));
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, bad_argument_does_not_wait, 120)
{
	__u32 result;

	EXPECT_EQ(-EINVAL, edu_factorial(self->fd, 13, 4 * PATIENCE_MS, &result));
	EXPECT_FALSE(atomic_load(&self->holder.done));
}

TEST_F_TIMEOUT(stalled, observer_does_not_wait, 120)
{
	struct accel_info_status status;
	int fd;

	fd = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	read_status(_metadata, fd, &status);
	EXPECT_LE(1, status.users);
	EXPECT_FALSE(atomic_load(&self->holder.done));
	close(fd);
}

TEST_F_TIMEOUT(stalled, holder_times_out, 120)
{
	struct caller late = factorial_caller(self->fd, 5, 300);

	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));

	/* With the device for itself, it still gets no interrupt. */
	ASSERT_EQ(0, caller_start(&late));
	ASSERT_EQ(0, caller_join(&late));
	EXPECT_EQ(-ETIMEDOUT, late.ret);
	EXPECT_EQ(0, late.result);
	EXPECT_LE(300 * NS_PER_MS, late.elapsed_ns);
}

TEST_F_TIMEOUT(stalled, default_timeout_is_a_second, 120)
{
	struct caller late = factorial_caller(self->fd, 5, 0);

	ASSERT_EQ(0, caller_start(&late));
	ASSERT_EQ(0, caller_join(&late));
	EXPECT_EQ(-ETIMEDOUT, late.ret);
	EXPECT_LE(1000 * NS_PER_MS, late.elapsed_ns);
	EXPECT_GT(PATIENCE_MS / 2 * NS_PER_MS, late.elapsed_ns);
}

TEST_F_TIMEOUT(stalled, turn_passes_on, 120)
{
	struct caller waiter = factorial_caller(self->fd, 5, 4 * PATIENCE_MS);

	ASSERT_EQ(0, caller_start(&waiter));
	ASSERT_EQ(0, node_stall(&self->node, false));
	/* The holder's interrupt is lost for good; the waiter's is not. */
	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));
	EXPECT_EQ(-EINTR, self->holder.ret);
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(0, waiter.ret);
	EXPECT_EQ(120, waiter.result);
}

static pid_t start_process(struct __test_metadata *_metadata, int fd)
{
	__u32 result;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		edu_factorial(fd, 12, 4 * PATIENCE_MS, &result);
		_exit(0);
	}
	EXPECT_EQ(0, wait_asleep(pid, SYS_ioctl, NULL));
	return pid;
}

static void kill_process(struct __test_metadata *_metadata, pid_t pid)
{
	int status;

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F_TIMEOUT(stalled, killed_callers_leave_no_trace, 120)
{
	pid_t holder, waiter;
	__u32 result;

	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));

	holder = start_process(_metadata, self->fd);
	waiter = start_process(_metadata, self->fd);
	kill_process(_metadata, waiter);
	waiter = start_process(_metadata, self->fd);
	kill_process(_metadata, holder);
	kill_process(_metadata, waiter);

	ASSERT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, edu_factorial(self->fd, 5, PATIENCE_MS, &result));
	EXPECT_EQ(120, result);
}

TEST_HARNESS_MAIN
