// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else has the reservation of a buffer locked: whoever needs that waits, and
 * nobody waits for that.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel_test_holder.h>

#include "buffer.h"
#include "caller.h"
#include "exporter.h"
#include "harness.h"
#include "sim.h"

#define HOLDER "accel_test_holder"

FIXTURE(held) {
	struct node node;
	struct sim_user user;
	struct caller holder;
	int dmabuf;
};

static int hold(struct caller *caller)
{
	int fd = open("/dev/" HOLDER, O_RDWR | O_CLOEXEC), ret = -errno;

	if (fd < 0)
		return ret;
	ret = ioctl(fd, ACCEL_TEST_HOLDER_IOC_HOLD, caller->fd) ? -errno : 0;
	close(fd);
	return ret;
}

FIXTURE_SETUP(held)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_SIM_KO") ||
	    !setup_module(_metadata, "ACCEL_TEST_HOLDER_KO") ||
	    !setup_sim(_metadata, &self->node))
		return;
	ASSERT_EQ(0, sim_open(&self->user, &self->node));
	ASSERT_EQ(0, module_load(HOLDER, ""));
}

FIXTURE_TEARDOWN_PARENT(held)
{
	if (!module_loaded(SIM_DRIVER))
		EXPECT_EQ(0, module_load(SIM_DRIVER, ""));
	if (module_loaded(HOLDER))
		EXPECT_EQ(0, module_unload(HOLDER));
}

static void start_to_hold(struct __test_metadata *_metadata, struct _test_data_held *self)
{
	self->holder = (struct caller) {
		.call = hold, .syscall_nr = SYS_ioctl, .fd = self->dmabuf,
	};
	ASSERT_EQ(0, caller_start(&self->holder));
}

static void end_to_hold(struct __test_metadata *_metadata, struct _test_data_held *self)
{
	EXPECT_FALSE(atomic_load(&self->holder.done))
		TH_LOG("the reservation was not locked for so long");
	ASSERT_EQ(0, caller_interrupt(&self->holder));
	ASSERT_EQ(0, caller_join(&self->holder));
	EXPECT_EQ(-EINTR, self->holder.ret);
}

/* A call of accel_sim that needs the reservation. */
struct work {
	struct caller caller;
	struct sim_user *user;
	__u32 handle;
	int dmabuf;
};

static int submit(struct caller *caller)
{
	struct work *work = (struct work *)caller;
	struct accel_sim_submit job = sim_job(work->user, ACCEL_SIM_ADD, 1);

	job.result.handle = work->handle;
	return sim_submit(work->user, &job);
}

static int import(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_import(work->user->fd, work->dmabuf, &work->handle, NULL);
}

static struct work start_work(int (*call)(struct caller *caller), struct _test_data_held *self,
			      __u32 handle)
{
	return (struct work) {
		.caller = { .call = call, .syscall_nr = SYS_ioctl },
		.user = &self->user,
		.handle = handle,
		.dmabuf = self->dmabuf,
	};
}

TEST_F_TIMEOUT(held, a_submit_can_be_interrupted, 120)
{
	struct work work;

	ASSERT_EQ(0, buffer_export(self->user.fd, self->user.handle[2], O_RDWR, &self->dmabuf));
	start_to_hold(_metadata, self);
	work = start_work(submit, self, self->user.handle[2]);
	ASSERT_EQ(0, caller_start(&work.caller));
	ASSERT_EQ(0, caller_interrupt(&work.caller));
	ASSERT_EQ(0, caller_join(&work.caller));
	EXPECT_EQ(-EINTR, work.caller.ret);

	ASSERT_EQ(0, caller_start(&work.caller));
	end_to_hold(_metadata, self);
	ASSERT_EQ(0, caller_join(&work.caller));
	EXPECT_EQ(0, work.caller.ret);
}

TEST_F_TIMEOUT(held, an_import_can_be_interrupted, 120)
{
	struct work work;

	self->dmabuf = udmabuf_export(SIM_SIZE);
	ASSERT_LE(0, self->dmabuf);
	start_to_hold(_metadata, self);
	work = start_work(import, self, 0);
	ASSERT_EQ(0, caller_start(&work.caller));
	ASSERT_EQ(0, caller_interrupt(&work.caller));
	ASSERT_EQ(0, caller_join(&work.caller));
	EXPECT_EQ(-EINTR, work.caller.ret);
	end_to_hold(_metadata, self);
	EXPECT_EQ(0, import(&work.caller));
}

/* The module goes while @work waits for the reservation. */
static void expect_to_end(struct __test_metadata *_metadata, struct _test_data_held *self,
			  struct work work)
{
	ASSERT_EQ(0, caller_start(&work.caller));
	expect_unloaded(_metadata, SIM_DRIVER);
	ASSERT_EQ(0, caller_join(&work.caller));
	EXPECT_EQ(-ENODEV, work.caller.ret);
	end_to_hold(_metadata, self);
}

/* A buffer of the device that goes. */
TEST_F_TIMEOUT(held, the_module_goes, 120)
{
	ASSERT_EQ(0, buffer_export(self->user.fd, self->user.handle[2], O_RDWR, &self->dmabuf));
	start_to_hold(_metadata, self);
	expect_to_end(_metadata, self, start_work(submit, self, self->user.handle[2]));
}

/* Of a buffer that the device is not attached to yet. */
TEST_F_TIMEOUT(held, the_module_goes_during_an_import, 120)
{
	self->dmabuf = udmabuf_export(SIM_SIZE);
	ASSERT_LE(0, self->dmabuf);
	start_to_hold(_metadata, self);
	expect_to_end(_metadata, self, start_work(import, self, 0));
}

/* Of a buffer that the device is attached to: it is detached when that can be done. */
TEST_F_TIMEOUT(held, the_module_goes_before_it_is_detached, 120)
{
	__u32 handle;

	self->dmabuf = udmabuf_export(SIM_SIZE);
	ASSERT_LE(0, self->dmabuf);
	ASSERT_EQ(0, buffer_import(self->user.fd, self->dmabuf, &handle, NULL));
	start_to_hold(_metadata, self);
	expect_to_end(_metadata, self, start_work(submit, self, handle));
}

TEST_HARNESS_MAIN
