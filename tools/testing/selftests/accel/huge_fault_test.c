// SPDX-License-Identifier: GPL-2.0
/*
 * How many page faults it takes to see all of a mapping, and that what was brought
 * as large pages is taken away as well.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "buffer.h"
#include "harness.h"
#include "sigbus.h"

#define RW (PROT_READ | PROT_WRITE)
#define LARGE (2UL << 20)
#define MEMORY (4UL << 20)
#define BUFFER (16UL << 20)

FIXTURE(huge_fault) {
	struct node node;
	size_t page;
	int fd;
	/* Of pages of the device, how many one fault brings at least. */
	long at_once;
};

FIXTURE_SETUP(huge_fault)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->page = sysconf(_SC_PAGESIZE);
	self->at_once = access("/sys/kernel/mm/transparent_hugepage", F_OK) ?
			16 : LARGE / self->page;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(huge_fault)
{
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Writes to each page, or finds what was written. Returns how many faults that took. */
static long touch(unsigned char *memory, size_t bytes, size_t page, bool write)
{
	long before = faults();

	for (size_t i = 0; i < bytes; i += page) {
		if (write)
			__atomic_store_n(memory + i, i / page, __ATOMIC_RELAXED);
		else if (__atomic_load_n(memory + i, __ATOMIC_RELAXED) !=
			 (unsigned char)(i / page))
			return -1;
	}
	return faults() - before;
}

/* How many pages raise a signal. */
static size_t count_gone(unsigned char *memory, size_t bytes, size_t page)
{
	unsigned char value;
	size_t gone = 0;

	for (size_t i = 0; i < bytes; i += page)
		gone += load_byte(memory + i, &value) == -EFAULT;
	return gone;
}

static unsigned char *map_memory(struct __test_metadata *_metadata, int fd, size_t bytes)
{
	void *memory = mmap(NULL, bytes, RW, MAP_SHARED, fd, ACCEL_TEST_PCI_MEMORY);

	ASSERT_NE(MAP_FAILED, memory);
	return memory;
}

/* Code and the stack of the test itself may take a few. */
#define OTHER_FAULTS 4

TEST_F(huge_fault, memory_of_a_device)
{
	unsigned char *memory = map_memory(_metadata, self->fd, MEMORY);
	long taken = touch(memory, MEMORY, self->page, true);

	TH_LOG("%ld faults for %lu pages", taken, MEMORY / self->page);
	EXPECT_LE(taken, (long)(MEMORY / self->page) / self->at_once + OTHER_FAULTS);
	EXPECT_LE(0, touch(memory, MEMORY, self->page, false));
	memory = map_memory(_metadata, self->fd, MEMORY);
	EXPECT_LE(0, touch(memory, MEMORY, self->page, false));
}

TEST_F(huge_fault, a_buffer)
{
	size_t before;
	void *memory;
	__u32 handle;
	long taken;

	ASSERT_EQ(0, buffer_create(self->fd, BUFFER, &handle, NULL));
	ASSERT_EQ(0, buffer_map(self->fd, handle, BUFFER, &memory));
	taken = touch(memory, BUFFER, self->page, true);
	TH_LOG("%ld faults for %lu pages", taken, BUFFER / self->page);
	/* Where the kernel has no large pieces, there are more: at most one for each. */
	EXPECT_LE(taken, (long)(BUFFER / self->page) / 50 + OTHER_FAULTS);
	EXPECT_LE(0, touch(memory, BUFFER, self->page, false));

	/* Of a part, those of the rest are brought again, and nothing else. */
	before = BUFFER / 2 + self->page;
	ASSERT_EQ(0, munmap(memory, before));
	for (size_t i = before; i < BUFFER; i += self->page)
		ASSERT_EQ((i / self->page) & 0xff, ((unsigned char *)memory)[i]);
	ASSERT_EQ(0, mprotect((char *)memory + before, self->page, PROT_READ));
	ASSERT_EQ((before / self->page) & 0xff, ((unsigned char *)memory)[before]);
}

TEST_F(huge_fault, is_read_and_then_written)
{
	unsigned char *memory = map_memory(_metadata, self->fd, MEMORY);

	ASSERT_LE(0, touch(map_memory(_metadata, self->fd, MEMORY), MEMORY, self->page, true));
	EXPECT_LE(0, touch(memory, MEMORY, self->page, false));
	ASSERT_LE(0, touch(memory, MEMORY, self->page, true));
	ASSERT_EQ(0, mprotect(memory, MEMORY, PROT_READ));
	EXPECT_LE(0, touch(memory, MEMORY, self->page, false));
	ASSERT_EQ(0, mprotect(memory, MEMORY, RW));
	EXPECT_LE(0, touch(memory, MEMORY, self->page, true));
}

TEST_F(huge_fault, is_taken_away_with_the_device)
{
	unsigned char *memory = map_memory(_metadata, self->fd, MEMORY);
	size_t pages = MEMORY / self->page;
	int status;
	pid_t child;

	ASSERT_LE(0, touch(memory, MEMORY, self->page, true));
	ASSERT_EQ(0, node_unbind(&self->node));
	/* A child has what its parent has: nothing. */
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child)
		_exit(count_gone(memory, MEMORY, self->page) == pages ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(pages, count_gone(memory, MEMORY, self->page));
}

TEST_F(huge_fault, is_revoked)
{
	struct accel_test_pci_window args = {
		.size = sizeof(args), .bytes = LARGE + self->page,
	};
	size_t bytes = args.bytes;
	unsigned char *memory;

	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_WINDOW, &args));
	memory = mmap(NULL, bytes, RW, MAP_SHARED, self->fd, ACCEL_TEST_PCI_WINDOW);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_LE(0, touch(memory, bytes, self->page, true));
	ASSERT_EQ(0, munmap(memory, self->page));
	EXPECT_EQ(1, memory[self->page]);
	args.bytes = 0;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_WINDOW, &args));
	bytes -= self->page;
	EXPECT_EQ(bytes / self->page, count_gone(memory + self->page, bytes, self->page));
}

TEST_HARNESS_MAIN
