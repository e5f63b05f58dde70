/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the accelerator driver for QEMU's "edu" device.
 *
 * The device is described in QEMU's docs/specs/edu.rst.
 */
#ifndef _UAPI_ACCEL_EDU_H
#define _UAPI_ACCEL_EDU_H

#include <accel/accel.h>

/**
 * struct accel_edu_factorial - ioctl(ACCEL_EDU_IOC_FACTORIAL)
 * @size: sizeof(struct accel_edu_factorial)
 * @n: in: the argument, at most 12, since 13! exceeds 32 bits
 * @timeout_ms: in: how long to wait for the device, in milliseconds; zero for
 *	the driver's default of one second
 * @result: in: must be zero; out: n!
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero
 *	to go by @timeout_ms. Out, with EINTR: when the call would have given up,
 *	so that it waits for no longer when it is made again
 *
 * The device computes one factorial at a time; further callers wait their turn
 * within their time. Errors beyond the general ones: EINVAL if @n is above
 * 12, ETIMEDOUT, EINTR, ECANCELED if the device was reset meanwhile.
 */
struct accel_edu_factorial {
	__u32 size;
	__u32 n;
	__u32 timeout_ms;
	__u32 result;
	__aligned_u64 deadline_ns;
};

#define ACCEL_EDU_IOC_FACTORIAL _IO(ACCEL_IOC_TYPE, 0x40)

/**
 * struct accel_edu_liveness - ioctl(ACCEL_EDU_IOC_LIVENESS)
 * @size: sizeof(struct accel_edu_liveness)
 * @value: in: any number
 * @reply: in: must be zero; out: the bitwise inverse of @value, computed by the
 *	device
 * @reserved: must be zero
 */
struct accel_edu_liveness {
	__u32 size;
	__u32 value;
	__u32 reply;
	__u32 reserved;
};

#define ACCEL_EDU_IOC_LIVENESS _IO(ACCEL_IOC_TYPE, 0x41)

/**
 * struct accel_edu_copy - ioctl(ACCEL_EDU_IOC_COPY)
 * @size: sizeof(struct accel_edu_copy)
 * @len: in: how many bytes to copy, from 1 to 4096
 * @source: in: handle of the buffer to read
 * @target: in: handle of the buffer to write, which may be the same
 * @source_offset: in: where in @source to begin, bytes
 * @target_offset: in: where in @target to begin, bytes
 * @timeout_ms: in: how long to wait for the device, in milliseconds; zero for
 *	the driver's default of one second
 * @reserved: must be zero
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero
 *	to go by @timeout_ms. Out, with EINTR: when the call would have given up,
 *	so that it waits for no longer when it is made again
 *
 * The device copies by DMA, through 4 KiB of its own memory, and takes about
 * 100 ms each way. It does one copy at a time; further callers wait their turn
 * within their time. Success means that the device is done. It has no way to
 * report that the bytes did not get there; the driver refuses a device that does
 * not reach the memory that it is given. After an error, any part of the target
 * may have been written, or be written until the device is idle again, which takes
 * 100 ms. Errors beyond the general ones: EINVAL if something is not within its
 * buffer, ETIMEDOUT, EINTR, ECANCELED if the device was reset meanwhile, also by its
 * bus, and EIO if the device does not answer any more.
 */
struct accel_edu_copy {
	__u32 size;
	__u32 len;
	__u32 source;
	__u32 target;
	__aligned_u64 source_offset;
	__aligned_u64 target_offset;
	__u32 timeout_ms;
	__u32 reserved;
	__aligned_u64 deadline_ns;
};

#define ACCEL_EDU_IOC_COPY _IO(ACCEL_IOC_TYPE, 0x42)

/**
 * struct accel_edu_reset - ioctl(ACCEL_EDU_IOC_RESET)
 * @size: sizeof(struct accel_edu_reset)
 * @reserved: must be zero
 *
 * Has the bus reset the function, and returns when the device takes work again.
 * Needs CAP_SYS_ADMIN. Errors beyond the general ones: ENOTTY if the bus has no way
 * to reset it, EINTR, EIO if the device does not come back.
 */
struct accel_edu_reset {
	__u32 size;
	__u32 reserved;
};

#define ACCEL_EDU_IOC_RESET _IO(ACCEL_IOC_TYPE, 0x43)

/**
 * struct accel_edu_set_eventfd - ioctl(ACCEL_EDU_IOC_SET_EVENTFD)
 * @size: sizeof(struct accel_edu_set_eventfd)
 * @fd: in: an eventfd, or -1 for none
 *
 * Has the eventfd be signalled whenever the device interrupts, until another one,
 * or none, is set, or the open file goes. A device signals one at a time, before
 * the call that waits for the interrupt returns.
 * Errors beyond the general ones: EBADF and EINVAL if @fd is none, EBUSY if another
 * open file has set one.
 */
struct accel_edu_set_eventfd {
	__u32 size;
	__s32 fd;
};

#define ACCEL_EDU_IOC_SET_EVENTFD _IO(ACCEL_IOC_TYPE, 0x44)

#endif /* _UAPI_ACCEL_EDU_H */
