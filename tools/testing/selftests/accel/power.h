/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleep of devices, and what the test driver has to say of it.
 */
#ifndef _ACCEL_SELFTEST_POWER_H
#define _ACCEL_SELFTEST_POWER_H

#include "test_node.h"

/* Whether the device is "active", "suspended", ... now. */
bool power_is(const struct node *node, const char *status);
/* Waits until it is. */
int power_wait(const struct node *node, const char *status);
/* After how long without use it is put to sleep. */
int power_set_delay(const struct node *node, unsigned int ms);
/* Whether it stays awake, for several times as long as it would need to go to sleep. */
bool power_stays_awake(const struct node *node);
/* How putting it to sleep, and waking it, go: see ACCEL_TEST_IOC_SET_POWER. */
int power_set(int fd, __u32 suspend_error, __u32 resume_ms);
int power_fail_resume(int fd, __u32 error);
/* One of ACCEL_TEST_SUSPENDS, ..., or an error. */
int power_count(int fd, __u32 what);

#endif /* _ACCEL_SELFTEST_POWER_H */
