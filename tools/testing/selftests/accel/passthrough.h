/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of passthrough: its counter, and its line in the kernel's log.
 */
#ifndef _ACCEL_SELFTEST_PASSTHROUGH_H
#define _ACCEL_SELFTEST_PASSTHROUGH_H

#include "test_node.h"

/* The attribute "passthrough_calls", or an error. */
long passthrough_calls(const struct node *node);
/* Whether the kernel is tainted with what passthrough taints it with, or an error. */
int passthrough_taint(void);

/* The kernel's log from now on: a file descriptor, or an error. */
int log_open(void);
/* How many lines have come that contain @text, or an error. */
int log_count(int fd, const char *text);

#define PASSTHROUGH_LINE "passes opaque data to the device"

#endif /* _ACCEL_SELFTEST_PASSTHROUGH_H */
