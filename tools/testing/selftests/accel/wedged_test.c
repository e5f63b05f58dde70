// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are wedged, in each of the ways in which that happens: nobody waits
 * for what is not going to be done.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "fences.h"
#include "harness.h"
#include "power.h"

/* More resets than accel_test allows. */
#define RESETS 5

FIXTURE(wedged) {
	struct node node;
	int user;
	int observer;
	int fence;
};

FIXTURE_VARIANT(wedged) {
	const char *device;
	/* Has the device be wedged. */
	void (*wedge)(struct __test_metadata *_metadata, struct _test_data_wedged *self);
	/* Of the fence that is there before. */
	int error;
	bool comes_back;
};

/* Makes a fence in place of the one that there was. */
static int new_fence(struct _test_data_wedged *self)
{
	__u32 fd = 0;
	int ret;

	if (self->fence >= 0)
		close(self->fence);
	self->fence = -1;
	ret = test_call(self->user, ACCEL_TEST_IOC_FENCE, 0, 0, &fd);
	if (!ret)
		self->fence = fd;
	return ret;
}

static int ask_for_reset(int fd)
{
	return test_call(fd, ACCEL_TEST_IOC_RESET, 0, 7, NULL);
}

static void ask_once(struct __test_metadata *_metadata, struct _test_data_wedged *self)
{
	ASSERT_EQ(0, ask_for_reset(self->user));
}

static void fail_reset(struct __test_metadata *_metadata, struct _test_data_wedged *self)
{
	ASSERT_EQ(0, test_set_reset(self->observer, true, 0));
	ASSERT_EQ(0, ask_for_reset(self->user));
}

/* The last of them finds a fence of its own. */
static void ask_often(struct __test_metadata *_metadata, struct _test_data_wedged *self)
{
	for (int i = 1; i < RESETS; i++) {
		ASSERT_EQ(0, ask_for_reset(self->user));
		EXPECT_EQ(-ECANCELED, fence_wait(self->fence));
		ASSERT_EQ(0, new_fence(self));
	}
	ASSERT_EQ(0, ask_for_reset(self->user));
}

static void fail_to_wake(struct __test_metadata *_metadata, struct _test_data_wedged *self)
{
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_fail_resume(self->observer, EIO));
	EXPECT_EQ(-EIO, test_call(self->user, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, NULL));
	ASSERT_EQ(0, power_fail_resume(self->observer, 0));
}

FIXTURE_VARIANT_ADD(wedged, as_it_has_no_reset) {
	.device = "exclusive", .wedge = ask_once, .error = -EIO, .comes_back = false,
};

FIXTURE_VARIANT_ADD(wedged, as_its_reset_fails) {
	.device = "shared", .wedge = fail_reset, .error = -ECANCELED, .comes_back = true,
};

FIXTURE_VARIANT_ADD(wedged, as_it_is_reset_too_often) {
	.device = "shared", .wedge = ask_often, .error = -EIO, .comes_back = true,
};

FIXTURE_VARIANT_ADD(wedged, as_it_does_not_wake) {
	.device = "shared", .wedge = fail_to_wake, .error = -EIO, .comes_back = true,
};

FIXTURE_SETUP(wedged)
{
	self->fence = -1;
	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, variant->device) ||
	    !setup_module(_metadata, "ACCEL_TEST_KO"))
		return;
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	/* Afterwards no reset has been because of an error. */
	if (variant->comes_back)
		ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, new_fence(self));
}

/* When the test has ended, and with it all that it had open. */
FIXTURE_TEARDOWN_PARENT(wedged)
{
	if (variant->comes_back)
		return;
	EXPECT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
}

TEST_F_TIMEOUT(wedged, completes_its_fences, 120)
{
	struct caller user = poll_caller(self->user, POLLIN, TIMEOUT_MS);

	EXPECT_EQ(0, fence_status(self->fence));
	ASSERT_EQ(0, caller_start(&user));
	variant->wedge(_metadata, self);
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_WEDGED));

	EXPECT_EQ(variant->error, fence_wait(self->fence));
	ASSERT_EQ(0, caller_join(&user));
	EXPECT_EQ(POLLERR, user.result);
	/* To an observer, who may wait until it comes back, it is no error. */
	EXPECT_EQ(0, poll_now(self->observer));
	EXPECT_EQ(-EIO, new_fence(self));
	if (!variant->comes_back)
		return;

	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	user = poll_caller(self->user, POLLIN, TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&user));
	ASSERT_EQ(0, caller_interrupt(&user));
	ASSERT_EQ(0, caller_join(&user));
	ASSERT_EQ(0, new_fence(self));
	EXPECT_EQ(0, fence_status(self->fence));
}

TEST_HARNESS_MAIN
