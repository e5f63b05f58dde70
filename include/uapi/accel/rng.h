/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the accelerator driver for virtio entropy devices.
 *
 * The device is described in "Entropy Device" of the virtio specification.
 */
#ifndef _UAPI_ACCEL_RNG_H
#define _UAPI_ACCEL_RNG_H

#include <accel/accel.h>

/**
 * struct accel_rng_fill - ioctl(ACCEL_RNG_IOC_FILL)
 * @size: sizeof(struct accel_rng_fill)
 * @handle: in: handle of the buffer to write
 * @offset: in: where in the buffer to begin, bytes
 * @len: in: how many bytes to write, at least one
 * @timeout_ms: in: how long to wait for the device, in milliseconds; zero for
 *	the driver's default of five seconds
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero
 *	to go by @timeout_ms. Out, with EINTR: when the call would have given up,
 *	so that it waits for no longer when it is made again
 *
 * Fills a part of a buffer with random bytes, which the device writes. It fills
 * one part at a time; further callers wait their turn within their time. If the
 * call fails, the content of the part is undefined.
 *
 * Errors beyond the general ones: EINVAL if the part is empty or not within the
 * buffer, ENOENT if there is no such buffer, EACCES if it is not to be written
 * to, ETIMEDOUT, EINTR, EIO if the device does not do what it should, ECANCELED
 * if it was reset meanwhile.
 */
struct accel_rng_fill {
	__u32 size;
	__u32 handle;
	__aligned_u64 offset;
	__u32 len;
	__u32 timeout_ms;
	__aligned_u64 deadline_ns;
};

#define ACCEL_RNG_IOC_FILL _IO(ACCEL_IOC_TYPE, 0x40)

#endif /* _UAPI_ACCEL_RNG_H */
