// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of other drivers on which others work, as a fence says that is not
 * signalled: who wants to access them waits, and nobody waits for that.
 *
 * The fence ends by itself after a while. So whether something has waited for it
 * is seen from the fence, not from the clock.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "caller.h"
#include "exporter.h"
#include "fences.h"
#include "harness.h"
#include "sim.h"

#define LEN 1000
/* Numbers in a job. */
#define N 64

FIXTURE(foreign_fence) {
	struct foreign fence;
	int dmabuf;
	void *memory;
};

FIXTURE_VARIANT(foreign_fence) {
	int (*export)(size_t size);
};

FIXTURE_VARIANT_ADD(foreign_fence, udmabuf) {
	.export = udmabuf_export,
};

FIXTURE_VARIANT_ADD(foreign_fence, heap) {
	.export = heap_export,
};

FIXTURE_VARIANT_ADD(foreign_fence, vgem) {
	.export = vgem_export,
};

FIXTURE_SETUP(foreign_fence)
{
	int ret;

	if (!setup_root(_metadata))
		return;
	ret = foreign_make(&self->fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret)
		TH_LOG("fence of DRM: %s", strerror(-ret));
	self->dmabuf = variant->export(SIM_SIZE);
	if (self->dmabuf == -ENOENT && !node_required())
		SKIP(return, "there is no such exporter");
	ASSERT_LE(0, self->dmabuf)
		TH_LOG("%s", strerror(-self->dmabuf));
	self->memory = mmap(NULL, SIM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	memset(self->memory, 1, SIM_SIZE);
	ASSERT_EQ(0, dmabuf_add_fence(self->dmabuf, self->fence.fd));
}

FIXTURE_TEARDOWN(foreign_fence)
{
	munmap(self->memory, SIM_SIZE);
	close(self->dmabuf);
	foreign_close(&self->fence);
}

static bool setup_user(struct __test_metadata *_metadata, struct sim_user *user)
{
	struct node node;

	if (!setup_sim(_metadata, &node))
		return false;
	ASSERT_EQ(0, sim_open(user, &node));
	return true;
}

/* Submits a job that writes to the buffer, and one that reads from it. */
static void submit_two(struct __test_metadata *_metadata, struct sim_user *user, int dmabuf,
		       struct accel_sim_submit jobs[2])
{
	__u32 handle;

	ASSERT_EQ(0, buffer_import(user->fd, dmabuf, &handle, NULL));
	for (int i = 0; i < 2; i++)
		jobs[i] = sim_job(user, ACCEL_SIM_ADD, N);
	jobs[0].result.handle = handle;
	jobs[1].a.handle = handle;
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, sim_submit(user, &jobs[i]));
}

TEST_F_TIMEOUT(foreign_fence, a_submit_does_not_wait, 120)
{
	struct accel_sim_submit jobs[2];
	struct sim_user user;
	__s32 *a, *b, *result;
	int error, i;

	if (!setup_user(_metadata, &user))
		return;
	a = user.memory[0];
	b = user.memory[1];
	result = user.memory[2];
	for (i = 0; i < N; i++) {
		a[i] = i;
		b[i] = 1000;
	}
	submit_two(_metadata, &user, self->dmabuf, jobs);
	EXPECT_EQ(-ETIMEDOUT, sim_wait(&user, jobs[0].job, 0, NULL));
	ASSERT_EQ(0, fence_status(self->fence.fd))
		TH_LOG("the fence was signalled before the jobs were submitted");

	ASSERT_EQ(0, foreign_signal(&self->fence));
	ASSERT_EQ(0, sim_wait(&user, jobs[1].job, TIMEOUT_MS, &error));
	EXPECT_EQ(0, error);
	/* What the first has written, the second has seen. */
	for (i = 0; i < N; i++) {
		ASSERT_EQ(i + 2000, result[i])
			TH_LOG("number %d", i);
	}
	sim_close(&user);
}

TEST_F_TIMEOUT(foreign_fence, the_module_goes, 120)
{
	struct accel_sim_submit jobs[2];
	struct sim_user user;

	if (!setup_module(_metadata, "ACCEL_SIM_KO") || !setup_user(_metadata, &user))
		return;
	submit_two(_metadata, &user, self->dmabuf, jobs);
	expect_unloaded(_metadata, SIM_DRIVER);
	EXPECT_EQ(0, fence_status(self->fence.fd))
		TH_LOG("the module was not unloaded before the fence was signalled");
	EXPECT_EQ(-ENODEV, sim_wait(&user, jobs[0].job, 0, NULL));
	sim_close(&user);
	EXPECT_EQ(0, module_load(SIM_DRIVER, ""));
}

/* A copy from a buffer by the edu device. */
struct copy {
	struct caller caller;
	__u32 source;
	__u32 target;
};

static int copy(struct caller *caller)
{
	struct copy *copy = (struct copy *)caller;

	return edu_copy(caller->fd, copy->source, 0, copy->target, 0, LEN, caller->timeout_ms);
}

/* Opens the edu device, whose copy of the dma-buf to @memory would have to wait. */
static bool setup_copy(struct __test_metadata *_metadata, struct copy *arg, struct node *node,
		       int dmabuf, void **memory)
{
	if (!setup_node(_metadata, node))
		return false;
	*arg = (struct copy) {
		.caller = {
			.call = copy,
			.syscall_nr = SYS_ioctl,
			.fd = test_open(node, O_RDWR),
			.timeout_ms = TIMEOUT_MS,
		},
	};
	ASSERT_LE(0, arg->caller.fd);
	ASSERT_EQ(0, buffer_import(arg->caller.fd, dmabuf, &arg->source, NULL));
	ASSERT_EQ(0, buffer_create(arg->caller.fd, SIM_SIZE, &arg->target, NULL));
	ASSERT_EQ(0, buffer_map(arg->caller.fd, arg->target, SIM_SIZE, memory));
	return true;
}

TEST_F_TIMEOUT(foreign_fence, a_copy_waits, 120)
{
	unsigned char *seen;
	struct node edu;
	struct copy arg;
	void *memory;

	if (!setup_copy(_metadata, &arg, &edu, self->dmabuf, &memory))
		return;
	seen = memory;
	arg.caller.timeout_ms = 20;
	EXPECT_EQ(-ETIMEDOUT, copy(&arg.caller));
	arg.caller.timeout_ms = TIMEOUT_MS;
	ASSERT_EQ(0, caller_start(&arg.caller));
	EXPECT_EQ(0, caller_interrupt(&arg.caller));
	ASSERT_EQ(0, caller_join(&arg.caller));
	EXPECT_EQ(-EINTR, arg.caller.ret);
	EXPECT_EQ(0, seen[0]);

	ASSERT_EQ(0, caller_start(&arg.caller));
	ASSERT_EQ(0, fence_status(self->fence.fd));
	ASSERT_EQ(0, foreign_signal(&self->fence));
	ASSERT_EQ(0, caller_join(&arg.caller));
	EXPECT_EQ(0, arg.caller.ret);
	EXPECT_EQ(1, seen[0]);
	EXPECT_EQ(1, seen[LEN - 1]);
	EXPECT_EQ(0, seen[LEN]);
	munmap(memory, SIM_SIZE);
	close(arg.caller.fd);
}

TEST_F_TIMEOUT(foreign_fence, the_device_goes, 120)
{
	struct node edu;
	struct copy arg;
	void *memory;

	if (!setup_copy(_metadata, &arg, &edu, self->dmabuf, &memory))
		return;
	ASSERT_EQ(0, caller_start(&arg.caller));
	expect_unbound(_metadata, &edu);
	EXPECT_EQ(0, fence_status(self->fence.fd))
		TH_LOG("the device was not unbound before the fence was signalled");
	ASSERT_EQ(0, caller_join(&arg.caller));
	EXPECT_EQ(-ENODEV, arg.caller.ret);
	munmap(memory, SIM_SIZE);
	close(arg.caller.fd);
	EXPECT_EQ(0, node_bind(&edu));
}

TEST_HARNESS_MAIN
