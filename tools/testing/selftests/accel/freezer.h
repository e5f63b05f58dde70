/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control groups that can be frozen. Functions return zero or a negative error
 * number.
 */
#ifndef _ACCEL_SELFTEST_FREEZER_H
#define _ACCEL_SELFTEST_FREEZER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Makes a group of this process, whose folder is then in @group, in the unified
 * hierarchy, or in that of the freezer of version 1. -ENOENT: there is no such thing.
 */
int freezer_make(bool is_first, char *group, size_t size);
/* Moves a process into a group. */
int freezer_enter(const char *group, pid_t pid);
/* Freezes a group, or thaws it, and waits until it is. */
int freezer_freeze(const char *group, bool freeze);

#endif /* _ACCEL_SELFTEST_FREEZER_H */
