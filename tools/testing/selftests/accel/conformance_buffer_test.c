// SPDX-License-Identifier: GPL-2.0
/*
 * What <accel/accel.h> promises of the buffers of any node that has buffers, and
 * of those that have none.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "conformance.h"

/* Not a multiple of the size of any page. */
#define BYTES 10000

static bool has_buffers(const struct subject *s)
{
	return subject_ioctl(s, ACCEL_IOC_BO_CREATE);
}

/* Opens a node that has buffers; -1 if it has none. */
static int open_user(struct __test_metadata *_metadata, const struct subject *s)
{
	int fd;

	if (!has_buffers(s))
		return -1;
	fd = test_open(&s->node, O_RDWR);
	ASSERT_LE(0, fd)
		TH_LOG("%s", s->node.path);
	return fd;
}

TEST_F(conformance, buffers_are_there_or_not_supported)
{
	unsigned int nr, first = _IOC_NR(ACCEL_IOC_BO_CREATE), last = _IOC_NR(ACCEL_IOC_BO_IMPORT);
	__u32 words[16] = { sizeof(words) };
	struct subject *s;
	int fd;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = test_open(&s->node, O_RDWR);
		ASSERT_LE(0, fd)
			TH_LOG("%s", s->node.path);
		for (nr = first; nr <= last; nr++) {
			EXPECT_OF(s, has_buffers(s), !!subject_ioctl(s, _IO(ACCEL_IOC_TYPE, nr)));
			if (!has_buffers(s))
				EXPECT_OF(s, -EOPNOTSUPP,
					  sys_ioctl(fd, _IO(ACCEL_IOC_TYPE, nr), words));
		}
		close(fd);
	}
}

static void expect_no_handle(struct __test_metadata *_metadata, const struct subject *s, int fd,
			     __u32 handle)
{
	__u64 number;
	int dmabuf;

	EXPECT_OF(s, -ENOENT, buffer_info(fd, handle, &number));
	EXPECT_OF(s, -ENOENT, buffer_offset(fd, handle, &number));
	EXPECT_OF(s, -ENOENT, buffer_export(fd, handle, 0, &dmabuf));
	EXPECT_OF(s, -ENOENT, buffer_close(fd, handle));
}

TEST_F(conformance, handles_are_of_a_file)
{
	const long page = sysconf(_SC_PAGESIZE);
	__u64 bytes, seen;
	struct subject *s;
	__u32 handle;
	int fd, copy;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = open_user(_metadata, s);
		if (fd < 0)
			continue;
		expect_no_handle(_metadata, s, fd, 0);
		expect_no_handle(_metadata, s, fd, UINT_MAX);
		ASSERT_EQ(0, buffer_create(fd, BYTES, &handle, &bytes));
		EXPECT_OF(s, true, handle != 0);
		EXPECT_OF(s, (BYTES + page - 1) / page * page, bytes);
		EXPECT_OF(s, 0, buffer_info(fd, handle, &seen));
		EXPECT_OF(s, bytes, seen);

		/* A policy may not admit another file. */
		copy = test_open(&s->node, O_RDWR);
		if (copy >= 0)
			expect_no_handle(_metadata, s, copy, handle);
		close(copy);
		EXPECT_OF(s, 0, buffer_close(fd, handle));
		expect_no_handle(_metadata, s, fd, handle);
		close(fd);
	}
}

TEST_F(conformance, bad_requests_change_nothing)
{
	struct subject *s;
	long long before;
	size_t i;
	int fd;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		struct accel_bo_create bad[] = {
			{ .size = sizeof(*bad), .bytes = 0 },
			{ .size = sizeof(*bad), .bytes = BYTES, .region = ACCEL_REGION_FOREIGN },
			{ .size = sizeof(*bad), .bytes = BYTES, .flags = 1U << 31 },
			{ .size = sizeof(*bad), .bytes = BYTES, .flags = ACCEL_BO_MOVABLE },
			{ .size = sizeof(*bad), .bytes = BYTES, .handle = 1 },
		};

		fd = open_user(_metadata, s);
		if (fd < 0)
			continue;
		before = buffers_in_use(s->observer);
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			EXPECT_OF(s, -EINVAL, sys_ioctl(fd, ACCEL_IOC_BO_CREATE, &bad[i]));
			EXPECT_OF(s, i == ARRAY_SIZE(bad) - 1, bad[i].handle);
		}
		EXPECT_OF(s, before, buffers_in_use(s->observer));
		close(fd);
	}
}

/*
 * Makes a buffer in a region, and uses it until nothing but a mapping is left of it. If the device
 * has little memory, all that is free; and where that may be is up to its driver.
 */
static void use_region(struct __test_metadata *_metadata, const struct subject *s, __u32 region,
		       const struct accel_info_memory *info)
{
	const __u64 room = info->total ? info->total - info->in_use : BYTES;
	struct accel_bo_info seen = { .size = sizeof(seen) };
	unsigned char *memory;
	__u64 bytes, offset;
	int fd, ret;

	fd = open_user(_metadata, s);
	ret = buffer_create_in(fd, region, room < BYTES ? room : BYTES, &seen.handle);
	if (ret && region) {
		TH_LOG("%s: no buffer in region %u: %s", s->node.path, region, strerror(-ret));
		close(fd);
		return;
	}
	ASSERT_EQ(0, ret)
		TH_LOG("%s", s->node.path);
	ASSERT_EQ(0, sys_ioctl(fd, ACCEL_IOC_BO_INFO, &seen));
	bytes = seen.bytes;
	EXPECT_OF(s, region, seen.region);
	EXPECT_OF(s, 0, seen.flags);
	EXPECT_OF(s, -EINVAL, sys_ioctl(fd, ACCEL_IOC_BO_INFO, &seen));
	EXPECT_OF(s, info->in_use + bytes, region_in_use(s->observer, region));
	ASSERT_EQ(0, buffer_map(fd, seen.handle, bytes, (void **)&memory));
	EXPECT_OF(s, true, is_filled(memory, bytes, 0));
	memset(memory, 0x5a, bytes);

	ASSERT_EQ(0, buffer_offset(fd, seen.handle, &offset));
	EXPECT_OF(s, -EINVAL, try_map(fd, offset, bytes, MAP_PRIVATE));
	EXPECT_OF(s, -EINVAL, try_map(fd, offset, bytes + 1, MAP_SHARED));
	EXPECT_OF(s, -EACCES, try_map(s->observer, offset, bytes, MAP_SHARED));

	EXPECT_OF(s, 0, buffer_close(fd, seen.handle));
	EXPECT_OF(s, -EINVAL, try_map(fd, offset, bytes, MAP_SHARED));
	close(fd);
	EXPECT_OF(s, true, is_filled(memory, bytes, 0x5a));
	munmap(memory, bytes);
	EXPECT_OF(s, info->in_use, region_in_use(s->observer, region));
}

TEST_F(conformance, memory_of_every_region_can_be_mapped)
{
	struct accel_info_memory *memory;
	struct subject *s;
	int count, i;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		if (!has_buffers(s))
			continue;
		memory = subject_records(s, ACCEL_INFO_MEMORY, sizeof(*memory), &count);
		ASSERT_NE(NULL, memory);
		EXPECT_OF(s, true, count > 0);
		for (i = 0; i < count; i++)
			use_region(_metadata, s, i, &memory[i]);
		free(memory);
	}
}

static void sync_dmabuf(struct __test_metadata *_metadata, int dmabuf, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	ASSERT_EQ(0, sys_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
}

/* The dma-buf has what the buffer has, and goes on having it. */
static void check_dmabuf(struct __test_metadata *_metadata, const struct subject *s, int dmabuf,
			 __u64 bytes, unsigned char byte)
{
	unsigned char *memory;

	EXPECT_OF(s, (off_t)bytes, lseek(dmabuf, 0, SEEK_END));
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, memory);
	sync_dmabuf(_metadata, dmabuf, DMA_BUF_SYNC_START);
	EXPECT_OF(s, true, is_filled(memory, bytes, byte));
	sync_dmabuf(_metadata, dmabuf, DMA_BUF_SYNC_END);
	munmap(memory, bytes);
}

TEST_F(conformance, buffers_are_shared_as_dmabufs)
{
	__u32 handle, imported;
	unsigned char *memory;
	__u64 bytes, seen;
	struct subject *s;
	int fd, dmabuf;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = open_user(_metadata, s);
		if (fd < 0)
			continue;
		ASSERT_EQ(0, buffer_create(fd, BYTES, &handle, &bytes));
		ASSERT_EQ(0, buffer_map(fd, handle, bytes, (void **)&memory));
		memset(memory, 0xc3, bytes);
		EXPECT_OF(s, -EINVAL, buffer_export(fd, handle, O_APPEND, &dmabuf));
		ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR | O_CLOEXEC, &dmabuf));
		EXPECT_OF(s, FD_CLOEXEC, fcntl(dmabuf, F_GETFD));
		check_dmabuf(_metadata, s, dmabuf, bytes, 0xc3);

		/* What a file has comes back as that. */
		EXPECT_OF(s, 0, buffer_import(fd, dmabuf, &imported, &seen));
		EXPECT_OF(s, handle, imported);
		EXPECT_OF(s, bytes, seen);
		munmap(memory, bytes);
		close(fd);

		/* To another one it is the same memory. */
		check_dmabuf(_metadata, s, dmabuf, bytes, 0xc3);
		fd = open_user(_metadata, s);
		ASSERT_EQ(0, buffer_import(fd, dmabuf, &imported, &seen));
		EXPECT_OF(s, bytes, seen);
		ASSERT_EQ(0, buffer_map(fd, imported, bytes, (void **)&memory));
		EXPECT_OF(s, 0xc3, memory[bytes - 1]);
		memset(memory, 0x3c, bytes);
		munmap(memory, bytes);
		close(fd);
		check_dmabuf(_metadata, s, dmabuf, bytes, 0x3c);
		close(dmabuf);
	}
}

TEST_F(conformance, what_is_no_dmabuf_is_refused)
{
	struct subject *s;
	int fd, null;
	__u32 handle;

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, null);
	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = open_user(_metadata, s);
		if (fd < 0)
			continue;
		EXPECT_OF(s, -EINVAL, buffer_import(fd, null, &handle, NULL));
		EXPECT_OF(s, -EINVAL, buffer_import(fd, fd, &handle, NULL));
		EXPECT_OF(s, -EBADF, buffer_import(fd, -1, &handle, NULL));
		close(fd);
	}
	close(null);
}

TEST_F(conformance, memory_of_a_process_can_be_a_buffer)
{
	const long page = sysconf(_SC_PAGESIZE);
	struct subject *s;
	__u32 handle;
	char *memory;
	__u64 seen;
	int fd, dmabuf, ret;

	memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, mprotect(memory + 2 * page, page, PROT_NONE));
	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = open_user(_metadata, s);
		if (fd < 0)
			continue;
		ret = buffer_of_user(fd, memory, 2 * page, &handle);
		if (ret == -EOPNOTSUPP) {
			/* The kernel is without CONFIG_MMU_NOTIFIER. */
			close(fd);
			continue;
		}
		EXPECT_OF(s, 0, ret);
		EXPECT_OF(s, 0, buffer_info(fd, handle, &seen));
		EXPECT_OF(s, 2 * page, (long)seen);
		EXPECT_OF(s, -EOPNOTSUPP, buffer_export(fd, handle, 0, &dmabuf));
		EXPECT_OF(s, 0, buffer_close(fd, handle));
		EXPECT_OF(s, -EINVAL, buffer_of_user(fd, memory + 1, page, &handle));
		EXPECT_OF(s, -EINVAL, buffer_of_user(fd, memory, 0, &handle));
		EXPECT_OF(s, -EFAULT, buffer_of_user(fd, memory, 3 * page, &handle));
		close(fd);
	}
	munmap(memory, 3 * page);
}

TEST_HARNESS_MAIN
