/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers of an open node. Functions return zero or a negative error number.
 */
#ifndef _ACCEL_SELFTEST_BUFFER_H
#define _ACCEL_SELFTEST_BUFFER_H

#include <stddef.h>

#include <linux/types.h>

/* Returns the size in @bytes, which may be NULL. */
int buffer_create(int fd, __u64 size, __u32 *handle, __u64 *bytes);
int buffer_info(int fd, __u32 handle, __u64 *bytes);
int buffer_close(int fd, __u32 handle);
int buffer_offset(int fd, __u32 handle, __u64 *offset);

/* Maps @length bytes of a buffer, shared, to read and write. */
int buffer_map(int fd, __u32 handle, size_t length, void **memory);

/* Lets the driver of accel_test fill a part of a buffer, or sum it up. */
int buffer_fill(int fd, __u32 handle, __u64 offset, __u64 len, unsigned char byte);
int buffer_sum(int fd, __u32 handle, __u64 offset, __u64 len, __u64 *sum);

/* How many bytes the buffers of the device have, or an error. */
long long buffers_in_use(int fd);

#endif /* _ACCEL_SELFTEST_BUFFER_H */
