/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events, resets, and the device of the test driver that can go.
 */
#ifndef _ACCEL_SELFTEST_EVENTS_H
#define _ACCEL_SELFTEST_EVENTS_H

#include "test_node.h"

#define EVENTS_MAX 256
#define ALL_CLASSES (ACCEL_EVENT_CLASS_STATE | ACCEL_EVENT_CLASS_ERROR | ACCEL_EVENT_CLASS_DRIVER)

/* Subscribes to some classes. @eventfd may be -1. */
int events_subscribe(int fd, __u32 classes, int eventfd);
/* Returns how many of at most @count events were read by one read(), or an error. */
int events_read(int fd, struct accel_event *events, int count);
/* Whether the file is to be O_NONBLOCK. */
int set_nonblock(int fd, bool nonblock);
/* What poll() says now, or an error. */
int poll_now(int fd);

/*
 * Waits for the next event of a file that may be O_NONBLOCK. Returns its kind, or
 * an error.
 */
int events_next(int fd, struct accel_event *event);

/* Reads what an eventfd has counted. */
int read_eventfd(int fd, __u64 *number);
/* As read_eventfd(), once it is signalled, as a thread of the kernel does. -ETIMEDOUT */
int wait_eventfd(int fd, __u64 *number);
/*
 * Waits until all subscribers that have the device of the test driver open have
 * been told of the events so far; sends an event of an error for that.
 */
int events_wait_told(int user, const struct node *node);
/* Waits until the device is in a state. @fd may be an observer. */
int wait_state(int fd, __u32 state);
/* Writes to "reset" in sysfs. */
int admin_reset(const struct node *node, const char *text);
/* How resets of the test driver go: see ACCEL_TEST_IOC_SET_RESET. */
int test_set_reset(int fd, bool fails, __u32 ms);

#endif /* _ACCEL_SELFTEST_EVENTS_H */
