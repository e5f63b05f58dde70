// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of an open node.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "buffer.h"
#include "node.h"
#include "test_node.h"

#define REGIONS_MAX 4

int buffer_create(int fd, __u64 size, __u32 *handle, __u64 *bytes)
{
	struct accel_bo_create arg = { .size = sizeof(arg), .bytes = size };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_CREATE, &arg);

	*handle = arg.handle;
	if (bytes)
		*bytes = arg.bytes;
	return ret;
}

int buffer_create_in(int fd, __u32 region, __u64 size, __u32 *handle)
{
	struct accel_bo_create arg = { .size = sizeof(arg), .region = region, .bytes = size };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_CREATE, &arg);

	*handle = arg.handle;
	return ret;
}

static int of_user(int fd, __u32 flags, const void *address, __u64 size, __u32 *handle)
{
	struct accel_bo_userptr arg = {
		.size = sizeof(arg),
		.flags = flags,
		.address = (uintptr_t)address,
		.bytes = size,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_USERPTR, &arg);

	*handle = arg.handle;
	return ret;
}

int buffer_of_user(int fd, const void *address, __u64 size, __u32 *handle)
{
	return of_user(fd, 0, address, size, handle);
}

int buffer_of_user_to_read(int fd, const void *address, __u64 size, __u32 *handle)
{
	return of_user(fd, ACCEL_USERPTR_READONLY, address, size, handle);
}

int buffer_export(int fd, __u32 handle, __u32 flags, int *dmabuf)
{
	struct accel_bo_export arg = { .size = sizeof(arg), .handle = handle, .flags = flags };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_EXPORT, &arg);

	*dmabuf = arg.fd;
	return ret;
}

int buffer_import(int fd, int dmabuf, __u32 *handle, __u64 *bytes)
{
	struct accel_bo_import arg = { .size = sizeof(arg), .fd = dmabuf };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_IMPORT, &arg);

	*handle = arg.handle;
	if (bytes)
		*bytes = arg.bytes;
	return ret;
}

int edu_copy(int fd, __u32 source, __u64 source_offset, __u32 target, __u64 target_offset,
	     __u32 len, __u32 timeout_ms)
{
	struct accel_edu_copy arg = {
		.size = sizeof(arg),
		.len = len,
		.source = source,
		.target = target,
		.source_offset = source_offset,
		.target_offset = target_offset,
		.timeout_ms = timeout_ms,
	};

	return sys_ioctl(fd, ACCEL_EDU_IOC_COPY, &arg);
}

int buffer_info(int fd, __u32 handle, __u64 *bytes)
{
	struct accel_bo_info arg = { .size = sizeof(arg), .handle = handle };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_INFO, &arg);

	*bytes = arg.bytes;
	return ret;
}

int buffer_close(int fd, __u32 handle)
{
	struct accel_bo_close arg = { .size = sizeof(arg), .handle = handle };

	return sys_ioctl(fd, ACCEL_IOC_BO_CLOSE, &arg);
}

int buffer_offset(int fd, __u32 handle, __u64 *offset)
{
	struct accel_bo_mmap_offset arg = { .size = sizeof(arg), .handle = handle };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_MMAP_OFFSET, &arg);

	*offset = arg.offset;
	return ret;
}

int buffer_map(int fd, __u32 handle, size_t length, void **memory)
{
	__u64 offset;
	int ret;

	ret = buffer_offset(fd, handle, &offset);
	if (ret)
		return ret;
	*memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	return *memory == MAP_FAILED ? -errno : 0;
}

int buffer_fill(int fd, __u32 handle, __u64 offset, __u64 len, unsigned char byte)
{
	struct accel_test_buffer arg = {
		.size = sizeof(arg),
		.handle = handle,
		.offset = offset,
		.len = len,
		.byte = byte,
	};

	return sys_ioctl(fd, ACCEL_TEST_IOC_BUFFER_FILL, &arg);
}

int buffer_sum(int fd, __u32 handle, __u64 offset, __u64 len, __u64 *sum)
{
	struct accel_test_buffer arg = {
		.size = sizeof(arg),
		.handle = handle,
		.offset = offset,
		.len = len,
	};
	int ret = sys_ioctl(fd, ACCEL_TEST_IOC_BUFFER_SUM, &arg);

	*sum = arg.sum;
	return ret;
}

int buffer_map_for_device(int fd, __u32 handle, __u64 len, __u64 *found)
{
	struct accel_test_buffer arg = { .size = sizeof(arg), .handle = handle, .len = len };
	int ret = sys_ioctl(fd, ACCEL_TEST_IOC_BUFFER_MAP, &arg);

	*found = arg.sum;
	return ret;
}

long long region_in_use(int fd, __u32 region)
{
	struct accel_info_memory memory[REGIONS_MAX];
	int ret = info_read(fd, ACCEL_INFO_MEMORY, memory, sizeof(memory[0]), REGIONS_MAX);

	if (ret < 0)
		return ret;
	return region < (__u32)ret ? (long long)memory[region].in_use : -ENODATA;
}

long long buffers_in_use(int fd)
{
	return region_in_use(fd, 0);
}
