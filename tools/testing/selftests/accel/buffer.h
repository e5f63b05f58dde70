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
/* As buffer_create(), of a region of memory. */
int buffer_create_in(int fd, __u32 region, __u64 size, __u32 *handle);
int buffer_of_user(int fd, const void *address, __u64 size, __u32 *handle);
/* As that, of memory that is only read. */
int buffer_of_user_to_read(int fd, const void *address, __u64 size, __u32 *handle);
int buffer_export(int fd, __u32 handle, __u32 flags, int *dmabuf);
int buffer_import(int fd, int dmabuf, __u32 *handle, __u64 *bytes);
int buffer_close(int fd, __u32 handle);
int buffer_offset(int fd, __u32 handle, __u64 *offset);

/* Maps @length bytes of a buffer, shared, to read and write. */
int buffer_map(int fd, __u32 handle, size_t length, void **memory);

/* Lets the driver of accel_test fill a part of a buffer, or sum it up. */
int buffer_fill(int fd, __u32 handle, __u64 offset, __u64 len, unsigned char byte);
int buffer_sum(int fd, __u32 handle, __u64 offset, __u64 len, __u64 *sum);

/* Lets it map the first @len bytes for its device, which finds as many as @found. */
int buffer_map_for_device(int fd, __u32 handle, __u64 len, __u64 *found);

/* Lets the edu device copy. */
int edu_copy(int fd, __u32 source, __u64 source_offset, __u32 target, __u64 target_offset,
	     __u32 len, __u32 timeout_ms);

/* How many bytes the buffers of the device have, or an error. */
long long buffers_in_use(int fd);
/* As buffers_in_use(), of memory of a region. */
long long region_in_use(int fd, __u32 region);

#endif /* _ACCEL_SELFTEST_BUFFER_H */
