/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the sample driver accel_minimal.
 */
#ifndef _UAPI_ACCEL_MINIMAL_H
#define _UAPI_ACCEL_MINIMAL_H

#include <accel/accel.h>

/**
 * struct accel_minimal_add - ioctl(ACCEL_MINIMAL_IOC_ADD)
 * @size: sizeof(struct accel_minimal_add)
 * @a: in: first addend
 * @b: in: second addend
 * @sum: in: must be zero; out: @a + @b, modulo 2^32
 */
struct accel_minimal_add {
	__u32 size;
	__u32 a;
	__u32 b;
	__u32 sum;
};

#define ACCEL_MINIMAL_IOC_ADD _IO(ACCEL_IOC_TYPE, 0x40)

#endif /* _UAPI_ACCEL_MINIMAL_H */
