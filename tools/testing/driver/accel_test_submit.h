/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the test driver accel_test for work that depends on points of
 * timelines, and signals them. It may change at any time.
 */
#ifndef _ACCEL_TEST_SUBMIT_H
#define _ACCEL_TEST_SUBMIT_H

#include "accel_test.h"

/**
 * struct accel_test_submit - ioctl(ACCEL_TEST_IOC_SUBMIT)
 * @size: sizeof(struct accel_test_submit)
 * @timeout_ms: in: how long to wait until @in_point is submitted, in milliseconds
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero to go by
 *	@timeout_ms. Out, with EINTR: when the call would have given up
 * @in_timeline: in: a timeline, or zero
 * @out_timeline: in: a timeline, or zero
 * @in_point: in: a point that has to be submitted before
 * @out_point: in: a point that is signalled with the work
 * @is_pending: in: must be zero; out: 1 if @in_point is not signalled yet
 * @reserved: must be zero
 *
 * Begins work that is done when FINISH says so, as FENCE does.
 */
struct accel_test_submit {
	__u32 size;
	__u32 timeout_ms;
	__aligned_u64 deadline_ns;
	__u32 in_timeline;
	__u32 out_timeline;
	__aligned_u64 in_point;
	__aligned_u64 out_point;
	__u32 is_pending;
	__u32 reserved;
};

#define ACCEL_TEST_IOC_SUBMIT _IO(ACCEL_IOC_TYPE, 0x7f)

/*
 * Ends the work of FENCE and SUBMIT that the open file has begun first: ENOENT. It has
 * failed, with EIO, if a is not zero.
 */
#define ACCEL_TEST_IOC_FINISH _IO(ACCEL_IOC_TYPE, 0x80)

#endif /* _ACCEL_TEST_SUBMIT_H */
