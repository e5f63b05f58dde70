// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else's exporter takes its time: whoever asks it for something waits, and nobody
 * waits for that.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel_test_stall.h>

#include "buffer.h"
#include "caller.h"
#include "harness.h"

#define STALL "accel_test_stall"
#define LEN 100

FIXTURE(stalled) {
	struct node node;
	int user;
	int observer;
	/* /dev/accel_test_stall */
	int exporter;
	int dmabuf;
};

FIXTURE_SETUP(stalled)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_STALL_KO") ||
	    !setup_test_device(_metadata, &self->node, &self->user, &self->observer))
		return;
	ASSERT_EQ(0, module_load(STALL, ""));
	self->exporter = open("/dev/" STALL, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->exporter);
}

/* The child that runs the test has closed all files. */
FIXTURE_TEARDOWN_PARENT(stalled)
{
	EXPECT_EQ(0, test_device_remove());
	if (module_loaded(STALL))
		EXPECT_EQ(0, module_unload(STALL));
}

/* Exports memory, of which the operation stalls. */
static void export(struct __test_metadata *_metadata, struct _test_data_stalled *self,
		   unsigned int operation)
{
	self->dmabuf = ioctl(self->exporter, ACCEL_TEST_STALL_IOC_EXPORT, operation);
	ASSERT_LE(0, self->dmabuf);
}

static int ask(const struct _test_data_stalled *self, unsigned int command)
{
	return ioctl(self->exporter, command, self->dmabuf);
}

/* Waits until the exporter returns the number. */
static void wait_until(struct __test_metadata *_metadata, const struct _test_data_stalled *self,
		       unsigned int command, int number)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;

	while (ask(self, command) != number && now_ns() < deadline)
		sleep_ms(1);
	ASSERT_EQ(number, ask(self, command))
		TH_LOG("command 0x%x", command);
}

/* A call of the test driver on the memory. */
struct work {
	struct caller caller;
	int dmabuf;
	__u32 handle;
	__u64 sum;
};

static int import(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_import(caller->fd, work->dmabuf, &work->handle, NULL);
}

static int fill(struct caller *caller)
{
	return buffer_fill(caller->fd, ((struct work *)caller)->handle, 0, LEN, 1);
}

static int sum(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_sum(caller->fd, work->handle, 0, LEN, &work->sum);
}

/* Starts a call, and waits until the exporter has it stalled. */
static void start(struct __test_metadata *_metadata, const struct _test_data_stalled *self,
		  struct work *work, int (*call)(struct caller *caller))
{
	work->caller = (struct caller) {
		.call = call, .syscall_nr = SYS_ioctl, .fd = self->user,
	};
	work->dmabuf = self->dmabuf;
	ASSERT_EQ(0, caller_start(&work->caller));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
}

static void expect_returned(struct __test_metadata *_metadata, struct work *work, int ret)
{
	ASSERT_EQ(0, caller_join(&work->caller));
	EXPECT_EQ(ret, work->caller.ret);
}

/* The exporter has no access under way, when nothing stalls any more. */
static void expect_ended(struct __test_metadata *_metadata, const struct _test_data_stalled *self)
{
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 0);
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_ACCESSES, 0);
}

/* Resets the device, which needs all callers to be outside of the driver. */
static void reset(struct __test_metadata *_metadata, const struct _test_data_stalled *self)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	__u32 before, resets;

	ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 0, 0, &before));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_RESET, 0, 7, NULL));
	do {
		ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 0, 0, &resets));
		sleep_ms(1);
	} while (resets == before && now_ns() < deadline);
	EXPECT_EQ(before + 1, resets);
}

TEST_F_TIMEOUT(stalled, an_import_holds_up_no_reset, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_ATTACH);
	start(_metadata, self, &work, import);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
	EXPECT_EQ(0, buffer_close(self->user, work.handle));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
}

TEST_F_TIMEOUT(stalled, the_device_goes_during_an_import, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_ATTACH);
	start(_metadata, self, &work, import);
	expect_unbound(_metadata, &self->node);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, -ENODEV);
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
}

TEST_F_TIMEOUT(stalled, the_end_of_an_import_that_fails_holds_up_no_reset, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_DETACH);
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_FAIL_MARK, 0, 0, NULL));
	start(_metadata, self, &work, import);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, -EDOM);
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
}

TEST_F_TIMEOUT(stalled, an_access_can_be_interrupted, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_BEGIN);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work.handle, NULL));
	start(_metadata, self, &work, sum);
	ASSERT_EQ(0, caller_interrupt(&work.caller));
	expect_returned(_metadata, &work, -EINTR);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_ended(_metadata, self);

	EXPECT_EQ(0, fill(&work.caller));
	EXPECT_EQ(0, sum(&work.caller));
	EXPECT_EQ(LEN, work.sum);
	expect_ended(_metadata, self);
}

TEST_F_TIMEOUT(stalled, an_access_holds_up_no_reset, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_BEGIN);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work.handle, NULL));
	start(_metadata, self, &work, sum);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(0, work.sum);
	expect_ended(_metadata, self);
}

TEST_F_TIMEOUT(stalled, the_device_goes_during_an_access, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_BEGIN);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work.handle, NULL));
	start(_metadata, self, &work, sum);
	expect_unbound(_metadata, &self->node);
	expect_returned(_metadata, &work, -ENODEV);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
	expect_ended(_metadata, self);
}

/* The exporter learns of what was written before the call returns, but nobody waits for it. */
TEST_F_TIMEOUT(stalled, the_end_of_an_access_can_be_interrupted, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_END);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work.handle, NULL));
	start(_metadata, self, &work, fill);
	reset(_metadata, self);
	EXPECT_FALSE(atomic_load(&work.caller.done));
	ASSERT_EQ(0, caller_interrupt(&work.caller));
	/* What was to be done is done. */
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_ended(_metadata, self);
	EXPECT_EQ(0, sum(&work.caller));
	EXPECT_EQ(LEN, work.sum);
}

TEST_F_TIMEOUT(stalled, the_device_goes_at_the_end_of_an_access, 120)
{
	struct work work = {};

	export(_metadata, self, ACCEL_TEST_STALL_END);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work.handle, NULL));
	start(_metadata, self, &work, fill);
	expect_unbound(_metadata, &self->node);
	expect_returned(_metadata, &work, -ENODEV);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_ended(_metadata, self);
}

TEST_HARNESS_MAIN
