/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timelines of an open node. Functions return zero or a negative error number,
 * unless they say otherwise.
 */
#ifndef _ACCEL_SELFTEST_TIMELINES_H
#define _ACCEL_SELFTEST_TIMELINES_H

#include <stdbool.h>

#include <accel/accel.h>
#include "accel_test_submit.h"

int timeline_create(int fd, __u64 value, __u32 *handle);
int timeline_close(int fd, __u32 handle);
int timeline_query(int fd, __u32 handle, struct accel_timeline_query *query);
/* Whether its value and its last submitted point are these. */
bool timeline_is_at(int fd, __u32 handle, __u64 value, __u64 submitted);
int timeline_signal(int fd, __u32 handle, __u64 point);
/* Return a descriptor, or an error. */
int timeline_export(int fd, __u32 handle, __u32 flags);
int timeline_sync_file(int fd, __u32 handle, __u64 point);
int timeline_import(int fd, int timeline, __u32 *handle);
int timeline_attach(int fd, __u32 handle, __u64 point, int sync_file);
int timeline_eventfd(int fd, __u32 handle, __u64 point, int eventfd, __u32 flags);

/* Waits for points until a time, which may be zero. Returns the index. */
int timeline_wait(int fd, const struct accel_timeline_point *points, __u32 count, __u32 flags,
		  __u32 timeout_ms);
/* As that, for one point. */
int timeline_wait_one(int fd, __u32 handle, __u64 point, __u32 flags, __u32 timeout_ms);

/* Begins work of accel_test, whose end signals a point. */
int test_submit(int fd, __u32 handle, __u64 point);
/* Ends the work that was begun first. */
int test_finish(int fd, bool fail);

#endif /* _ACCEL_SELFTEST_TIMELINES_H */
