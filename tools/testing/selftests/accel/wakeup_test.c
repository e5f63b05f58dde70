// SPDX-License-Identifier: GPL-2.0
/*
 * Who wakes for what: whoever waits for something of its own is not woken for others.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "fences.h"
#include "harness.h"
#include "sim.h"

/* How much happens that is not for who sleeps. */
#define OTHERS 200

/* How often a thread has gone to sleep so far, or an error. */
static long sleeps(const struct caller *caller)
{
	static const char name[] = "voluntary_ctxt_switches:";
	char dir[32], text[4096], *line;

	snprintf(dir, sizeof(dir), "/proc/%d", atomic_load(&caller->tid));
	if (read_file(dir, "status", text, sizeof(text)))
		return -ENOENT;
	line = strstr(text, name);
	return line ? strtol(line + strlen(name), NULL, 10) : -ENODATA;
}

static int call_sim_wait(struct caller *caller)
{
	const struct sim_user user = { .fd = caller->fd };

	return sim_wait(&user, caller->n, 4 * TIMEOUT_MS, NULL);
}

static int call_wait_job(struct caller *caller)
{
	struct accel_test_wait arg = {
		.size = sizeof(arg),
		.timeout_ms = 4 * TIMEOUT_MS,
		.job = caller->n,
		.times = caller->result,
	};

	return sys_ioctl(caller->fd, ACCEL_TEST_IOC_WAIT_JOB, &arg);
}

static int call_observe(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_OBSERVE, 4 * TIMEOUT_MS, 0, NULL);
}

FIXTURE(sim_wakeup) {
	struct node node;
	struct sim_user user;
	struct sim_user other;
};

FIXTURE_SETUP(sim_wakeup)
{
	if (!setup_sim(_metadata, &self->node))
		return;
	ASSERT_EQ(0, sim_open(&self->user, &self->node));
	ASSERT_EQ(0, sim_open(&self->other, &self->node));
}

FIXTURE_TEARDOWN(sim_wakeup)
{
	sim_close(&self->user);
	sim_close(&self->other);
}

static void do_others(struct __test_metadata *_metadata, const struct sim_user *user)
{
	for (int i = 0; i < OTHERS; i++) {
		struct accel_sim_submit job = sim_job(user, ACCEL_SIM_ADD, 1);

		ASSERT_EQ(0, sim_run(user, &job));
	}
}

TEST_F(sim_wakeup, a_poller_wakes_for_jobs_of_its_file_only)
{
	struct caller poller = poll_caller(self->user.fd, POLLIN, 4 * TIMEOUT_MS);
	struct accel_sim_submit job;
	long before;

	ASSERT_EQ(0, caller_start(&poller));
	before = sleeps(&poller);
	ASSERT_LT(0, before);
	do_others(_metadata, &self->other);
	EXPECT_EQ(before, sleeps(&poller));

	job = sim_job(&self->user, ACCEL_SIM_ADD, 1);
	ASSERT_EQ(0, sim_submit(&self->user, &job));
	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(POLLIN, poller.result);
}

TEST_F(sim_wakeup, a_waiter_wakes_for_its_job_only)
{
	struct caller waiter = { .call = call_sim_wait, .syscall_nr = SYS_ioctl };
	struct accel_sim_submit job;
	struct foreign fence;
	long before;
	int ret;

	ret = foreign_make(&fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, sim_submit_fenced(&self->user, fence.fd, &job));
	waiter.fd = self->user.fd;
	waiter.n = job.job;
	ASSERT_EQ(0, caller_start(&waiter));
	before = sleeps(&waiter);
	ASSERT_LT(0, before);
	/* They have to be over before the fence is, which ends by itself after ten seconds. */
	for (int i = 0; i < OTHERS / 10; i++) {
		struct accel_sim_submit other = sim_job(&self->other, ACCEL_SIM_ADD, 1);

		ASSERT_EQ(0, sim_run(&self->other, &other));
	}
	if (!atomic_load(&waiter.done))
		EXPECT_EQ(before, sleeps(&waiter));

	ASSERT_EQ(0, foreign_signal(&fence));
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(0, waiter.ret);
	foreign_close(&fence);
}

FIXTURE(wakeup) {
	struct node node;
	int user;
	int observer;
};

FIXTURE_SETUP(wakeup)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
}

FIXTURE_TEARDOWN(wakeup)
{
	close(self->user);
	close(self->observer);
}

static int interrupt(int fd, __u32 what, __u32 number)
{
	return test_call(fd, ACCEL_TEST_IOC_INTERRUPT, what, number, NULL);
}

TEST_F(wakeup, a_caller_wakes_for_its_job_only)
{
	struct caller waiter = { .call = call_wait_job, .syscall_nr = SYS_ioctl };
	struct accel_test_wait now = { .size = sizeof(now), .job = 1 };
	long before;

	/* Other runs may have done it before. */
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_END_JOB, 1, 0, NULL));
	ASSERT_EQ(0, sys_ioctl(self->user, ACCEL_TEST_IOC_WAIT_JOB, &now));
	waiter.fd = self->user;
	waiter.n = 1;
	waiter.result = now.times;
	ASSERT_EQ(0, caller_start(&waiter));
	before = sleeps(&waiter);
	ASSERT_LT(0, before);
	for (int i = 0; i < OTHERS; i++) {
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_END_JOB, 2));
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE, 0));
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE_POLLERS, 0));
	}
	EXPECT_EQ(before, sleeps(&waiter));

	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_END_JOB, 1));
	ASSERT_EQ(0, caller_join(&waiter));
	EXPECT_EQ(0, waiter.ret);
}

TEST_F(wakeup, a_poller_does_not_wake_for_calls)
{
	struct caller poller = poll_caller(self->observer, POLLIN, 4 * TIMEOUT_MS);
	long before;

	ASSERT_EQ(0, events_subscribe(self->observer, ACCEL_EVENT_CLASS_ERROR, -1));
	ASSERT_EQ(0, caller_start(&poller));
	before = sleeps(&poller);
	ASSERT_LT(0, before);
	for (int i = 0; i < OTHERS; i++) {
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE, 0));
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE_POLLERS, 0));
		/* Nor for events of another class. */
		ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_SEND, 0));
	}
	EXPECT_EQ(before, sleeps(&poller));

	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_REPORT, 0));
	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(POLLIN, poller.result);
}

TEST_F(wakeup, an_interrupt_wakes_observers)
{
	struct caller observers[2];

	for (int i = 0; i < 2; i++) {
		observers[i] = (struct caller) {
			.call = call_observe,
			.syscall_nr = SYS_ioctl,
			.fd = i ? self->observer : self->user,
		};
		ASSERT_EQ(0, caller_start(&observers[i]));
	}
	ASSERT_EQ(0, interrupt(self->user, ACCEL_TEST_INTERRUPT_WAKE, 0));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, caller_join(&observers[i]));
		EXPECT_EQ(0, observers[i].ret);
	}
}

TEST_HARNESS_MAIN
