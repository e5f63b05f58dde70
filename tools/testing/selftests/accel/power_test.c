// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep of a device that nobody uses: what wakes it, what keeps it awake, what
 * does neither, and what happens when its driver cannot do it.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"
#include "power.h"

/* How long a device takes to wake that is looked at meanwhile. */
#define WAKING_MS 1000

FIXTURE(power) {
	struct node node;
	int user;
	int observer;
};

FIXTURE_SETUP(power)
{
	setup_test_device(_metadata, &self->node, &self->user, &self->observer);
}

FIXTURE_TEARDOWN(power)
{
	int fd = test_open(&self->node, O_RDONLY);

	EXPECT_EQ(0, power_count(fd, ACCEL_TEST_MISSED));
	/* Nor was one removed before. */
	EXPECT_EQ(0, power_count(fd, ACCEL_TEST_DROPPED));
	close(fd);
	close(self->observer);
	close(self->user);
	EXPECT_EQ(0, test_device_remove());
}

static int powered_add(int fd)
{
	__u32 sum = 0;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, &sum);
	return ret ? ret : sum == 3 ? 0 : -EBADMSG;
}

static int call_powered_add(struct caller *caller)
{
	return powered_add(caller->fd);
}

static int call_powered_sleep(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_POWERED_SLEEP, TIMEOUT_MS, 0, NULL);
}

static struct caller powered_caller(int fd)
{
	return (struct caller) {
		.call = call_powered_add, .syscall_nr = SYS_ioctl, .fd = fd,
	};
}

/* So its driver finds it when it starts the hardware. */
TEST_F(power, is_awake_when_it_is_bound)
{
	EXPECT_EQ(0, power_count(self->observer, ACCEL_TEST_MISSED));
}

TEST_F(power, a_call_wakes_it)
{
	int suspends, resumes;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	suspends = power_count(self->observer, ACCEL_TEST_SUSPENDS);
	resumes = power_count(self->observer, ACCEL_TEST_RESUMES);
	EXPECT_LT(0, suspends);
	EXPECT_EQ(suspends, resumes + 1);

	EXPECT_EQ(0, powered_add(self->user));
	EXPECT_EQ(resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	EXPECT_EQ(suspends + 1, power_count(self->observer, ACCEL_TEST_SUSPENDS));
}

TEST_F(power, awake_as_long_as_a_call_lasts)
{
	struct caller caller = powered_caller(self->user);
	int resumes;

	caller.call = call_powered_sleep;
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	resumes = power_count(self->observer, ACCEL_TEST_RESUMES);
	ASSERT_EQ(0, caller_start(&caller));
	EXPECT_TRUE(power_stays_awake(&self->node));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
	EXPECT_EQ(resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

TEST_F(power, awake_after_a_call_that_asked_for_it)
{
	__u32 kept;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	/* It cannot be kept as what it is not. */
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_KEEP_AWAKE, 1, 0, &kept));
	EXPECT_EQ(0, kept);
	ASSERT_EQ(0, power_set_delay(&self->node, TIMEOUT_MS));
	ASSERT_EQ(0, powered_add(self->user));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_KEEP_AWAKE, 1, 0, &kept));
	EXPECT_EQ(1, kept);
	EXPECT_TRUE(power_stays_awake(&self->node));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_KEEP_AWAKE, 0, 0, NULL));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

TEST_F(power, nothing_else_wakes_it)
{
	static const char * const names[] = {
		"accel_test/number", "driver_name", "errors", "open_count", "state",
		"usage/busy_ns",
	};
	struct accel_info_sensor sensors[5];
	struct accel_event event;
	int fd, resumes;
	char text[4096];
	size_t i;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	resumes = power_count(self->observer, ACCEL_TEST_RESUMES);

	fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(5, info_read(fd, ACCEL_INFO_SENSORS, sensors, sizeof(sensors[0]), 5));
	EXPECT_EQ(0, events_subscribe(fd, ALL_CLASSES, -1));
	EXPECT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_REPORT, 0, 1, NULL));
	EXPECT_EQ(ACCEL_EVENT_ERROR, events_next(fd, &event));
	EXPECT_EQ(0, poll_now(fd));
	close(fd);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_EQ(0, read_file(self->node.class_dir, names[i], text, sizeof(text)));

	/* Nor does a user who does not need it. */
	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	close(fd);

	EXPECT_TRUE(power_is(&self->node, "suspended"));
	EXPECT_EQ(resumes, power_count(self->observer, ACCEL_TEST_RESUMES));
	/* Nor one who must not. */
	EXPECT_EQ(-EACCES, powered_add(self->observer));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->user, ACCEL_TEST_IOC_ADD, NULL));
	EXPECT_EQ(resumes, power_count(self->observer, ACCEL_TEST_RESUMES));
}

static void expect_power_failed(struct __test_metadata *_metadata, int fd)
{
	struct accel_event event;

	do {
		ASSERT_LE(0, events_next(fd, &event));
	} while (event.kind != ACCEL_EVENT_ERROR);
	EXPECT_EQ(ACCEL_ERROR_POWER_FAILED, event.data[0]);
	EXPECT_EQ(EIO, event.data[1]);
}

TEST_F(power, one_that_cannot_be_woken_is_wedged)
{
	struct accel_info_status status;
	int resumes;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_fail_resume(self->observer, EIO));
	ASSERT_EQ(0, events_subscribe(self->observer, ALL_CLASSES, -1));
	resumes = power_count(self->observer, ACCEL_TEST_RESUMES);

	EXPECT_EQ(-EIO, powered_add(self->user));
	expect_power_failed(_metadata, self->observer);
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(-EIO, powered_add(self->user));
	EXPECT_EQ(-EIO, test_call(self->user, ACCEL_TEST_IOC_ADD, 1, 2, NULL));

	/* It is of no use to reset what does not wake. */
	EXPECT_EQ(-EIO, admin_reset(&self->node, "force"));
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(resumes, power_count(self->observer, ACCEL_TEST_RESUMES));

	ASSERT_EQ(0, power_fail_resume(self->observer, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	EXPECT_EQ(0, powered_add(self->user));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
	EXPECT_EQ(0, powered_add(self->user));
}

/* For a driver that finds no hardware, the device is there nevertheless. */
TEST_F(power, one_whose_hardware_is_not_there_is_wedged)
{
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_fail_resume(self->observer, ENODEV));
	EXPECT_EQ(-EIO, powered_add(self->user));
	EXPECT_EQ(0, wait_state(self->observer, ACCEL_STATE_WEDGED));

	ASSERT_EQ(0, power_fail_resume(self->observer, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, powered_add(self->user));
}

TEST_F(power, a_reset_wakes_it)
{
	__u32 resets;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 0, 0, &resets));
	EXPECT_EQ(1, resets);
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

TEST_F(power, one_that_is_busy_sleeps_later)
{
	struct accel_info_status before, after;

	ASSERT_EQ(0, power_set(self->observer, EBUSY, 0));
	ASSERT_EQ(0, powered_add(self->user));
	read_status(_metadata, self->observer, &before);
	EXPECT_TRUE(power_stays_awake(&self->node));
	EXPECT_EQ(0, powered_add(self->user));
	ASSERT_EQ(0, power_set(self->observer, 0, 0));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(before.errors, after.errors);
}

TEST_F(power, one_that_cannot_sleep_is_reset)
{
	struct accel_info_status before, after;

	read_status(_metadata, self->observer, &before);
	ASSERT_EQ(0, events_subscribe(self->observer, ALL_CLASSES, -1));
	ASSERT_EQ(0, power_set(self->observer, EIO, 0));
	/* However long that took: now it is awake, and is put to sleep once more. */
	ASSERT_EQ(0, powered_add(self->user));
	expect_power_failed(_metadata, self->observer);
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_RUNNING));
	read_status(_metadata, self->observer, &after);
	EXPECT_LT(before.resets, after.resets);
}

TEST_F(power, removed_asleep)
{
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENODEV, powered_add(self->user));
	ASSERT_EQ(0, node_bind(&self->node));
}

TEST_F(power, removed_while_kept_awake)
{
	struct caller caller = powered_caller(self->user);
	__u32 kept;

	caller.call = call_powered_sleep;
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_KEEP_AWAKE, 1, 0, &kept));
	EXPECT_EQ(1, kept);
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ENODEV, caller.ret);
	ASSERT_EQ(0, node_bind(&self->node));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

/* Who comes while it wakes, and goes, takes nothing from the one who woke it. */
TEST_F(power, awake_for_the_one_who_woke_it)
{
	struct caller caller = powered_caller(self->user);

	caller.call = call_powered_sleep;
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_set(self->observer, 0, WAKING_MS));
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, power_wait(&self->node, "resuming"));
	EXPECT_EQ(0, powered_add(self->user));
	EXPECT_TRUE(power_stays_awake(&self->node));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
}

TEST_F(power, removed_while_it_wakes)
{
	struct caller caller = powered_caller(self->user);

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_set(self->observer, 0, WAKING_MS));
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, power_wait(&self->node, "resuming"));
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, caller_join(&caller));
	/* Awake, it may have been there before the device was gone. */
	EXPECT_TRUE(!caller.ret || caller.ret == -ENODEV)
		TH_LOG("%d", caller.ret);
	EXPECT_EQ(-ENODEV, powered_add(self->user));
	ASSERT_EQ(0, node_bind(&self->node));
}

TEST_F(power, not_resetting_while_it_wakes)
{
	struct caller caller = powered_caller(self->user);

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, power_set(self->observer, 0, 100));
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
}

TEST_HARNESS_MAIN
