// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs of the accelerator in software and their fences: in which order they are
 * done, how callers learn of it, and what becomes of them when something ends.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "buffer.h"
#include "caller.h"
#include "fd_pass.h"
#include "fences.h"
#include "harness.h"
#include "sim.h"

FIXTURE(sim_fence) {
	struct node node;
	struct sim_user user;
};

FIXTURE_SETUP(sim_fence)
{
	if (!setup_sim(_metadata, &self->node))
		return;
	ASSERT_EQ(0, sim_open(&self->user, &self->node));
}

FIXTURE_TEARDOWN(sim_fence)
{
	close(self->user.fd);
}

/* False: the test is skipped. */
static bool setup_foreign(struct __test_metadata *_metadata, struct foreign *fence)
{
	int ret = foreign_make(fence);

	if (ret == -ENOENT && !node_required())
		SKIP(return false, "no fences of others here");
	ASSERT_EQ(0, ret)
		TH_LOG("fence of DRM: %s", strerror(-ret));
	return true;
}

TEST_F(sim_fence, says_when_a_job_is_done)
{
	struct accel_sim_submit job;
	char name[32];

	EXPECT_EQ(0, sim_poll(&self->user, 0));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, -1, &job));
	EXPECT_EQ(FD_CLOEXEC, fcntl(job.out_fence, F_GETFD));
	EXPECT_EQ(POLLIN, sim_poll(&self->user, TIMEOUT_MS));
	EXPECT_EQ(1, fence_wait(job.out_fence));
	EXPECT_EQ(0, fence_driver(job.out_fence, name));
	EXPECT_STREQ("detached-driver", name);
	EXPECT_EQ(0, sim_wait(&self->user, job.job, 0, NULL));
	EXPECT_EQ(0, sim_poll(&self->user, 0));
	/* And again, of somebody who may have missed it. */
	EXPECT_EQ(0, sim_wait(&self->user, job.job, 0, NULL));
	close(job.out_fence);
}

TEST_F(sim_fence, is_in_order_in_a_file_only)
{
	struct accel_sim_submit first, second, other;
	struct foreign fence;
	struct sim_user user;
	char name[32];

	if (!setup_foreign(_metadata, &fence))
		return;
	ASSERT_EQ(0, sim_open(&user, &self->node));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, fence.fd, &first));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, -1, &second));
	ASSERT_EQ(0, sim_submit_fenced(&user, -1, &other));
	EXPECT_LT(first.job, second.job);
	EXPECT_EQ(1, fence_wait(other.out_fence));
	EXPECT_EQ(-ETIMEDOUT, sim_wait(&self->user, second.job, 20, NULL));
	EXPECT_EQ(0, fence_status(first.out_fence));
	EXPECT_EQ(0, fence_driver(first.out_fence, name));
	EXPECT_STREQ("accel", name);
	EXPECT_EQ(0, sim_poll(&self->user, 0));

	ASSERT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(POLLIN, sim_poll(&self->user, TIMEOUT_MS));
	EXPECT_EQ(1, fence_wait(second.out_fence));
	EXPECT_EQ(1, fence_status(first.out_fence));
	foreign_close(&fence);
	sim_close(&user);
}

TEST_F(sim_fence, takes_so_many_at_a_time)
{
	struct accel_sim_submit job;
	struct foreign fence;

	if (!setup_foreign(_metadata, &fence))
		return;
	for (int i = 0; i < ACCEL_SIM_MAX_JOBS; i++) {
		job = sim_job(&self->user, ACCEL_SIM_ADD, 16);
		job.flags = i ? 0 : ACCEL_SIM_IN_FENCE;
		job.in_fence = i ? 0 : fence.fd;
		ASSERT_EQ(0, sim_submit(&self->user, &job));
		ASSERT_EQ(i + 1, job.job);
	}
	job.job = 0;
	EXPECT_EQ(-EAGAIN, sim_submit(&self->user, &job));
	ASSERT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(0, sim_wait(&self->user, ACCEL_SIM_MAX_JOBS, TIMEOUT_MS, NULL));
	EXPECT_EQ(0, sim_wait(&self->user, 1, 0, NULL));
	EXPECT_EQ(0, sim_run(&self->user, &job));
	EXPECT_EQ(-ENOENT, sim_wait(&self->user, 1, 0, NULL));
	foreign_close(&fence);
}

TEST_F(sim_fence, passes_errors_on)
{
	struct accel_sim_submit first, second;
	struct foreign fence;
	struct sim_user user;
	int error;

	if (!setup_foreign(_metadata, &fence))
		return;
	ASSERT_EQ(0, sim_open(&user, &self->node));
	ASSERT_EQ(0, sim_submit_fenced(&user, fence.fd, &first));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, first.out_fence, &second));
	EXPECT_EQ(0, fence_status(second.out_fence));
	sim_close(&user);
	EXPECT_EQ(-ECANCELED, fence_wait(first.out_fence));
	EXPECT_EQ(-ECANCELED, fence_wait(second.out_fence));
	EXPECT_EQ(0, sim_wait(&self->user, second.job, 0, &error));
	EXPECT_EQ(-ECANCELED, error);
	foreign_close(&fence);
}

static int call_wait(struct caller *caller)
{
	const struct sim_user user = { .fd = caller->fd };

	return sim_wait(&user, caller->n, caller->timeout_ms, NULL);
}

static struct caller wait_caller(int fd, __u64 job)
{
	return (struct caller) {
		.call = call_wait,
		.syscall_nr = SYS_ioctl,
		.fd = fd,
		.n = job,
		.timeout_ms = TIMEOUT_MS,
	};
}

TEST_F(sim_fence, wait_ends_early)
{
	struct accel_sim_submit job;
	struct caller interrupted, woken;
	struct foreign fence;

	if (!setup_foreign(_metadata, &fence))
		return;
	ASSERT_EQ(0, sim_submit_fenced(&self->user, fence.fd, &job));
	interrupted = wait_caller(self->user.fd, job.job);
	woken = wait_caller(self->user.fd, job.job);
	ASSERT_EQ(0, caller_start(&interrupted));
	ASSERT_EQ(0, caller_start(&woken));
	ASSERT_EQ(0, caller_interrupt(&interrupted));
	ASSERT_EQ(0, caller_join(&interrupted));
	EXPECT_EQ(-EINTR, interrupted.ret);
	ASSERT_EQ(0, foreign_signal(&fence));
	ASSERT_EQ(0, caller_join(&woken));
	EXPECT_EQ(0, woken.ret);
	foreign_close(&fence);
}

/* Submits a job that does not begin, and hands out the fence of another one behind it. */
static void submit_and_sleep(struct __test_metadata *_metadata, const struct node *node,
			     int in_fence, int socket)
{
	struct accel_sim_submit job;
	struct sim_user user;

	ASSERT_EQ(0, sim_open(&user, node));
	ASSERT_EQ(0, sim_submit_fenced(&user, in_fence, &job));
	ASSERT_EQ(0, sim_submit_fenced(&user, -1, &job));
	ASSERT_EQ(0, fd_send(socket, job.out_fence));
	pause();
}

TEST_F(sim_fence, submitter_is_killed)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	long long before = buffers_in_use(self->user.fd);
	struct foreign fence;
	int sockets[2], fd;
	pid_t child;

	if (!setup_foreign(_metadata, &fence))
		return;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		submit_and_sleep(_metadata, &self->node, fence.fd, sockets[1]);
		_exit(1);
	}
	fd = fd_receive(sockets[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fence_status(fd));
	EXPECT_LT(before, buffers_in_use(self->user.fd));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	EXPECT_EQ(-ECANCELED, fence_wait(fd));
	/* The memory goes with the jobs. */
	while (buffers_in_use(self->user.fd) != before && now_ns() < deadline)
		sleep_ms(1);
	EXPECT_EQ(before, buffers_in_use(self->user.fd));
	close(fd);
	foreign_close(&fence);
}

TEST_F(sim_fence, driver_goes)
{
	struct accel_sim_submit job, done, late;
	struct foreign fence;
	struct caller caller;
	char name[32];

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_SIM_KO") ||
	    !setup_foreign(_metadata, &fence))
		return;
	ASSERT_EQ(0, sim_submit_fenced(&self->user, -1, &done));
	ASSERT_EQ(1, fence_wait(done.out_fence));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, fence.fd, &job));
	caller = wait_caller(self->user.fd, job.job);
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, module_unload(SIM_DRIVER));
	EXPECT_EQ(-ENODEV, fence_status(job.out_fence));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ENODEV, caller.ret);
	EXPECT_EQ(POLLHUP | POLLERR, sim_poll(&self->user, 0));
	EXPECT_EQ(-ENODEV, sim_submit_fenced(&self->user, -1, &late));
	/* Nobody is left whom it could tell. */
	EXPECT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(0, module_load(SIM_DRIVER, ""));

	/* And without the framework. */
	sim_close(&self->user);
	ASSERT_EQ(0, module_reload_all(""));
	EXPECT_EQ(1, fence_status(done.out_fence));
	EXPECT_EQ(-ENODEV, fence_status(job.out_fence));
	EXPECT_EQ(0, fence_driver(done.out_fence, name));
	EXPECT_STREQ("detached-driver", name);
	foreign_close(&fence);
}

#define THREADS 4
#define ROUNDS 4

/* Submits jobs, each behind the one before, until the device is gone. */
struct submitter {
	pthread_t thread;
	struct sim_user user;
	int ret;
	int jobs;
	int unsignalled;
};

static void *submit_all(void *arg)
{
	struct submitter *submitter = arg;
	int in_fence = -1, error;
	struct accel_sim_submit job;

	for (;;) {
		submitter->ret = sim_submit_fenced(&submitter->user, in_fence, &job);
		if (submitter->ret == -EAGAIN) {
			submitter->ret = sim_wait(&submitter->user, submitter->jobs, TIMEOUT_MS,
						  &error);
			if (!submitter->ret)
				continue;
		}
		if (submitter->ret)
			break;
		submitter->jobs++;
		close(in_fence);
		in_fence = job.out_fence;
	}
	/* The last one, which stands for all before it. */
	if (in_fence >= 0 && !fence_wait(in_fence))
		submitter->unsignalled++;
	close(in_fence);
	return NULL;
}

TEST_F_TIMEOUT(sim_fence, driver_goes_again_and_again, 120)
{
	struct submitter submitters[THREADS];
	struct node node = self->node;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_SIM_KO"))
		return;
	for (int round = 0; round < ROUNDS; round++) {
		memset(submitters, 0, sizeof(submitters));
		for (int i = 0; i < THREADS; i++) {
			ASSERT_EQ(0, sim_open(&submitters[i].user, &node));
			ASSERT_EQ(0, pthread_create(&submitters[i].thread, NULL, submit_all,
						    &submitters[i]));
		}
		sleep_ms(20 + 10 * round);
		ASSERT_EQ(0, module_unload(SIM_DRIVER));
		for (int i = 0; i < THREADS; i++) {
			ASSERT_EQ(0, pthread_join(submitters[i].thread, NULL));
			EXPECT_EQ(-ENODEV, submitters[i].ret);
			EXPECT_EQ(0, submitters[i].unsignalled);
			sim_close(&submitters[i].user);
		}
		ASSERT_EQ(0, module_load(SIM_DRIVER, ""));
		ASSERT_EQ(0, sim_find(&node, 0));
	}
}

TEST_HARNESS_MAIN
