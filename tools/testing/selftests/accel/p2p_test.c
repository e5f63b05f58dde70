// SPDX-License-Identifier: GPL-2.0
/*
 * The edu device and QEMU's ivshmem device are below the same bridge: the one
 * works on the memory of the other by DMA, with no copy in between.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "harness.h"
#include "sigbus.h"

#define REGION 1
#define TOTAL (2UL << 20)
#define SIZE (64UL << 10)
#define LEN 4096

FIXTURE(p2p) {
	struct node node;
	struct node edu;
	int owner;
	int fd;
	int dmabuf;
	/* The memory of the device, from where the buffer is. */
	unsigned char *bar;
	/* Memory of the system. */
	unsigned char *system;
	__u32 handle;
	__u32 imported;
	__u32 copy;
};

static void setup_edu(struct __test_metadata *_metadata, struct node *edu, const char *parameters)
{
	ASSERT_EQ(0, module_unload(EDU_DRIVER));
	ASSERT_EQ(0, module_load(EDU_DRIVER, parameters));
	ASSERT_EQ(true, setup_node(_metadata, edu));
}

FIXTURE_SETUP(p2p)
{
	struct accel_test_pci_place place = { .size = sizeof(place) };
	unsigned char *whole;
	void *memory;

	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node) ||
	    !setup_module(_metadata, "ACCEL_EDU_KO"))
		return;
	ASSERT_EQ(0, catch_sigbus());
	/* The memory is where 28 bits of address do not reach. */
	setup_edu(_metadata, &self->edu, "dma_bits=32");
	self->owner = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->owner);
	ASSERT_EQ(0, buffer_create_in(self->owner, REGION, SIZE, &self->handle));
	ASSERT_EQ(0, buffer_export(self->owner, self->handle, O_RDWR, &self->dmabuf));
	place.handle = self->handle;
	ASSERT_EQ(0, sys_ioctl(self->owner, ACCEL_TEST_PCI_IOC_PLACE, &place));
	whole = mmap(NULL, TOTAL, PROT_READ | PROT_WRITE, MAP_SHARED, self->owner,
		     ACCEL_TEST_PCI_MEMORY + ACCEL_TEST_PCI_FOR_BUFFERS);
	ASSERT_NE(MAP_FAILED, whole);
	self->bar = whole + place.offset;

	self->fd = test_open(&self->edu, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_import(self->fd, self->dmabuf, &self->imported, NULL));
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->copy, NULL));
	ASSERT_EQ(0, buffer_map(self->fd, self->copy, SIZE, &memory));
	self->system = memory;
}

FIXTURE_TEARDOWN_PARENT(p2p)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

/* Something that repeats neither with a page nor with a cache line. */
static unsigned char byte_at(size_t i)
{
	return i % 251 ^ i >> 12;
}

TEST_F_TIMEOUT(p2p, by_dma, 120)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		self->bar[i] = byte_at(i);
	ASSERT_EQ(0, edu_copy(self->fd, self->imported, 5000, self->copy, 0, LEN, TIMEOUT_MS));
	for (i = 0; i < LEN; i++)
		ASSERT_EQ(byte_at(5000 + i), self->system[i])
			TH_LOG("byte %zu", i);

	memset(self->system, 0xa5, LEN);
	ASSERT_EQ(0, edu_copy(self->fd, self->copy, 0, self->imported, 20000, 3000, TIMEOUT_MS));
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(i < 20000 || i >= 23000 ? byte_at(i) : 0xa5, self->bar[i])
			TH_LOG("byte %zu", i);
}

/* With the engine still at work on the memory, for somebody who has given up. */
TEST_F_TIMEOUT(p2p, owner_goes, 120)
{
	unsigned char value;

	ASSERT_EQ(0, edu_copy(self->fd, self->imported, 0, self->copy, 0, LEN, TIMEOUT_MS));
	EXPECT_EQ(-ETIMEDOUT,
		  edu_copy(self->fd, self->imported, 0, self->copy, 0, LEN, 1));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-EFAULT, load_byte(self->bar, &value));
	EXPECT_EQ(-ENODEV,
		  edu_copy(self->fd, self->imported, 0, self->copy, 0, LEN, TIMEOUT_MS));
	/* The other device goes on. */
	EXPECT_EQ(0, edu_copy(self->fd, self->copy, 0, self->copy, LEN, LEN, TIMEOUT_MS));
}

/* Its addresses are beyond what the device can use, other than the memory of the system. */
TEST_F_TIMEOUT(p2p, is_out_of_reach, 120)
{
	close(self->fd);
	munmap(self->system, SIZE);
	setup_edu(_metadata, &self->edu, "dma_bits=31");
	self->fd = test_open(&self->edu, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_import(self->fd, self->dmabuf, &self->imported, NULL));
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->copy, NULL));
	EXPECT_EQ(0, edu_copy(self->fd, self->copy, 0, self->copy, LEN, LEN, TIMEOUT_MS));
	EXPECT_EQ(-EOPNOTSUPP,
		  edu_copy(self->fd, self->imported, 0, self->copy, 0, LEN, TIMEOUT_MS));
}

/* Other than what stays, what can be moved is moved to where the other device has it. */
TEST_F_TIMEOUT(p2p, is_moved, 120)
{
	struct accel_bo_create create = {
		.size = sizeof(create),
		.region = REGION,
		.bytes = SIZE,
		.flags = ACCEL_BO_MOVABLE,
	};
	struct accel_test_pci_place place = { .size = sizeof(place) };
	struct accel_bo_info info = { .size = sizeof(info) };
	unsigned char *mapped;
	__u32 imported;
	void *memory;
	int dmabuf;
	size_t i;

	ASSERT_EQ(0, sys_ioctl(self->owner, ACCEL_IOC_BO_CREATE, &create));
	ASSERT_EQ(0, buffer_map(self->owner, create.handle, SIZE, &memory));
	mapped = memory;
	for (i = 0; i < SIZE; i++)
		mapped[i] = byte_at(i);
	ASSERT_EQ(0, buffer_export(self->owner, create.handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_import(self->fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, edu_copy(self->fd, imported, 5000, self->copy, 0, LEN, TIMEOUT_MS));
	for (i = 0; i < LEN; i++)
		ASSERT_EQ(byte_at(5000 + i), self->system[i])
			TH_LOG("byte %zu", i);
	info.handle = create.handle;
	ASSERT_EQ(0, sys_ioctl(self->owner, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(0, info.region);

	memset(self->system, 0xa5, LEN);
	ASSERT_EQ(0, edu_copy(self->fd, self->copy, 0, imported, 20000, 3000, TIMEOUT_MS));
	/* Nobody works on it now. */
	place.handle = create.handle;
	ASSERT_EQ(0, sys_ioctl(self->owner, ACCEL_TEST_PCI_IOC_PLACE, &place));
	EXPECT_EQ(REGION, place.region);
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ(i < 20000 || i >= 23000 ? byte_at(i) : 0xa5, mapped[i])
			TH_LOG("byte %zu", i);
	munmap(mapped, SIZE);
	close(dmabuf);
}

TEST_HARNESS_MAIN
