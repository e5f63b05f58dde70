// SPDX-License-Identifier: GPL-2.0
/*
 * Resets: what users and observers see of them, those that fail, those that are
 * too many, those for the administrator, and those of the watchdog.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"

/* See accel_test.h. */
#define RESETS_MAX 4
#define NOTIFIED (ACCEL_EVENT_CLASS_STATE | ACCEL_EVENT_CLASS_ERROR)

FIXTURE(reset) {
	struct node node;
	int user;
	int observer;
	struct accel_event event;
	struct accel_info_status before;
};

FIXTURE_SETUP(reset)
{
	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	/* Afterwards no reset has been because of an error. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	read_status(_metadata, self->observer, &self->before);
	ASSERT_EQ(ACCEL_STATE_RUNNING, self->before.state);
	ASSERT_EQ(0, events_subscribe(self->observer, NOTIFIED, -1));
}

FIXTURE_TEARDOWN(reset)
{
	EXPECT_EQ(0, test_set_reset(self->observer, false, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	close(self->observer);
	close(self->user);
}

static void expect_state(struct __test_metadata *_metadata, int fd, __u32 from, __u32 to)
{
	struct accel_event event;

	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(fd, &event));
	EXPECT_EQ(to, event.data[0]);
	EXPECT_EQ(from, event.data[1]);
}

static void expect_error(struct __test_metadata *_metadata, int fd, __u32 error, __u64 code)
{
	struct accel_event event;

	ASSERT_EQ(ACCEL_EVENT_ERROR, events_next(fd, &event));
	EXPECT_EQ(error, event.data[0]);
	EXPECT_EQ(code, event.data[1]);
}

static int add(int fd)
{
	return test_call(fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL);
}

static int ask_for_reset(int fd, __u32 code)
{
	return test_call(fd, ACCEL_TEST_IOC_RESET, 0, code, NULL);
}

static __u32 resets_of_driver(struct __test_metadata *_metadata, int fd)
{
	__u32 resets = 0;

	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_RESETS, 0, 0, &resets));
	return resets;
}

TEST_F(reset, because_of_an_error)
{
	__u32 resets = resets_of_driver(_metadata, self->observer);
	struct accel_info_status after;

	ASSERT_EQ(0, ask_for_reset(self->user, 9));
	expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, 9);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_RESETTING);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING, ACCEL_STATE_RUNNING);
	EXPECT_EQ(0, add(self->user));
	EXPECT_EQ(resets + 1, resets_of_driver(_metadata, self->observer));

	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(ACCEL_STATE_RUNNING, after.state);
	EXPECT_EQ(self->before.resets + 1, after.resets);
	EXPECT_EQ(self->before.errors + 1, after.errors);
	EXPECT_EQ(ACCEL_ERROR_HARDWARE, after.last_error);
	EXPECT_EQ(9, after.last_error_code);
	EXPECT_LT(self->before.state_ns, after.last_error_ns);
	EXPECT_LT(after.last_error_ns, after.state_ns);
	EXPECT_GT(now_ns(), after.state_ns);
}

static int call_add(struct caller *caller)
{
	return add(caller->fd);
}

TEST_F(reset, users_wait_and_observers_do_not)
{
	struct caller waiting = { .call = call_add, .syscall_nr = SYS_ioctl, .fd = self->user };
	struct caller interrupted = waiting;
	int hasty = test_open(&self->node, O_RDWR | O_NONBLOCK);
	int late;

	ASSERT_LE(0, hasty);
	ASSERT_EQ(0, test_set_reset(self->observer, false, TIMEOUT_MS));
	ASSERT_EQ(0, ask_for_reset(self->user, 0));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_RESETTING));
	EXPECT_EQ(-EAGAIN, add(hasty));
	/* A bad argument is not looked at yet; what does not exist does not wait. */
	EXPECT_EQ(-EAGAIN, sys_ioctl(hasty, ACCEL_TEST_IOC_ADD, NULL));
	EXPECT_EQ(-ENOTTY, sys_ioctl(hasty, _IO(ACCEL_IOC_TYPE, 0xbf), NULL));
	EXPECT_EQ(-EACCES, sys_ioctl(self->observer, ACCEL_TEST_IOC_ADD, NULL));
	ASSERT_EQ(0, caller_start(&waiting));
	ASSERT_EQ(0, caller_start(&interrupted));
	ASSERT_EQ(0, caller_interrupt(&interrupted));
	ASSERT_EQ(0, caller_join(&interrupted));
	EXPECT_EQ(-EINTR, interrupted.ret);
	/* To open it is no use of it, and a user may look, too. */
	late = test_open(&self->node, O_RDWR);
	EXPECT_LE(0, late);
	close(late);
	EXPECT_EQ(0, wait_state(self->user, ACCEL_STATE_RESETTING));

	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	ASSERT_EQ(0, caller_join(&waiting));
	EXPECT_EQ(0, waiting.ret);
	EXPECT_EQ(0, wait_state(self->observer, ACCEL_STATE_RUNNING));
	EXPECT_EQ(0, add(hasty));
	close(hasty);
}

static int call_sleep(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_SLEEP, TIMEOUT_MS, 0, NULL);
}

TEST_F(reset, sleepers_go_on)
{
	struct caller sleeper = { .call = call_sleep, .syscall_nr = SYS_ioctl, .fd = self->user };

	ASSERT_EQ(0, caller_start(&sleeper));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(1, test_sleepers(self->observer));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	ASSERT_EQ(0, caller_join(&sleeper));
	EXPECT_EQ(0, sleeper.ret);
}

TEST_F(reset, that_fails)
{
	struct caller sleeper = { .call = call_sleep, .syscall_nr = SYS_ioctl, .fd = self->user };
	struct caller poller = poll_caller(self->user, POLLIN, 4 * TIMEOUT_MS);
	struct accel_info_status after;
	int late;

	ASSERT_EQ(0, caller_start(&sleeper));
	ASSERT_EQ(0, caller_start(&poller));
	ASSERT_EQ(0, test_set_reset(self->observer, true, 0));
	ASSERT_EQ(0, ask_for_reset(self->user, 1));
	expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, 1);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_RESETTING);
	expect_error(_metadata, self->observer, ACCEL_ERROR_RESET_FAILED, EIO);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING, ACCEL_STATE_WEDGED);
	ASSERT_EQ(0, caller_join(&sleeper));
	EXPECT_EQ(-EIO, sleeper.ret);
	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(POLLERR, poller.result);
	EXPECT_EQ(0, poll_now(self->observer) & POLLERR);

	EXPECT_EQ(-EIO, add(self->user));
	EXPECT_EQ(-EIO, sys_ioctl(self->user, ACCEL_TEST_IOC_ADD, NULL));
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->user, _IO(ACCEL_IOC_TYPE, 0xbf), NULL));
	EXPECT_EQ(-EACCES, sys_ioctl(self->observer, ACCEL_TEST_IOC_ADD, NULL));
	late = test_open(&self->node, O_RDWR | O_NONBLOCK);
	EXPECT_LE(0, late);
	EXPECT_EQ(-EIO, add(late));
	close(late);
	read_status(_metadata, self->user, &after);
	EXPECT_EQ(ACCEL_STATE_WEDGED, after.state);
	EXPECT_EQ(ACCEL_ERROR_RESET_FAILED, after.last_error);
	EXPECT_EQ(EIO, after.last_error_code);
	EXPECT_EQ(self->before.errors + 2, after.errors);

	/* Only the administrator can bring it back. */
	EXPECT_EQ(-EIO, ask_for_reset(self->user, 0));
	EXPECT_EQ(-EIO, admin_reset(&self->node, "force"));
	EXPECT_EQ(-EIO, add(self->user));
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	EXPECT_EQ(-EBUSY, admin_reset(&self->node, "1"));
	EXPECT_EQ(0, admin_reset(&self->node, "force\n"));
	EXPECT_EQ(0, add(self->user));
}

TEST_F(reset, by_the_administrator)
{
	static const char bad[][8] = { "\n", "0", "2", "11", "forced", "FORCE" };
	struct accel_info_status after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, admin_reset(&self->node, bad[i]))
			TH_LOG("%s", bad[i]);
	EXPECT_EQ(-EBUSY, admin_reset(&self->node, "1"));
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.resets, after.resets);

	close(self->user);
	wait_alone(_metadata, self->observer);
	EXPECT_EQ(0, admin_reset(&self->node, "1"));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.resets + 1, after.resets);
	EXPECT_EQ(self->before.errors, after.errors);
}

/* It returns when the device takes work again, and counts neither as an error nor for the limit. */
TEST_F(reset, by_a_user)
{
	__u32 resets = resets_of_driver(_metadata, self->observer), begun;
	struct accel_info_status after;
	int i;

	for (i = 0; i <= RESETS_MAX; i++) {
		ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_RESET_NOW, 0, 0, &begun));
		EXPECT_EQ(1, begun);
		EXPECT_EQ(resets + i + 1, resets_of_driver(_metadata, self->observer));
		expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_RESETTING);
		expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING, ACCEL_STATE_RUNNING);
	}
	EXPECT_EQ(0, add(self->user));
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.resets + RESETS_MAX + 1, after.resets);
	EXPECT_EQ(self->before.errors, after.errors);
}

/* Its caller is told why. */
TEST_F(reset, by_a_user_that_fails)
{
	ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_SET_RESET, ETIMEDOUT, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, test_call(self->user, ACCEL_TEST_IOC_RESET_NOW, 0, 0, NULL));
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_RESETTING);
	expect_error(_metadata, self->observer, ACCEL_ERROR_RESET_FAILED, ETIMEDOUT);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING, ACCEL_STATE_WEDGED);
	/* A user does not bring it back. */
	ASSERT_EQ(0, test_set_reset(self->observer, false, 0));
	EXPECT_EQ(-EIO, test_call(self->user, ACCEL_TEST_IOC_RESET_NOW, 0, 0, NULL));
}

static int call_reset_now(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_RESET_NOW, 0, 0, NULL);
}

/* Users that ask at the same time do not wait for each other to leave the driver. */
TEST_F(reset, by_two_users)
{
	struct caller callers[2];
	size_t i;
	int ret;

	ASSERT_EQ(0, test_set_reset(self->observer, false, 100));
	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		callers[i] = (struct caller) {
			.call = call_reset_now, .syscall_nr = SYS_ioctl, .fd = self->user,
		};
		ret = caller_start(&callers[i]);
		/* It may be over before it is seen asleep. */
		if (ret != -ECANCELED)
			ASSERT_EQ(0, ret);
	}
	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		ASSERT_EQ(0, caller_join(&callers[i]));
		EXPECT_EQ(0, callers[i].ret);
	}
	EXPECT_EQ(0, add(self->user));
}

TEST_F(reset, too_many)
{
	struct accel_info_status after;
	int i;

	for (i = 0; i < RESETS_MAX; i++) {
		ASSERT_EQ(0, ask_for_reset(self->user, i));
		expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, i);
		expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING,
			     ACCEL_STATE_RESETTING);
		expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING,
			     ACCEL_STATE_RUNNING);
	}
	ASSERT_EQ(0, ask_for_reset(self->user, i));
	expect_error(_metadata, self->observer, ACCEL_ERROR_HARDWARE, i);
	expect_error(_metadata, self->observer, ACCEL_ERROR_RESET_STORM, RESETS_MAX);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_WEDGED);
	EXPECT_EQ(-EIO, add(self->user));
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.resets + RESETS_MAX, after.resets);

	/* Then it begins anew. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, add(self->user));
	ASSERT_EQ(0, ask_for_reset(self->user, 0));
	EXPECT_EQ(0, wait_state(self->observer, ACCEL_STATE_RUNNING));
}

TEST_F(reset, work_that_is_late)
{
	struct accel_info_status after;

	EXPECT_EQ(-ECANCELED,
		  test_call(self->user, ACCEL_TEST_IOC_WORK_WITHIN, 100, TIMEOUT_MS, NULL));
	expect_error(_metadata, self->observer, ACCEL_ERROR_TIMEOUT, 1);
	expect_state(_metadata, self->observer, ACCEL_STATE_RUNNING, ACCEL_STATE_RESETTING);
	expect_state(_metadata, self->observer, ACCEL_STATE_RESETTING, ACCEL_STATE_RUNNING);

	/* If that does not help, nothing does. */
	ASSERT_EQ(0, test_set_reset(self->observer, true, 0));
	EXPECT_EQ(-EIO,
		  test_call(self->user, ACCEL_TEST_IOC_WORK_WITHIN, 100, TIMEOUT_MS, NULL));
	EXPECT_EQ(0, wait_state(self->observer, ACCEL_STATE_WEDGED));
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.errors + 3, after.errors);
	EXPECT_EQ(ACCEL_ERROR_RESET_FAILED, after.last_error);
}

TEST_F(reset, work_that_is_in_time)
{
	struct accel_info_status after;
	int i;

	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WORK_WITHIN, 1000, 0, NULL));
	sleep_ms(1200);
	read_status(_metadata, self->observer, &after);
	EXPECT_EQ(self->before.resets, after.resets);
	EXPECT_EQ(self->before.errors, after.errors);
}

/* The driver of this one says that it cannot. */
TEST(no_reset)
{
	struct node node;
	int user;

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &node, "exclusive") ||
	    !setup_module(_metadata, "ACCEL_TEST_KO"))
		return;
	user = test_open(&node, O_RDWR);
	ASSERT_LE(0, user);
	EXPECT_EQ(-EBUSY, admin_reset(&node, "1"));
	EXPECT_EQ(-EOPNOTSUPP, admin_reset(&node, "force"));
	EXPECT_EQ(0, add(user));
	EXPECT_EQ(0, ask_for_reset(user, 0));
	EXPECT_EQ(0, wait_state(user, ACCEL_STATE_WEDGED));
	EXPECT_EQ(-EIO, add(user));
	EXPECT_EQ(-EOPNOTSUPP, admin_reset(&node, "force"));
	close(user);

	EXPECT_EQ(0, module_unload("accel_test"));
	EXPECT_EQ(0, module_load("accel_test", ""));
}

TEST_HARNESS_MAIN
