/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the sample driver accel_reset.
 */
#ifndef _ACCEL_SAMPLE_RESET_H
#define _ACCEL_SAMPLE_RESET_H

#include <accel/accel.h>

/**
 * struct accel_reset_twice - ioctl(ACCEL_RESET_IOC_TWICE)
 * @size: sizeof(struct accel_reset_twice)
 * @value: in: a number; the device gets stuck when it is 13
 * @result: in: must be zero; out: twice as much
 *
 * ECANCELED: the device was reset, and the work is lost.
 */
struct accel_reset_twice {
	__u32 size;
	__u32 value;
	__u32 result;
};

#define ACCEL_RESET_IOC_TWICE _IO(ACCEL_IOC_TYPE, 0x40)

#endif /* _ACCEL_SAMPLE_RESET_H */
