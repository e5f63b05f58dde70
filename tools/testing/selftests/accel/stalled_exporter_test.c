// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else's exporter takes its time: whoever asks it for something waits, and nobody
 * waits for that.
 */
#include "stalled.h"

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
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_ATTACHED, 0);
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

TEST_F_TIMEOUT(stalled, the_device_goes_before_it_is_detached, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_DETACH);
	expect_unbound(_metadata, &self->node);
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_ATTACHED, 0);
}

TEST_HARNESS_MAIN
