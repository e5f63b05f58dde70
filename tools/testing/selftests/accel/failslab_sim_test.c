// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation for a job fails once, as in failslab_test.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fail_nth.h"
#include "fences.h"
#include "harness.h"
#include "sim.h"

/* No operation makes as many. */
#define TOO_MANY 2000

FIXTURE(failslab_sim) {
	struct node node;
	struct sim_user user;
	int in_fence;
};

FIXTURE_SETUP(failslab_sim)
{
	struct accel_sim_submit job;

	if (!setup_root(_metadata) || !setup_sim(_metadata, &self->node) ||
	    !setup_fail_nth(_metadata))
		return;
	/* It opens a file of its own. */
	ASSERT_EQ(0, fail_nth_arm(TOO_MANY));
	ASSERT_EQ(0, fail_nth_disarm());
	ASSERT_EQ(0, sim_open(&self->user, &self->node));
	ASSERT_EQ(0, sim_submit_fenced(&self->user, -1, &job));
	ASSERT_EQ(1, fence_wait(job.out_fence));
	self->in_fence = job.out_fence;
}

FIXTURE_TEARDOWN(failslab_sim)
{
	close(self->user.fd);
}

/* The lowest descriptor that is free. */
static int free_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

TEST_F_TIMEOUT(failslab_sim, submit, 300)
{
	int ret, fd, failed = 1, before = free_descriptor();
	struct accel_sim_submit job;
	unsigned int n;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = sim_submit_fenced(&self->user, self->in_fence, &job);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		/* If the result could not be written, its number is still the next one. */
		fd = free_descriptor();
		if (!ret || (ret == -EFAULT && fd != before)) {
			EXPECT_EQ(1, fence_wait(before))
				TH_LOG("failure %u", n);
			close(before);
		}
		/* No descriptor is set aside for nothing. */
		ASSERT_EQ(before, free_descriptor())
			TH_LOG("failure %u", n);
	}
	TH_LOG("%u", n - 2);
	EXPECT_LT(5, n);
	/* It is as good as new. */
	job = sim_job(&self->user, ACCEL_SIM_ADD, 16);
	EXPECT_EQ(0, sim_run(&self->user, &job));
}

TEST_F_TIMEOUT(failslab_sim, wait, 300)
{
	struct accel_sim_submit job;
	struct foreign fence;
	int ret, failed = 1;
	unsigned int n;

	ret = foreign_make(&fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, sim_submit_fenced(&self->user, fence.fd, &job));
	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = sim_wait(&self->user, job.job, 1, NULL);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(ret == -ETIMEDOUT || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
	}
	EXPECT_LT(2, n);
	EXPECT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(0, sim_wait(&self->user, job.job, TIMEOUT_MS, NULL));
	foreign_close(&fence);
}

TEST_HARNESS_MAIN
