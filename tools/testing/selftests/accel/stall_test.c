// SPDX-License-Identifier: GPL-2.0
/*
 * User memory that takes for ever to read or write does not hold up the
 * removal of a device: the callers are stopped in a page fault, which only the
 * test ends, while the driver is unbound.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "harness.h"
#include "node.h"
#include "stalled_page.h"

/* The removal itself, in the emulated debug kernel, without a wait for users. */
#define REMOVAL_NS (10 * 1000000000ULL)

FIXTURE(stall) {
	struct node node;
	struct stalled_page page;
	int fd;
};

/* A call in another thread. */
struct call {
	int fd;
	void *arg;
	int result;
};

/* Whether the fault is in the argument, or in where the records go. */
FIXTURE_VARIANT(stall) {
	bool on_result;
};

FIXTURE_VARIANT_ADD(stall, reading_the_argument) {
	.on_result = false,
};

FIXTURE_VARIANT_ADD(stall, writing_the_records) {
	.on_result = true,
};

FIXTURE_SETUP(stall)
{
	if (!setup_root(_metadata) || !setup_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, stalled_page_map(&self->page));
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(stall)
{
	close(self->fd);
	stalled_page_unmap(&self->page);
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

static void *make_call(void *data)
{
	struct call *call = data;

	call->result = sys_ioctl(call->fd, ACCEL_IOC_INFO, call->arg);
	return NULL;
}

TEST_F_TIMEOUT(stall, does_not_hold_up_removal, 120)
{
	struct accel_info info = {
		.size = sizeof(info),
		.topic = ACCEL_INFO_STATUS,
		.data_ptr = (uintptr_t)self->page.address,
		.data_len = sizeof(struct accel_info_status),
	};
	struct call call = {
		.fd = self->fd,
		.arg = variant->on_result ? (void *)&info : self->page.address,
	};
	pthread_t caller;
	__u64 begin;

	ASSERT_EQ(0, pthread_create(&caller, NULL, make_call, &call));
	ASSERT_EQ(0, stalled_page_wait(&self->page))
		TH_LOG("the call has not touched the page");

	begin = now_ns();
	EXPECT_EQ(0, node_unbind(&self->node));
	EXPECT_GT(REMOVAL_NS, now_ns() - begin);

	/* Let the caller go: what it reads are zeros, hence also a size of 0. */
	ASSERT_EQ(0, stalled_page_release(&self->page));
	ASSERT_EQ(0, pthread_join(caller, NULL));
	EXPECT_EQ(variant->on_result ? 0 : -EINVAL, call.result);
	EXPECT_EQ(-ENODEV, sys_ioctl(self->fd, ACCEL_IOC_INFO, NULL));
}

TEST_HARNESS_MAIN
