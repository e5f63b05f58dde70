// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep of devices, and what the test driver has to say of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "power.h"

bool power_is(const struct node *node, const char *status)
{
	char text[32];

	if (read_file(node->class_dir, "power/runtime_status", text, sizeof(text)))
		return false;
	return !strcmp(text, status);
}

int power_wait(const struct node *node, const char *status)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;

	while (!power_is(node, status)) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return 0;
}

int power_set_delay(const struct node *node, unsigned int ms)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", ms);
	return write_file(node->class_dir, "power/autosuspend_delay_ms", text);
}

bool power_stays_awake(const struct node *node)
{
	int i;

	if (power_set_delay(node, 1))
		return false;
	for (i = 0; i < 5; i++) {
		sleep_ms(4);
		/* While the driver is asked, and says no, it is neither. */
		if (power_is(node, "suspended"))
			return false;
	}
	return true;
}

int power_set(int fd, __u32 suspend_error, __u32 resume_ms)
{
	return test_call(fd, ACCEL_TEST_IOC_SET_POWER, suspend_error, resume_ms, NULL);
}

int power_fail_resume(int fd, __u32 error)
{
	return test_call(fd, ACCEL_TEST_IOC_FAIL_RESUME, error, 0, NULL);
}

int power_count(int fd, __u32 what)
{
	__u32 count;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_COUNT_POWER, what, 0, &count);
	return ret ? ret : (int)count;
}
