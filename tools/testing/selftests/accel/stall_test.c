// SPDX-License-Identifier: GPL-2.0
/*
 * User memory that takes for ever to read or write holds up neither the removal
 * of a device, nor that of its driver's module, nor a reset: the callers are
 * stopped in a page fault, which only the test ends, after the other is through.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "events.h"
#include "harness.h"
#include "stalled_page.h"

#define COUNT 3

/* A call in another thread. */
struct call {
	int fd;
	unsigned int command;
	void *arg;
	int result;
	pthread_t thread;
};

static void *make_call(void *data)
{
	struct call *call = data;

	call->result = sys_ioctl(call->fd, call->command, call->arg);
	return NULL;
}

/* Makes the call, and waits until it has been stopped. */
static void start_call(struct __test_metadata *_metadata, struct call *call,
		       const struct stalled_page *page)
{
	ASSERT_EQ(0, pthread_create(&call->thread, NULL, make_call, call));
	ASSERT_EQ(0, stalled_page_wait(page))
		TH_LOG("the call has not touched the page");
}

/* Lets the caller go: what it reads are zeros, hence also a size of 0. */
static void end_call(struct __test_metadata *_metadata, struct call *call,
		     const struct stalled_page *page)
{
	ASSERT_EQ(0, stalled_page_release(page));
	ASSERT_EQ(0, pthread_join(call->thread, NULL));
}

FIXTURE(stall) {
	struct node node;
	struct stalled_page page;
	int fd;
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
		.command = ACCEL_IOC_INFO,
		.arg = variant->on_result ? (void *)&info : self->page.address,
	};

	start_call(_metadata, &call, &self->page);
	expect_unbound(_metadata, &self->node);
	end_call(_metadata, &call, &self->page);
	EXPECT_EQ(variant->on_result ? 0 : -EINVAL, call.result);
	EXPECT_EQ(-ENODEV, sys_ioctl(self->fd, ACCEL_IOC_INFO, NULL));
}

/* The same with an ioctl of a driver, whose structure points to arrays. */
FIXTURE(array_stall) {
	struct node node;
	struct stalled_page page;
	struct accel_test_squares squares;
	struct accel_test_row row;
	struct accel_test_rows rows;
	struct call call;
	__u32 numbers[COUNT];
	__u64 results[COUNT];
};

FIXTURE_VARIANT(array_stall) {
	bool on_argument;
	bool on_result;
	/* It is what an array points to, which the handler reads. */
	bool in_rows;
	/* What the call returns if the device has gone. */
	int result;
};

FIXTURE_VARIANT_ADD(array_stall, reading_the_argument) {
	.on_argument = true,
	.result = -EINVAL,
};

FIXTURE_VARIANT_ADD(array_stall, reading_an_array) {
	.result = -ENODEV,
};

FIXTURE_VARIANT_ADD(array_stall, reading_an_array_of_an_array) {
	.in_rows = true,
	.result = -ENODEV,
};

FIXTURE_VARIANT_ADD(array_stall, writing_an_array) {
	.on_result = true,
	.result = 0,
};

FIXTURE_SETUP(array_stall)
{
	void *page;
	int i;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&self->node));
	ASSERT_EQ(0, stalled_page_map(&self->page));
	page = self->page.address;
	for (i = 0; i < COUNT; i++)
		self->numbers[i] = i + 1;
	self->squares = (struct accel_test_squares){
		.size = sizeof(self->squares),
		.count = COUNT,
		.numbers_ptr = (uintptr_t)self->numbers,
		.squares_ptr = (uintptr_t)self->results,
	};
	if (variant->on_result)
		self->squares.squares_ptr = (uintptr_t)page;
	else if (!variant->on_argument)
		self->squares.numbers_ptr = (uintptr_t)page;
	self->call.command = ACCEL_TEST_IOC_SQUARES;
	self->call.arg = variant->on_argument ? page : &self->squares;
	self->row = (struct accel_test_row){ .count = COUNT, .numbers_ptr = (uintptr_t)page };
	self->rows = (struct accel_test_rows){
		.size = sizeof(self->rows),
		.count = 1,
		.rows_ptr = (uintptr_t)&self->row,
		.stride = sizeof(self->row),
	};
	if (variant->in_rows) {
		self->call.command = ACCEL_TEST_IOC_SUM_ROWS;
		self->call.arg = &self->rows;
	}
	self->call.fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->call.fd);
}

FIXTURE_TEARDOWN_PARENT(array_stall)
{
	if (!module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	if (module_loaded(TEST_DEVICE))
		EXPECT_EQ(0, test_device_remove());
}

TEST_F_TIMEOUT(array_stall, does_not_hold_up_removal, 120)
{
	start_call(_metadata, &self->call, &self->page);
	expect_unbound(_metadata, &self->node);
	end_call(_metadata, &self->call, &self->page);
	EXPECT_EQ(variant->result, self->call.result);
	EXPECT_EQ(-ENODEV, sys_ioctl(self->call.fd, ACCEL_TEST_IOC_SQUARES, &self->squares));
}

TEST_F_TIMEOUT(array_stall, does_not_keep_the_module, 120)
{
	start_call(_metadata, &self->call, &self->page);
	expect_unloaded(_metadata, TEST_DRIVER);
	end_call(_metadata, &self->call, &self->page);
	EXPECT_EQ(variant->result, self->call.result);
}

TEST_F_TIMEOUT(array_stall, does_not_hold_up_a_reset, 120)
{
	start_call(_metadata, &self->call, &self->page);
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	end_call(_metadata, &self->call, &self->page);
	EXPECT_EQ(variant->on_argument ? -EINVAL : 0, self->call.result);
	if (variant->on_result)
		EXPECT_EQ(1 + 4 + 9, self->squares.sum);
}

TEST_HARNESS_MAIN
