// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a device that a process maps to be read only, or so that its writes are
 * combined.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "harness.h"

#define RW (PROT_READ | PROT_WRITE)

FIXTURE(mapping_kinds) {
	struct node node;
	size_t page;
	int fd;
};

/* MAP_FAILED and errno, as mmap(). */
static __u32 *map(int fd, int protection, __u64 offset, size_t bytes)
{
	return mmap(NULL, bytes, protection, MAP_SHARED, fd, offset);
}

FIXTURE_SETUP(mapping_kinds)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(mapping_kinds)
{
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

TEST_F(mapping_kinds, is_only_read)
{
	__u32 *memory, *shown;

	EXPECT_EQ(MAP_FAILED, map(self->fd, RW, ACCEL_TEST_PCI_READ_ONLY, self->page));
	EXPECT_EQ(EACCES, errno);
	shown = map(self->fd, PROT_READ, ACCEL_TEST_PCI_READ_ONLY, self->page);
	ASSERT_NE(MAP_FAILED, shown);
	memory = map(self->fd, RW, ACCEL_TEST_PCI_MEMORY, self->page);
	ASSERT_NE(MAP_FAILED, memory);
	memory[1] = 7;
	EXPECT_EQ(7, shown[1]);
	EXPECT_EQ(-1, mprotect(shown, self->page, RW));
	EXPECT_EQ(EACCES, errno);
}

/*
 * In how many ways the kernel has a part of BAR 2 mapped, of exactly that length;
 * -ENOENT: it does not say.
 */
static int count_kinds(const struct node *node, __u64 offset, __u64 bytes)
{
	unsigned long long start, from, to;
	char line[4096], *bar = line;
	FILE *file;
	int ret;

	ret = read_file(node->device_dir, "resource", line, sizeof(line));
	if (ret)
		return ret;
	for (int i = 0; i < 2; i++)
		bar = strchr(bar, '\n') + 1;
	start = strtoull(bar, NULL, 16);

	file = fopen("/sys/kernel/debug/x86/pat_memtype_list", "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "PAT: [mem %llx-%llx]", &from, &to) == 2 &&
		    from == start + offset && to == from + bytes)
			ret++;
	}
	fclose(file);
	return ret;
}

/*
 * That the driver has all of the BAR mapped decides how a process has it mapped, so
 * here is only seen that the kernel is told.
 */
TEST_F(mapping_kinds, combines_writes)
{
	const __u64 half = 1 << 20;
	__u32 *combining, *memory;
	int ret;

	combining = map(self->fd, RW, ACCEL_TEST_PCI_COMBINING, half);
	ASSERT_NE(MAP_FAILED, combining);
	memory = map(self->fd, RW, ACCEL_TEST_PCI_MEMORY + half, half);
	ASSERT_NE(MAP_FAILED, memory);
	combining[0] = 7;
	combining[half / 4 - 1] = 8;
	atomic_thread_fence(memory_order_seq_cst);
	EXPECT_EQ(7, memory[0]);
	EXPECT_EQ(8, memory[half / 4 - 1]);

	ret = count_kinds(&self->node, half, half);
	if (ret == -ENOENT)
		SKIP(return, "the kernel does not say how memory is mapped");
	EXPECT_EQ(1, ret);
	/* A part is left. */
	ASSERT_EQ(0, munmap(combining, half / 2));
	EXPECT_EQ(1, count_kinds(&self->node, half, half));
	ASSERT_EQ(0, munmap(combining, half));
	EXPECT_EQ(0, count_kinds(&self->node, half, half));

	/* Nor is it left with a device that goes. */
	combining = map(self->fd, RW, ACCEL_TEST_PCI_COMBINING, half);
	ASSERT_NE(MAP_FAILED, combining);
	EXPECT_EQ(1, count_kinds(&self->node, half, half));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(0, count_kinds(&self->node, half, half));
}

TEST_HARNESS_MAIN
