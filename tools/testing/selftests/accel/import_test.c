// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of others, in the hands of our devices: by the processor, and by DMA
 * of the edu device.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "exporter.h"
#include "harness.h"

#define SIZE (64UL << 10)
/* Across pages, and neither aligned nor of a full page. */
#define OFFSET (3 * 4096 - 100)
#define LEN 1000
#define FILLED 0x5a

/* A buffer of another device of ours, which has no DMA. */
static int own_export(size_t size)
{
	struct node node;
	int ret, fd, dmabuf;
	__u32 handle;

	ret = test_node_find(&node, "shared");
	if (ret)
		return ret;
	fd = test_open(&node, O_RDWR);
	if (fd < 0)
		return fd;
	ret = buffer_create(fd, size, &handle, NULL);
	if (!ret)
		ret = buffer_export(fd, handle, O_RDWR | O_CLOEXEC, &dmabuf);
	close(fd);
	return ret ? ret : dmabuf;
}

/* Something that repeats neither with a page nor with a cache line. */
static unsigned char byte_at(size_t i)
{
	return i % 251 ^ i >> 12;
}

static void write_all(unsigned char *memory)
{
	for (size_t i = 0; i < SIZE; i++)
		memory[i] = byte_at(i);
}

FIXTURE(import) {
	struct node node;
	int dmabuf;
	unsigned char *memory;
};

FIXTURE_VARIANT(import) {
	int (*export)(size_t size);
};

FIXTURE_VARIANT_ADD(import, udmabuf) {
	.export = udmabuf_export,
};

FIXTURE_VARIANT_ADD(import, heap) {
	.export = heap_export,
};

FIXTURE_VARIANT_ADD(import, vgem) {
	.export = vgem_export,
};

FIXTURE_VARIANT_ADD(import, own) {
	.export = own_export,
};

FIXTURE_SETUP(import)
{
	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->dmabuf = variant->export(SIZE);
	if (self->dmabuf == -ENOENT && !node_required())
		SKIP(return, "there is no such exporter");
	ASSERT_LE(0, self->dmabuf)
		TH_LOG("%s", strerror(-self->dmabuf));
	self->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	write_all(self->memory);
}

FIXTURE_TEARDOWN(import)
{
	munmap(self->memory, SIZE);
	close(self->dmabuf);
}

/* The bytes in a part of the memory are @filled, the others what write_all() wrote. */
static void expect_memory(struct __test_metadata *_metadata, const unsigned char *memory,
			  size_t offset, size_t len, int filled)
{
	size_t i;

	for (i = 0; i < SIZE; i++) {
		unsigned char expected = byte_at(i);

		if (i >= offset && i < offset + len)
			expected = filled;
		ASSERT_EQ(expected, memory[i])
			TH_LOG("byte %zu", i);
	}
}

TEST_F(import, by_the_processor)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	unsigned char *mapped;
	struct node node;
	__u64 bytes, sum;
	__u32 handle;
	void *memory;
	int fd;

	if (!setup_test_node(_metadata, &node, "exclusive"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, &bytes));
	EXPECT_EQ(SIZE, bytes);
	info.handle = handle;
	ASSERT_EQ(0, sys_ioctl(fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(SIZE, info.bytes);
	EXPECT_EQ(ACCEL_REGION_FOREIGN, info.region);
	/* It is the memory of somebody else. */
	EXPECT_EQ(0, buffers_in_use(fd));

	ASSERT_EQ(0, buffer_sum(fd, handle, OFFSET, 2, &sum));
	EXPECT_EQ(byte_at(OFFSET) + byte_at(OFFSET + 1), sum);
	ASSERT_EQ(0, buffer_fill(fd, handle, OFFSET, LEN, FILLED));
	expect_memory(_metadata, self->memory, OFFSET, LEN, FILLED);
	EXPECT_EQ(-EINVAL, buffer_fill(fd, handle, SIZE - 1, 2, FILLED));

	ASSERT_EQ(0, buffer_map(fd, handle, SIZE, &memory));
	mapped = memory;
	expect_memory(_metadata, mapped, OFFSET, LEN, FILLED);
	mapped[0] = ~byte_at(0);
	EXPECT_EQ(mapped[0], self->memory[0]);

	/* The mapping stays when the handle and the file are gone. */
	EXPECT_EQ(0, buffer_close(fd, handle));
	EXPECT_EQ(-ENOENT, buffer_close(fd, handle));
	close(fd);
	mapped[0] = byte_at(0);
	expect_memory(_metadata, self->memory, OFFSET, LEN, FILLED);
	munmap(mapped, SIZE);
}

TEST_F_TIMEOUT(import, by_dma, 120)
{
	__u32 handle, own;
	unsigned char *seen;
	void *memory;
	int fd;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &own, NULL));
	ASSERT_EQ(0, buffer_map(fd, own, SIZE, &memory));
	seen = memory;
	memset(seen, FILLED, SIZE);

	/* From our memory to that of the exporter. */
	ASSERT_EQ(0, edu_copy(fd, own, 7, handle, OFFSET, LEN, TIMEOUT_MS));
	expect_memory(_metadata, self->memory, OFFSET, LEN, FILLED);

	/* And back. */
	ASSERT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	write_all(self->memory);
	ASSERT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	ASSERT_EQ(0, edu_copy(fd, handle, 4096, own, 0, 4096, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(self->memory + 4096, seen, 4096));
	EXPECT_EQ(FILLED, seen[4096]);
	expect_memory(_metadata, self->memory, 0, 0, 0);

	EXPECT_EQ(-EINVAL, edu_copy(fd, handle, 0, own, 0, 0, 0));
	EXPECT_EQ(-EINVAL, edu_copy(fd, handle, 0, own, 0, 4097, 0));
	EXPECT_EQ(-EINVAL, edu_copy(fd, handle, SIZE - 1, own, 0, 2, 0));
	EXPECT_EQ(-EINVAL, edu_copy(fd, handle, 0, own, -1ULL, 2, 0));
	EXPECT_EQ(-ENOENT, edu_copy(fd, handle, 0, own + 1, 0, 2, 0));
	munmap(seen, SIZE);
	close(fd);
}

/* Behind an IOMMU, it is mapped twice at a time. */
TEST_F_TIMEOUT(import, within_itself, 120)
{
	__u32 handle;
	size_t i;
	int fd;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	memset(self->memory + SIZE / 2, FILLED, SIZE / 2);
	ASSERT_EQ(0, edu_copy(fd, handle, 7, handle, SIZE / 2 + OFFSET, LEN, TIMEOUT_MS));
	for (i = 0; i < LEN; i++) {
		ASSERT_EQ(byte_at(7 + i), self->memory[SIZE / 2 + OFFSET + i])
			TH_LOG("byte %zu", i);
	}
	EXPECT_EQ(FILLED, self->memory[SIZE / 2 + OFFSET - 1]);
	EXPECT_EQ(FILLED, self->memory[SIZE / 2 + OFFSET + LEN]);
	/* And again: nothing of the two is left. */
	ASSERT_EQ(0, edu_copy(fd, handle, SIZE / 2, handle, 0, LEN, TIMEOUT_MS));
	EXPECT_EQ(FILLED, self->memory[LEN - 1]);
	EXPECT_EQ(byte_at(LEN), self->memory[LEN]);
	close(fd);
}

TEST_F_TIMEOUT(import, importer_goes_first, 120)
{
	__u32 handle, own;
	int fd, ret;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &own, NULL));

	/* With the engine still at work, for somebody who has given up. */
	ret = edu_copy(fd, handle, 0, own, 0, LEN, 1);
	EXPECT_EQ(-ETIMEDOUT, ret);
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENODEV, edu_copy(fd, handle, 0, own, 0, LEN, 0));
	EXPECT_EQ(-ENODEV, buffer_close(fd, handle));
	expect_memory(_metadata, self->memory, 0, 0, 0);
	EXPECT_EQ(0, node_bind(&self->node));
	close(fd);

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &own, NULL));
	EXPECT_EQ(0, edu_copy(fd, handle, 0, own, 0, LEN, TIMEOUT_MS));
	close(fd);
}

FIXTURE(own) {
	struct node node;
	__u32 handle;
	int fd;
	int dmabuf;
};

FIXTURE_SETUP(own)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->handle, NULL));
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDWR | O_CLOEXEC, &self->dmabuf));
}

FIXTURE_TEARDOWN(own)
{
	close(self->dmabuf);
	close(self->fd);
}

TEST_F(own, comes_back_as_itself)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	int other = test_open(&self->node, O_RDWR);
	__u32 again, elsewhere;
	__u64 sum;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, buffer_import(self->fd, self->dmabuf, &again, NULL));
	EXPECT_EQ(self->handle, again);
	ASSERT_EQ(0, buffer_create(other, page_size(), &again, NULL));
	ASSERT_EQ(0, buffer_import(other, self->dmabuf, &elsewhere, NULL));
	ASSERT_EQ(0, buffer_import(other, self->dmabuf, &again, NULL));
	EXPECT_EQ(elsewhere, again);
	EXPECT_EQ(SIZE + page_size(), buffers_in_use(self->fd));
	info.handle = elsewhere;
	ASSERT_EQ(0, sys_ioctl(other, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(0, info.region);

	ASSERT_EQ(0, buffer_fill(self->fd, self->handle, 0, 10, 3));
	EXPECT_EQ(0, buffer_close(self->fd, self->handle));
	ASSERT_EQ(0, buffer_sum(other, elsewhere, 0, 20, &sum));
	EXPECT_EQ(30, sum);
	/* Who has closed it gets another handle. */
	ASSERT_EQ(0, buffer_create(self->fd, page_size(), &self->handle, NULL));
	ASSERT_EQ(0, buffer_import(self->fd, self->dmabuf, &again, NULL));
	EXPECT_NE(self->handle, again);
	EXPECT_EQ(0, buffer_close(other, elsewhere));
	EXPECT_EQ(-ENOENT, buffer_close(other, elsewhere));
	ASSERT_EQ(0, buffer_sum(self->fd, again, 0, 20, &sum));
	EXPECT_EQ(30, sum);
	close(other);
}

TEST_F(own, is_exported_again_as_it_was)
{
	struct stat first, second;
	struct node node;
	__u32 handle;
	int fd, dmabuf;

	if (!setup_test_node(_metadata, &node, "exclusive"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, fstat(self->dmabuf, &first));
	ASSERT_EQ(0, fstat(dmabuf, &second));
	EXPECT_EQ(first.st_ino, second.st_ino);
	close(dmabuf);
	close(fd);
}

TEST_F(own, refuses)
{
	struct accel_bo_import arg = { .size = sizeof(arg), .fd = self->dmabuf };
	struct accel_bo_import bad;
	int fd, observer, i;
	struct node node;
	__u32 handle, own;

	bad = arg;
	bad.flags = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_IMPORT, &bad));
	bad = arg;
	bad.handle = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_IMPORT, &bad));
	bad = arg;
	bad.bytes = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_IMPORT, &bad));
	EXPECT_EQ(-EBADF, buffer_import(self->fd, -1, &handle, NULL));
	EXPECT_EQ(-EBADF, buffer_import(self->fd, 12345, &handle, NULL));
	EXPECT_EQ(-EINVAL, buffer_import(self->fd, self->fd, &handle, NULL));
	observer = test_open(&self->node, O_RDONLY);
	EXPECT_EQ(-EACCES, buffer_import(observer, self->dmabuf, &handle, NULL));
	close(observer);

	/* An import counts as any buffer does: here, there may be four. */
	if (!setup_test_node(_metadata, &node, "exclusive"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, buffer_create(fd, page_size(), &own, NULL));
	EXPECT_EQ(-ENOMEM, buffer_import(fd, self->dmabuf, &handle, NULL));
	EXPECT_EQ(0, buffer_close(fd, own));
	EXPECT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	EXPECT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	close(fd);
}

/* A device whose driver is gone has given nothing away that another one needs. */
TEST_F_TIMEOUT(own, exporter_goes_first, 120)
{
	__u32 handle, target;
	struct node edu;
	void *memory;
	int fd;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_node(_metadata, &edu))
		return;
	ASSERT_EQ(0, buffer_fill(self->fd, self->handle, 0, SIZE, FILLED));
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, self->dmabuf, &handle, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &target, NULL));
	ASSERT_EQ(0, buffer_map(fd, target, SIZE, &memory));
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(0, edu_copy(fd, handle, 100, target, 0, LEN, TIMEOUT_MS));
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	for (int i = 0; i < LEN; i++)
		ASSERT_EQ(FILLED, ((unsigned char *)memory)[i]);
	munmap(memory, SIZE);
	close(fd);
}

TEST_HARNESS_MAIN
