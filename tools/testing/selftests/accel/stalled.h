/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests with an exporter that takes its time: its memory in the hands of the driver
 * accel_test.
 */
#ifndef _ACCEL_SELFTEST_STALLED_H
#define _ACCEL_SELFTEST_STALLED_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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
static inline void export(struct __test_metadata *_metadata, struct _test_data_stalled *self,
			  unsigned int operation)
{
	self->dmabuf = ioctl(self->exporter, ACCEL_TEST_STALL_IOC_EXPORT, operation);
	ASSERT_LE(0, self->dmabuf);
}

static inline int ask(const struct _test_data_stalled *self, unsigned int command)
{
	return ioctl(self->exporter, command, self->dmabuf);
}

/* Waits until the exporter returns the number. */
static inline void wait_until(struct __test_metadata *_metadata,
			      const struct _test_data_stalled *self, unsigned int command,
			      int number)
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

static inline int import(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_import(caller->fd, work->dmabuf, &work->handle, NULL);
}

static inline int fill(struct caller *caller)
{
	return buffer_fill(caller->fd, ((struct work *)caller)->handle, 0, LEN, 1);
}

static inline int sum(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_sum(caller->fd, work->handle, 0, LEN, &work->sum);
}

static inline int map_for_device(struct caller *caller)
{
	struct work *work = (struct work *)caller;

	return buffer_map_for_device(caller->fd, work->handle, LEN, &work->sum);
}

static inline int map_for_process(struct caller *caller)
{
	struct work *work = (struct work *)caller;
	void *memory;
	int ret;

	ret = buffer_map(caller->fd, work->handle, ACCEL_TEST_STALL_SIZE, &memory);
	if (ret)
		return ret;
	work->sum = atomic_load((const atomic_uchar *)memory);
	return munmap(memory, ACCEL_TEST_STALL_SIZE) ? -errno : 0;
}

/* Starts a call, and waits until the exporter has it stalled. */
static inline void start(struct __test_metadata *_metadata, const struct _test_data_stalled *self,
			 struct work *work, int (*call)(struct caller *caller))
{
	work->caller = (struct caller) {
		.call = call, .fd = self->user,
		.syscall_nr = call == map_for_process ? SYS_mmap : SYS_ioctl,
	};
	work->dmabuf = self->dmabuf;
	ASSERT_EQ(0, caller_start(&work->caller));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 1);
}

static inline void expect_returned(struct __test_metadata *_metadata, struct work *work, int ret)
{
	ASSERT_EQ(0, caller_join(&work->caller));
	EXPECT_EQ(ret, work->caller.ret);
}

/* The exporter has no access under way, when nothing stalls any more. */
static inline void expect_ended(struct __test_metadata *_metadata,
				const struct _test_data_stalled *self)
{
	EXPECT_EQ(0, ask(self, ACCEL_TEST_STALL_IOC_RELEASE));
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_STALLED, 0);
	wait_until(_metadata, self, ACCEL_TEST_STALL_IOC_ACCESSES, 0);
}

/* Resets the device, which needs all callers to be outside of the driver. */
static inline void reset(struct __test_metadata *_metadata, const struct _test_data_stalled *self)
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

/* Imports what is exported, of which the operation stalls. */
static inline void import_stalled(struct __test_metadata *_metadata,
				  struct _test_data_stalled *self, struct work *work,
				  unsigned int operation)
{
	export(_metadata, self, operation);
	ASSERT_EQ(0, buffer_import(self->user, self->dmabuf, &work->handle, NULL));
}

#endif /* _ACCEL_SELFTEST_STALLED_H */
