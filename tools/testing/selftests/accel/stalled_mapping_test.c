// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else's exporter takes its time to map its memory: for a device, for the kernel, for
 * a process.
 */
#include "stalled.h"

static void expect_unmapped(struct __test_metadata *_metadata,
			    const struct _test_data_stalled *self)
{
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 0);
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_MAPPED, 0);
}

TEST_F_TIMEOUT(stalled, a_mapping_holds_up_no_reset, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_MAP);
	start(_metadata, self, &work, map_for_device);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(LEN, work.sum);
	expect_unmapped(_metadata, self);
}

TEST_F_TIMEOUT(stalled, a_mapping_can_be_interrupted, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_MAP);
	start(_metadata, self, &work, map_for_device);
	ASSERT_EQ(0, caller_interrupt(&work.caller));
	expect_returned(_metadata, &work, -EINTR);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	/* Nobody wants it any more. */
	expect_unmapped(_metadata, self);
	EXPECT_EQ(0, map_for_device(&work.caller));
	EXPECT_EQ(LEN, work.sum);
}

static int remove_device(struct caller *caller)
{
	(void)caller;
	return test_device_remove();
}

/*
 * As the exporter has the device in its hands, the device cannot be unbound before. But all
 * callers are gone by then.
 */
TEST_F_TIMEOUT(stalled, the_device_goes_during_a_mapping, 120)
{
	struct caller remover = { .call = remove_device, .syscall_nr = SYS_delete_module };
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_MAP);
	start(_metadata, self, &work, map_for_device);
	ASSERT_EQ(0, caller_start(&remover));
	expect_returned(_metadata, &work, -ENODEV);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_FALSE(atomic_load(&remover.done));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	ASSERT_EQ(0, caller_join(&remover));
	EXPECT_EQ(0, remover.ret);
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_MAPPED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
}

/*
 * The driver still has the memory mapped when nobody has the buffer any more: it is unmapped
 * before the device is unbound.
 */
TEST_F_TIMEOUT(stalled, the_device_goes_when_it_is_unmapped, 120)
{
	struct caller remover = { .call = remove_device, .syscall_nr = SYS_delete_module };
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_UNMAP);
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_BUFFER_KEEP, work.handle, 0, NULL));
	close(self->user);
	ASSERT_EQ(0, caller_start(&remover));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
	EXPECT_FALSE(atomic_load(&remover.done));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	ASSERT_EQ(0, caller_join(&remover));
	EXPECT_EQ(0, remover.ret);
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_MAPPED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_ATTACHED));
}

/* What is given back does not wait for what somebody else asks for. */
TEST_F_TIMEOUT(stalled, an_access_holds_up_no_end_of_a_mapping, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_BEGIN);
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_BUFFER_KEEP, work.handle, 0, NULL));
	ASSERT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_MAPPED));
	start(_metadata, self, &work, sum);
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_BUFFER_KEEP, 0, 0, NULL));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_MAPPED, 0);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
}

TEST_F_TIMEOUT(stalled, the_end_of_a_mapping_holds_up_nobody, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_UNMAP);
	work.caller.fd = self->user;
	EXPECT_EQ(0, map_for_device(&work.caller));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_unmapped(_metadata, self);
}

TEST_F_TIMEOUT(stalled, a_kernel_mapping_holds_up_no_reset, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_VMAP);
	start(_metadata, self, &work, sum);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(0, work.sum);
	expect_unmapped(_metadata, self);
}

TEST_F_TIMEOUT(stalled, the_device_goes_during_a_kernel_mapping, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_VMAP);
	start(_metadata, self, &work, sum);
	expect_unbound(_metadata, &self->node);
	expect_returned(_metadata, &work, -ENODEV);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_unmapped(_metadata, self);
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_ATTACHED, 0);
}

TEST_F_TIMEOUT(stalled, the_end_of_a_kernel_mapping_holds_up_nobody, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_VUNMAP);
	work.caller.fd = self->user;
	EXPECT_EQ(0, sum(&work.caller));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
	reset(_metadata, self);
	expect_unbound(_metadata, &self->node);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	expect_unmapped(_metadata, self);
}

TEST_F_TIMEOUT(stalled, a_mapping_of_a_process_holds_up_no_reset, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_MMAP);
	start(_metadata, self, &work, map_for_process);
	reset(_metadata, self);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(0, work.sum);
}

/* What the process maps is the exporter's, not the device's. */
TEST_F_TIMEOUT(stalled, the_device_goes_during_a_mapping_of_a_process, 120)
{
	struct work work = {};

	import_stalled(_metadata, self, &work, ACCEL_TEST_STALL_MMAP);
	start(_metadata, self, &work, map_for_process);
	expect_unbound(_metadata, &self->node);
	EXPECT_EQ(1, ask(self, ACCEL_TEST_STALL_IOC_STALLED));
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	expect_returned(_metadata, &work, 0);
	EXPECT_EQ(0, work.sum);
}

TEST_HARNESS_MAIN
