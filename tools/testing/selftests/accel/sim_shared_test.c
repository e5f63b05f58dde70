// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that submit jobs over the same buffers in opposite orders, to one
 * device or to two.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"
#include "sim.h"

/* Numbers in a buffer: so many that a job is not done at once. */
#define N 256
#define JOBS 300

FIXTURE(sim_shared) {
	struct node node[2];
	struct sim_user owner;
	int dmabuf[3];
	__s32 *memory[3];
};

FIXTURE_VARIANT(sim_shared) {
	int devices;
};

FIXTURE_VARIANT_ADD(sim_shared, one_device) {
	.devices = 1,
};

FIXTURE_VARIANT_ADD(sim_shared, two_devices) {
	.devices = 2,
};

FIXTURE_SETUP(sim_shared)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_SIM_KO"))
		return;
	ASSERT_EQ(0, module_unload(SIM_DRIVER));
	ASSERT_EQ(0, module_load(SIM_DRIVER, "devices=2"));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, sim_find(&self->node[i], i));
	ASSERT_EQ(0, sim_open(&self->owner, &self->node[0]));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, buffer_export(self->owner.fd, self->owner.handle[i], O_RDWR,
					   &self->dmabuf[i]));
		self->memory[i] = self->owner.memory[i];
	}
}

FIXTURE_TEARDOWN(sim_shared)
{
	for (int i = 0; i < 3; i++)
		close(self->dmabuf[i]);
	sim_close(&self->owner);
	EXPECT_EQ(0, module_unload(SIM_DRIVER));
	EXPECT_EQ(0, module_load(SIM_DRIVER, ""));
}

/* Has the result of @from + 1 written to @to, again and again. */
static int submit_all(const struct node *node, const int dmabuf[3], int from, int to)
{
	struct accel_sim_submit job = { 0 };
	struct sim_user user = { 0 };
	int i, ret = 0, error = 0;

	user.fd = test_open(node, O_RDWR);
	if (user.fd < 0)
		return user.fd;
	for (i = 0; i < 3 && !ret; i++)
		ret = buffer_import(user.fd, dmabuf[i], &user.handle[i], NULL);
	for (i = 0; i < JOBS && !ret; i++) {
		__u64 last = job.job;

		job = sim_job(&user, ACCEL_SIM_ADD, N);
		job.a.handle = user.handle[from];
		job.b.handle = user.handle[1];
		job.result.handle = user.handle[to];
		ret = sim_submit(&user, &job);
		if (ret == -EAGAIN && last) {
			ret = sim_wait(&user, last, TIMEOUT_MS, &error);
			job.job = last;
			i--;
		}
	}
	if (!ret)
		ret = sim_wait(&user, job.job, TIMEOUT_MS, &error);
	return ret ? ret : error;
}

TEST_F_TIMEOUT(sim_shared, in_opposite_orders, 300)
{
	pid_t child[2];
	int status, i;

	for (i = 0; i < N; i++)
		self->memory[1][i] = 1;
	for (i = 0; i < 2; i++) {
		child[i] = fork();
		ASSERT_LE(0, child[i]);
		if (!child[i])
			_exit(-submit_all(&self->node[i * (variant->devices - 1)], self->dmabuf,
					  i ? 2 : 0, i ? 0 : 2));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(child[i], waitpid(child[i], &status, 0));
		EXPECT_EQ(0, status)
			TH_LOG("process %d: %s", i, strerror(WEXITSTATUS(status)));
	}

	/* Each job has seen what all of the one before it has written. */
	EXPECT_EQ(1, abs(self->memory[2][0] - self->memory[0][0]));
	for (i = 1; i < N; i++) {
		ASSERT_EQ(self->memory[0][0], self->memory[0][i])
			TH_LOG("number %d", i);
		ASSERT_EQ(self->memory[2][0], self->memory[2][i])
			TH_LOG("number %d", i);
	}
}

TEST_HARNESS_MAIN
