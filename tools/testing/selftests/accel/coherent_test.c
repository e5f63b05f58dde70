// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in coherent memory: of QEMU's ivshmem device, which is bound to
 * accel_test_pci, and of the edu device, which works on it by DMA.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "harness.h"
#include "sigbus.h"
#include "views.h"

/* The numbers of the region. */
#define OF_PCI 2
#define OF_EDU 1
#define TOTAL ACCEL_TEST_PCI_COHERENT
#define SIZE (64UL << 10)

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

FIXTURE(coherent) {
	struct node node;
	struct node edu;
	int fd;
};

FIXTURE_SETUP(coherent)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node) ||
	    !setup_node(_metadata, &self->edu))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(coherent)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
	if (self->edu.device_dir[0] && !node_bound(&self->edu))
		EXPECT_EQ(0, node_bind(&self->edu));
}

TEST_F(coherent, is_a_region)
{
	struct accel_info_memory memory[4];

	ASSERT_EQ(3, info_read(self->fd, ACCEL_INFO_MEMORY, memory, sizeof(memory[0]), 4));
	EXPECT_STREQ("coherent", memory[OF_PCI].name);
	EXPECT_EQ(ACCEL_MEMORY_COHERENT, memory[OF_PCI].kind);
	EXPECT_EQ(TOTAL, memory[OF_PCI].total);
	EXPECT_EQ(0, memory[OF_PCI].in_use);
}

TEST_F(coherent, is_seen_alike)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	unsigned char *mapped;
	__u32 handle;
	void *memory;
	__u64 sum;
	size_t i;

	ASSERT_EQ(0, buffer_create_in(self->fd, OF_PCI, SIZE + 1, &handle));
	EXPECT_EQ(SIZE + page_size(), region_in_use(self->fd, OF_PCI));
	EXPECT_EQ(0, buffers_in_use(self->fd));
	info.handle = handle;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(OF_PCI, info.region);
	EXPECT_EQ(SIZE + page_size(), info.bytes);

	ASSERT_EQ(0, buffer_map(self->fd, handle, SIZE + page_size(), &memory));
	mapped = memory;
	for (i = 0; i < SIZE + page_size(); i++)
		ASSERT_EQ(0, mapped[i])
			TH_LOG("byte %zu", i);
	mapped[5000] = 17;
	mapped[SIZE + 4095] = 4;
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE + page_size(), &sum));
	EXPECT_EQ(21, sum);
	ASSERT_EQ(0, buffer_fill(self->fd, handle, 4090, 100, 2));
	EXPECT_EQ(0, mapped[4089]);
	EXPECT_EQ(2, mapped[4090]);
	EXPECT_EQ(2, mapped[4189]);
	EXPECT_EQ(0, mapped[4190]);

	EXPECT_EQ(0, buffer_close(self->fd, handle));
	/* The mapping keeps it. */
	EXPECT_EQ(SIZE + page_size(), region_in_use(self->fd, OF_PCI));
	EXPECT_EQ(2, mapped[4090]);
	munmap(mapped, SIZE + page_size());
	EXPECT_EQ(0, region_in_use(self->fd, OF_PCI));
}

TEST_F(coherent, runs_out)
{
	__u32 handles[TOTAL / SIZE], handle;
	size_t i;

	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, OF_PCI, 0, &handle));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, OF_PCI, TOTAL + 1, &handle));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, OF_PCI, 1ULL << 40, &handle));
	for (i = 0; i < TOTAL / SIZE; i++)
		ASSERT_EQ(0, buffer_create_in(self->fd, OF_PCI, SIZE, &handles[i]));
	EXPECT_EQ(TOTAL, region_in_use(self->fd, OF_PCI));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, OF_PCI, 1, &handle));
	for (i = 0; i < TOTAL / SIZE; i++)
		EXPECT_EQ(0, buffer_close(self->fd, handles[i]));
	EXPECT_EQ(0, region_in_use(self->fd, OF_PCI));
	EXPECT_EQ(0, buffer_create_in(self->fd, OF_PCI, TOTAL, &handle));
}

/* A process that has mapped a buffer, by the node and as a dma-buf, and waits. */
TEST_F(coherent, is_taken_back_from_processes)
{
	struct views views;
	unsigned char value;
	__u32 again;
	int other;

	views_create(_metadata, &views, self->fd, OF_PCI, SIZE);
	ASSERT_EQ(0, node_unbind(&self->node));
	views_expect_lost(_metadata, &views);
	EXPECT_EQ(-EFAULT, load_byte(views.mapped + page_size(), &value));

	other = test_open(&self->edu, O_RDWR);
	ASSERT_LE(0, other);
	EXPECT_EQ(-ENODEV, buffer_import(other, views.dmabuf, &again, NULL));
	close(other);
	ASSERT_EQ(0, node_bind(&self->node));
	views_expect_empty(_metadata, &views);
	close(views.dmabuf);
}

/* Its own device, by DMA. */
TEST_F_TIMEOUT(coherent, is_reached_by_its_device, 120)
{
	int fd = test_open(&self->edu, O_RDWR);
	unsigned char *mapped, *seen, value;
	__u32 handle, copy;
	void *memory;
	size_t i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create_in(fd, OF_EDU, SIZE, &handle));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &copy, NULL));
	ASSERT_EQ(0, buffer_map(fd, handle, SIZE, &memory));
	mapped = memory;
	ASSERT_EQ(0, buffer_map(fd, copy, SIZE, &memory));
	seen = memory;
	write_all(mapped);

	ASSERT_EQ(0, edu_copy(fd, handle, 3 * 4096 - 100, copy, 7, 1000, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(seen + 7, mapped + 3 * 4096 - 100, 1000));
	EXPECT_EQ(0, seen[6] | seen[1007]);
	ASSERT_EQ(0, edu_copy(fd, copy, 0, handle, SIZE - 2000, 2000, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(seen, mapped + SIZE - 2000, 2000));
	for (i = 0; i < SIZE - 2000; i++)
		ASSERT_EQ(byte_at(i), mapped[i])
			TH_LOG("byte %zu", i);
	EXPECT_EQ(-EINVAL, edu_copy(fd, handle, SIZE - 1, copy, 0, 2, 0));

	ASSERT_EQ(0, node_unbind(&self->edu));
	EXPECT_EQ(-EFAULT, load_byte(mapped, &value));
	EXPECT_EQ(0, load_byte(seen, &value));
	close(fd);
}

/* Another device, as a dma-buf; and then its own goes. */
TEST_F_TIMEOUT(coherent, is_used_by_another_device, 120)
{
	int fd = test_open(&self->edu, O_RDWR), dmabuf;
	unsigned char *mapped, *seen;
	__u32 handle, imported, copy;
	void *memory;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create_in(self->fd, OF_PCI, SIZE, &handle));
	ASSERT_EQ(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_map(self->fd, handle, SIZE, &memory));
	mapped = memory;
	write_all(mapped);
	ASSERT_EQ(0, buffer_import(fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &copy, NULL));
	ASSERT_EQ(0, buffer_map(fd, copy, SIZE, &memory));
	seen = memory;
	ASSERT_EQ(0, edu_copy(fd, imported, 5000, copy, 0, 4096, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(seen, mapped + 5000, 4096));
	ASSERT_EQ(0, edu_copy(fd, copy, 0, imported, 0, 4096, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(seen, mapped, 4096));

	/* The engine is still at work on it, for somebody who has given up. */
	EXPECT_EQ(-ETIMEDOUT, edu_copy(fd, imported, 0, copy, 0, 4096, 1));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENODEV, edu_copy(fd, imported, 0, copy, 0, 16, TIMEOUT_MS));
	EXPECT_EQ(0, buffer_close(fd, imported));
	EXPECT_EQ(-ENODEV, buffer_import(fd, dmabuf, &imported, NULL));
	close(dmabuf);
	close(fd);
}

static void *copy_for_ever(void *arg)
{
	int fd = *(int *)arg, ret;
	__u32 a, b;

	if (buffer_create_in(fd, OF_EDU, SIZE, &a) || buffer_create_in(fd, OF_EDU, SIZE, &b))
		return NULL;
	do
		ret = edu_copy(fd, a, 0, b, 0, 4096, TIMEOUT_MS);
	while (!ret);
	return (void *)(long)ret;
}

TEST_F_TIMEOUT(coherent, is_unbound_with_dma_in_flight, 120)
{
	int fd = test_open(&self->edu, O_RDWR);
	pthread_t thread;
	void *ret;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, copy_for_ever, &fd));
	while (region_in_use(fd, OF_EDU) != 2 * SIZE)
		sleep_ms(1);
	sleep_ms(30);
	ASSERT_EQ(0, node_unbind(&self->edu));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(-ENODEV, (long)ret);
	close(fd);
}

TEST_HARNESS_MAIN
