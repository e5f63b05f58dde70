// SPDX-License-Identifier: GPL-2.0
/*
 * The machine has an IOMMU, and the edu device is behind it. This is what makes
 * the other tests of DMA, on such a machine, ones of the IOMMU.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"

/* More than what 28 bits of address reach, all of it in use. */
#define SIZE (320UL << 20)
#define STEP (SIZE / 8)

FIXTURE(iommu) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(iommu)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(iommu)
{
	close(self->fd);
}

TEST_F(iommu, device_is_behind_it)
{
	char group[64];

	ASSERT_EQ(0, link_name(self->node.device_dir, "iommu_group", group, sizeof(group)))
		TH_LOG("the device has no IOMMU group: is the IOMMU switched on?");
}

/* The device works on the memory itself, wherever that is. */
TEST_F_TIMEOUT(iommu, reaches_all_memory, 120)
{
	unsigned char *source;
	__u32 large, small;
	__u64 offset;
	void *memory;

	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &large, NULL));
	ASSERT_EQ(0, buffer_create(self->fd, 4096, &small, NULL));
	ASSERT_EQ(0, buffer_map(self->fd, large, SIZE, &memory));
	source = memory;
	ASSERT_EQ(0, buffer_map(self->fd, small, 4096, &memory));
	for (offset = 1000; offset < SIZE; offset += STEP) {
		memset(source + offset, 1 + offset / STEP, 3000);
		ASSERT_EQ(0, edu_copy(self->fd, large, offset, small, 0, 3000, TIMEOUT_MS));
		EXPECT_EQ(0, memcmp(source + offset, memory, 3000))
			TH_LOG("at %llu", (unsigned long long)offset);
	}
	munmap(source, SIZE);
}

TEST_HARNESS_MAIN
