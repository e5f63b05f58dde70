// SPDX-License-Identifier: GPL-2.0
/*
 * The accelerator in software: what it computes, and what it refuses.
 */
#include <unistd.h>

#include "harness.h"
#include "sim.h"

FIXTURE(sim) {
	struct node node;
	struct sim_user user;
};

FIXTURE_SETUP(sim)
{
	if (!setup_sim(_metadata, &self->node))
		return;
	ASSERT_EQ(0, sim_open(&self->user, &self->node));
}

FIXTURE_TEARDOWN(sim)
{
	close(self->user.fd);
}

TEST_F(sim, adds_and_multiplies)
{
	__u32 *a = self->user.memory[0], *b = self->user.memory[1], *c = self->user.memory[2];
	struct accel_sim_submit job;

	for (__u32 i = 0; i < 1003; i++) {
		a[i] = 0x01234567 * (i + 1);
		b[i + 3] = 0x89abcdef * (i + 7);
	}
	job = sim_job(&self->user, ACCEL_SIM_ADD, 1003);
	job.b.offset = 12;
	job.result.offset = SIM_SIZE - 4 * 1003;
	ASSERT_EQ(0, sim_run(&self->user, &job));
	for (__u32 i = 0; i < 1003; i++)
		ASSERT_EQ(a[i] + b[i + 3], c[SIM_SIZE / 4 - 1003 + i]);
	EXPECT_EQ(0, c[SIM_SIZE / 4 - 1004]);

	job.op = ACCEL_SIM_MULTIPLY;
	job.job = 0;
	ASSERT_EQ(0, sim_run(&self->user, &job));
	for (__u32 i = 0; i < 1003; i++)
		ASSERT_EQ(a[i] * b[i + 3], c[SIM_SIZE / 4 - 1003 + i]);
}

TEST_F(sim, multiplies_matrices)
{
	signed char *a = self->user.memory[0], *b = self->user.memory[1];
	struct accel_sim_submit job;
	int *c = self->user.memory[2];

	for (int i = 0; i < SIM_SIZE; i++) {
		a[i] = i * 89;
		b[i] = i * 55 ^ i >> 8;
	}
	job = sim_job(&self->user, ACCEL_SIM_MATMUL, 131);
	job.m = 7;
	job.k = 33;
	job.a.offset = 1;
	ASSERT_EQ(0, sim_run(&self->user, &job));
	for (int row = 0; row < 7; row++) {
		for (int column = 0; column < 131; column++) {
			int sum = 0;

			for (int i = 0; i < 33; i++)
				sum += a[1 + row * 33 + i] * b[i * 131 + column];
			ASSERT_EQ(sum, c[row * 131 + column]);
		}
	}
	EXPECT_EQ(0, c[7 * 131]);
}

TEST_F(sim, refuses_bad_jobs)
{
	const struct accel_sim_submit add = sim_job(&self->user, ACCEL_SIM_ADD, 16);
	const struct accel_sim_submit matmul = sim_job(&self->user, ACCEL_SIM_MATMUL, 16);
	struct accel_sim_submit job;

#define REFUSED(error, base, ...) do { \
	job = base; \
	__VA_ARGS__; \
	EXPECT_EQ(error, sim_submit(&self->user, &job)); \
} while (0)
	REFUSED(-EINVAL, add, job.op = 3);
	REFUSED(-EINVAL, add, job.flags = 4);
	REFUSED(-EINVAL, add, job.n = 0);
	REFUSED(-EINVAL, add, job.m = 1);
	REFUSED(-EINVAL, add, job.k = 1);
	REFUSED(-EINVAL, add, job.job = 1);
	REFUSED(-EINVAL, add, job.in_fence = 1);
	REFUSED(-EINVAL, add, job.out_fence = 1);
	REFUSED(-EINVAL, add, job.b.reserved = 1);
	REFUSED(-EINVAL, add, job.n = SIM_SIZE / 4 + 1);
	REFUSED(-EINVAL, add, job.n = ACCEL_SIM_MAX_STEPS + 1);
	REFUSED(-EINVAL, add, job.n = ~0U);
	REFUSED(-EINVAL, add, job.a.offset = SIM_SIZE - 63);
	REFUSED(-EINVAL, add, job.result.offset = -64LL);
	REFUSED(-EINVAL, add, job.result.offset = -1LL);
	REFUSED(-ENOENT, add, job.a.handle = 0);
	REFUSED(-ENOENT, add, job.b.handle = 99);
	REFUSED(-EINVAL, matmul, job.m = 0; job.k = 1);
	REFUSED(-EINVAL, matmul, job.m = 1);
	REFUSED(-EINVAL, matmul, job.m = job.k = ~0U);
	REFUSED(-EINVAL, matmul, job.m = job.n = job.k = ~0U);
	REFUSED(-EINVAL, matmul, job.m = job.n = job.k = 1 << 31);
	REFUSED(-EINVAL, matmul, job.m = job.n = 1 << 16; job.k = 1);
	REFUSED(-EINVAL, matmul, job.m = job.n = job.k = 160);
	REFUSED(-EINVAL, add, job.flags = ACCEL_SIM_IN_FENCE; job.in_fence = -1);
	REFUSED(-EINVAL, add, job.flags = ACCEL_SIM_IN_FENCE; job.in_fence = self->user.fd);
#undef REFUSED
	EXPECT_EQ(-ENOENT, sim_wait(&self->user, 0, 0, NULL));
	EXPECT_EQ(-ENOENT, sim_wait(&self->user, 1, 0, NULL));
	EXPECT_EQ(0, sim_poll(&self->user, 0));
}

TEST_F(sim, counts_its_work)
{
	struct accel_sim_submit job = sim_job(&self->user, ACCEL_SIM_ADD, 1000);
	struct accel_info_usage before, after;
	struct accel_info_engine engine;

	ASSERT_EQ(1, info_read(self->user.fd, ACCEL_INFO_USAGE, &before, sizeof(before), 1));
	ASSERT_EQ(0, sim_run(&self->user, &job));
	ASSERT_EQ(1, info_read(self->user.fd, ACCEL_INFO_USAGE, &after, sizeof(after), 1));
	EXPECT_EQ(before.submitted + 1, after.submitted);
	EXPECT_LT(before.busy_ns, after.busy_ns);
	ASSERT_EQ(1, info_read(self->user.fd, ACCEL_INFO_ENGINES, &engine, sizeof(engine), 2));
	EXPECT_EQ(ACCEL_ENGINE_COMPUTE, engine.engine_class);
	EXPECT_EQ(1, engine.count);
}

TEST_F(sim, comes_in_numbers)
{
	struct node node;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_SIM_KO"))
		return;
	ASSERT_EQ(0, module_unload(SIM_DRIVER));
	ASSERT_EQ(0, module_load(SIM_DRIVER, "devices=3"));
	EXPECT_EQ(0, sim_find(&node, 2));
	EXPECT_EQ(-ENOENT, sim_find(&node, 3));
	ASSERT_EQ(0, module_unload(SIM_DRIVER));
	EXPECT_EQ(0, module_load(SIM_DRIVER, ""));
}

TEST_HARNESS_MAIN
