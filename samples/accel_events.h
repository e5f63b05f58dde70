/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the sample driver accel_events.
 */
#ifndef _ACCEL_SAMPLE_EVENTS_H
#define _ACCEL_SAMPLE_EVENTS_H

#include <accel/accel.h>

/**
 * struct accel_events_count - ioctl(ACCEL_EVENTS_IOC_COUNT)
 * @size: sizeof(struct accel_events_count)
 * @by: in: what to add to the counter of the device
 * @now: in: must be zero; out: what it is now
 * @reserved: must be zero
 */
struct accel_events_count {
	__u32 size;
	__u32 by;
	__u32 now;
	__u32 reserved;
};

#define ACCEL_EVENTS_IOC_COUNT _IO(ACCEL_IOC_TYPE, 0x40)

/* The counter has reached or passed a multiple of ten. data[0]: what it is now. */
#define ACCEL_EVENTS_TEN ACCEL_EVENT_DRIVER_BASE

#endif /* _ACCEL_SAMPLE_EVENTS_H */
