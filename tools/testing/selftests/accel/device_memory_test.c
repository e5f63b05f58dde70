// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in the memory of a device: of QEMU's ivshmem device, where it can be
 * looked at, and of a device of accel_test that has some of the system's memory
 * set aside.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "buffer.h"
#include "harness.h"
#include "sigbus.h"
#include "views.h"

#define REGION 1
#define TOTAL (2UL << 20)
#define ASIDE (256UL << 10)
#define SIZE (64UL << 10)

static int place(int fd, __u32 handle, __u64 *offset)
{
	struct accel_test_pci_place arg = { .size = sizeof(arg), .handle = handle };
	int ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_PLACE, &arg);

	*offset = arg.offset;
	return ret ? ret : (int)arg.region;
}

static int wish(int fd, __u32 alignment, __u64 start, __u64 end)
{
	struct accel_test_pci_placement arg = {
		.size = sizeof(arg),
		.alignment = alignment,
		.start = start,
		.end = end,
	};

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_WISH, &arg);
}

FIXTURE(bar) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(bar)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(bar)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

TEST_F(bar, is_a_region)
{
	struct accel_info_memory memory[4];

	ASSERT_EQ(3, info_read(self->fd, ACCEL_INFO_MEMORY, memory, sizeof(memory[0]), 4));
	EXPECT_STREQ("system", memory[0].name);
	EXPECT_EQ(ACCEL_MEMORY_SYSTEM, memory[0].kind);
	EXPECT_STREQ("shared", memory[1].name);
	EXPECT_EQ(ACCEL_MEMORY_DEVICE, memory[1].kind);
	EXPECT_EQ(TOTAL, memory[1].total);
	EXPECT_EQ(0, memory[1].in_use);
}

TEST_F(bar, buffer_is_in_it)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	unsigned char *whole, *mapped;
	__u32 handle, system;
	__u64 offset, sum;
	void *memory;
	size_t i;

	whole = mmap(NULL, TOTAL, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		     ACCEL_TEST_PCI_MEMORY + ACCEL_TEST_PCI_FOR_BUFFERS);
	ASSERT_NE(MAP_FAILED, whole);
	/* What somebody has left there is not for others to see. */
	memset(whole, 0xee, TOTAL);
	ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE + 1, &handle));
	EXPECT_EQ(SIZE + page_size(), region_in_use(self->fd, REGION));
	EXPECT_EQ(0, buffers_in_use(self->fd));
	info.handle = handle;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(REGION, info.region);
	EXPECT_EQ(SIZE + page_size(), info.bytes);

	ASSERT_EQ(REGION, place(self->fd, handle, &offset));
	ASSERT_GE(TOTAL - SIZE - page_size(), offset);
	ASSERT_EQ(0, buffer_map(self->fd, handle, SIZE, &memory));
	mapped = memory;
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(0, mapped[i])
			TH_LOG("byte %zu", i);
	mapped[5000] = 17;
	EXPECT_EQ(17, whole[offset + 5000]);
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(17, sum);
	ASSERT_EQ(0, buffer_fill(self->fd, handle, 1, 100, 2));
	EXPECT_EQ(0, whole[offset]);
	EXPECT_EQ(2, whole[offset + 1]);
	EXPECT_EQ(2, mapped[100]);
	EXPECT_EQ(0, mapped[101]);

	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &system, NULL));
	EXPECT_EQ(-ENXIO, place(self->fd, system, &offset));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	/* The mapping keeps it. */
	EXPECT_EQ(SIZE + page_size(), region_in_use(self->fd, REGION));
	munmap(mapped, SIZE);
	EXPECT_EQ(0, region_in_use(self->fd, REGION));
}

TEST_F(bar, runs_out)
{
	__u32 handles[TOTAL / SIZE], handle;
	size_t i;

	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, REGION + 2, SIZE, &handle));
	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, ACCEL_REGION_FOREIGN, SIZE, &handle));
	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, REGION, 0, &handle));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, TOTAL + 1, &handle));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, 1ULL << 40, &handle));
	for (i = 0; i < TOTAL / SIZE; i++)
		ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handles[i]));
	EXPECT_EQ(TOTAL, region_in_use(self->fd, REGION));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, 1, &handle));
	/* Every other one is free: there is room, but not in one piece. */
	for (i = 0; i < TOTAL / SIZE; i += 2)
		EXPECT_EQ(0, buffer_close(self->fd, handles[i]));
	EXPECT_EQ(TOTAL / 2, region_in_use(self->fd, REGION));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, 2 * SIZE, &handle));
	EXPECT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handle));
	for (i = 1; i < TOTAL / SIZE; i += 2)
		EXPECT_EQ(0, buffer_close(self->fd, handles[i]));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	EXPECT_EQ(0, buffer_create_in(self->fd, REGION, TOTAL, &handle));
}

/* All buffers of a part of the region are in it, and it takes as many as fit. */
TEST_F(bar, buffer_is_where_the_driver_says)
{
	const __u64 start = TOTAL / 2 + page_size(), end = TOTAL / 2 + 5 * SIZE;
	__u32 handles[4], handle;
	__u64 offset;
	size_t i;

	ASSERT_EQ(0, wish(self->fd, page_size(), start, end));
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handles[i]));
		ASSERT_EQ(REGION, place(self->fd, handles[i], &offset));
		EXPECT_LE(start, offset);
		EXPECT_GE(end, offset + SIZE);
	}
	/* There is room elsewhere. */
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, SIZE, &handle));
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		EXPECT_EQ(0, buffer_close(self->fd, handles[i]));
	EXPECT_EQ(0, region_in_use(self->fd, REGION));
	/* What is as large as the part is there. */
	ASSERT_EQ(0, buffer_create_in(self->fd, REGION, end - start, &handle));
	ASSERT_EQ(REGION, place(self->fd, handle, &offset));
	EXPECT_EQ(start, offset);
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, 1, &handles[0]));

	ASSERT_EQ(0, wish(self->fd, SIZE, 0, 0));
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		ASSERT_EQ(0, buffer_create_in(self->fd, REGION, page_size(), &handles[i]));
		ASSERT_EQ(REGION, place(self->fd, handles[i], &offset));
		EXPECT_EQ(0, offset % SIZE);
	}
}

TEST_F(bar, placement_is_refused)
{
	__u32 handle;

	/* By the driver, whose error it is. */
	ASSERT_EQ(0, wish(self->fd, 3, 0, 0));
	EXPECT_EQ(-EDOM, buffer_create_in(self->fd, REGION, SIZE, &handle));
	ASSERT_EQ(0, wish(self->fd, page_size(), 0, SIZE));
	EXPECT_EQ(-EDOM, buffer_create_in(self->fd, REGION, SIZE + 1, &handle));
	/* The driver is not asked about other memory, nor about what is not there. */
	EXPECT_EQ(0, buffer_create(self->fd, SIZE + 1, &handle, NULL));
	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, REGION + 2, SIZE, &handle));
	/* By the framework: a mistake of the driver. */
	ASSERT_EQ(0, wish(self->fd, page_size(), TOTAL - SIZE, TOTAL + page_size()));
	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, REGION, SIZE, &handle));
	ASSERT_EQ(0, wish(self->fd, page_size(), 1, 1 + SIZE));
	EXPECT_EQ(-EINVAL, buffer_create_in(self->fd, REGION, SIZE, &handle));
	EXPECT_EQ(0, region_in_use(self->fd, REGION));
	/* Another file wishes for itself. */
	close(self->fd);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handle));
}

/* A process that has mapped a buffer, by the node and as a dma-buf, and waits. */
TEST_F(bar, is_taken_back_from_processes)
{
	struct views views;
	struct node node;
	__u32 again;
	int other;

	views_create(_metadata, &views, self->fd, REGION, SIZE);
	sleep_ms(20);
	ASSERT_EQ(0, node_unbind(&self->node));
	views_expect_lost(_metadata, &views);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->fd, 0));

	/* Other devices do not get it either. */
	if (!test_node_find(&node, "shared")) {
		other = test_open(&node, O_RDWR);
		ASSERT_LE(0, other);
		EXPECT_EQ(-ENODEV, buffer_import(other, views.dmabuf, &again, NULL));
		close(other);
	}
	/* The same memory, if it is bound again, is not what is mapped. */
	ASSERT_EQ(0, node_bind(&self->node));
	views_expect_empty(_metadata, &views);
	close(views.dmabuf);
}

/* On this machine, devices do not reach each other's memory. */
TEST_F(bar, is_not_for_those_who_cannot_reach_it)
{
	struct node node;
	__u32 handle, other;
	int dmabuf, fd;

	ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handle));
	ASSERT_EQ(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	if (!setup_test_node(_metadata, &node, "shared"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, buffer_import(fd, dmabuf, &other, NULL));
	close(fd);
	/* But it is itself to its own device. */
	ASSERT_EQ(0, buffer_import(self->fd, dmabuf, &other, NULL));
	EXPECT_EQ(SIZE, region_in_use(self->fd, REGION));
	close(dmabuf);
}

FIXTURE(aside) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(aside)
{
	if (!setup_test_node(_metadata, &self->node, "exclusive"))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(aside)
{
	close(self->fd);
}

TEST_F(aside, works)
{
	__u32 handle, imported;
	unsigned char *mapped;
	int dmabuf, fd;
	struct node node;
	void *memory;
	__u64 sum;

	ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handle));
	EXPECT_EQ(-ENOSPC, buffer_create_in(self->fd, REGION, ASIDE, &imported));
	ASSERT_EQ(0, buffer_map(self->fd, handle, SIZE, &memory));
	mapped = memory;
	EXPECT_EQ(0, mapped[SIZE - 1]);
	ASSERT_EQ(0, buffer_fill(self->fd, handle, 10, 100, 5));
	EXPECT_EQ(5, mapped[109]);
	EXPECT_EQ(0, mapped[110]);

	/* It is memory of the system, which any other device can reach. */
	ASSERT_EQ(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	if (!setup_test_node(_metadata, &node, "shared"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, buffer_sum(fd, imported, 0, SIZE, &sum));
	EXPECT_EQ(500, sum);
	close(fd);
	close(dmabuf);
	munmap(mapped, SIZE);
}

/* The device goes with its driver, while others have its memory. */
TEST_F_TIMEOUT(aside, is_taken_back, 120)
{
	__u32 handle, imported, copy;
	unsigned char *mapped, value;
	struct node edu;
	int dmabuf, fd;
	void *memory;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_node(_metadata, &edu))
		return;
	ASSERT_EQ(0, buffer_create_in(self->fd, REGION, SIZE, &handle));
	ASSERT_EQ(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_map(self->fd, handle, SIZE, &memory));
	mapped = memory;
	mapped[0] = 1;
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &copy, NULL));
	EXPECT_EQ(0, edu_copy(fd, imported, 0, copy, 0, 16, TIMEOUT_MS));

	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(-EFAULT, load_byte(mapped, &value));
	EXPECT_EQ(-ENODEV, edu_copy(fd, imported, 0, copy, 0, 16, TIMEOUT_MS));
	EXPECT_EQ(0, buffer_close(fd, imported));
	EXPECT_EQ(-ENODEV, buffer_import(fd, dmabuf, &imported, NULL));
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	munmap(mapped, SIZE);
	close(dmabuf);
	close(fd);
}

TEST_HARNESS_MAIN
