// SPDX-License-Identifier: GPL-2.0
/*
 * What a process has mapped of a device or its buffers, as a debugger of that
 * process sees it; and what else the kernel makes of such memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "buffer.h"
#include "harness.h"
#include "movable.h"
#include "power.h"

#define PAGES 3
#define SYSTEM 0
#define DEVICE MOVABLE_REGION
#define COHERENT 2

FIXTURE(debugger) {
	struct node node;
	size_t page;
	int fd;
	/* The memory of this process, as a file. */
	int mem;
};

FIXTURE_SETUP(debugger)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->mem);
}

FIXTURE_TEARDOWN(debugger)
{
	close(self->mem);
	close(self->fd);
}

/* Return how many bytes could be accessed, or an error. */
static ssize_t look(int mem, const void *address, void *data, size_t len)
{
	ssize_t done = pread(mem, data, len, (uintptr_t)address);

	return done < 0 ? -errno : done;
}

static ssize_t poke(int mem, void *address, const void *data, size_t len)
{
	ssize_t done = pwrite(mem, data, len, (uintptr_t)address);

	return done < 0 ? -errno : done;
}

static unsigned char *map_buffer(struct __test_metadata *_metadata, int fd, __u32 region,
				 size_t size)
{
	__u32 handle;
	void *memory;

	ASSERT_EQ(0, buffer_create_in(fd, region, size, &handle));
	ASSERT_EQ(0, buffer_map(fd, handle, size, &memory));
	return memory;
}

/* Also what the process itself has not touched yet. */
static void expect_accessible(struct __test_metadata *_metadata, int mem, unsigned char *memory,
			      size_t page)
{
	unsigned char *middle = memory + page - 2;
	char four[4] = "edit", seen[4];

	EXPECT_EQ(4, look(mem, middle, seen, 4));
	EXPECT_EQ(0, memcmp(seen, "\0\0\0\0", 4));
	EXPECT_EQ(4, poke(mem, middle, four, 4));
	EXPECT_EQ(0, memcmp(middle, four, 4));
	memory[PAGES * page - 1] = 7;
	EXPECT_EQ(1, look(mem, memory + PAGES * page - 1, seen, 1));
	EXPECT_EQ(7, seen[0]);
}

TEST_F(debugger, accesses_memory_of_the_system)
{
	unsigned char *memory;

	memory = map_buffer(_metadata, self->fd, SYSTEM, PAGES * self->page);
	expect_accessible(_metadata, self->mem, memory, self->page);
}

TEST_F(debugger, accesses_memory_of_the_device)
{
	unsigned char *memory;

	memory = map_buffer(_metadata, self->fd, DEVICE, PAGES * self->page);
	expect_accessible(_metadata, self->mem, memory, self->page);
}

TEST_F(debugger, accesses_coherent_memory)
{
	unsigned char *memory;

	memory = map_buffer(_metadata, self->fd, COHERENT, PAGES * self->page);
	expect_accessible(_metadata, self->mem, memory, self->page);
}

TEST_F(debugger, accesses_registers)
{
	__u32 *memory, value = 0x11223344;

	memory = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		      ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, memory);
	/* No access of a debugger waits for a device to wake. */
	__atomic_store_n(&memory[8], 0, __ATOMIC_RELAXED);
	ASSERT_EQ(0, power_set_delay(&self->node, TIMEOUT_MS));
	__atomic_store_n(&memory[8], 0, __ATOMIC_RELAXED);
	EXPECT_EQ(4, poke(self->mem, &memory[8], &value, 4));
	EXPECT_EQ(0x11223344, __atomic_load_n(&memory[8], __ATOMIC_RELAXED));
	__atomic_store_n(&memory[8], 0x55667788, __ATOMIC_RELAXED);
	EXPECT_EQ(4, look(self->mem, &memory[8], &value, 4));
	EXPECT_EQ(0x55667788, value);
	ASSERT_EQ(0, power_set_delay(&self->node, 20));
}

TEST_F(debugger, follows_a_buffer_that_moves)
{
	__u32 handle, other;
	void *memory;
	char byte = 0;

	ASSERT_EQ(0, movable_create(self->fd, PAGES * self->page, &handle));
	ASSERT_EQ(0, buffer_map(self->fd, handle, PAGES * self->page, &memory));
	expect_accessible(_metadata, self->mem, memory, self->page);
	ASSERT_EQ(0, movable_create(self->fd, MOVABLE_TOTAL, &other));
	ASSERT_EQ(SYSTEM, movable_region(self->fd, handle));
	EXPECT_EQ(1, look(self->mem, memory + PAGES * self->page - 1, &byte, 1));
	EXPECT_EQ(7, byte);
}

TEST_F(debugger, changes_only_what_the_process_could)
{
	unsigned char *memory, byte = 9;
	__u64 offset;
	__u32 handle;

	ASSERT_EQ(0, buffer_create(self->fd, self->page, &handle, NULL));
	ASSERT_EQ(0, buffer_offset(self->fd, handle, &offset));
	memory = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, offset);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_EQ(-EIO, poke(self->mem, memory, &byte, 1));
	EXPECT_EQ(1, look(self->mem, memory, &byte, 1));
	EXPECT_EQ(0, byte);
}

TEST_F(debugger, of_another_process)
{
	long *memory;
	int status;
	pid_t child;

	memory = (void *)map_buffer(_metadata, self->fd, SYSTEM, self->page);
	memory[0] = 0x1234567;
	child = fork_child();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(memory[1] != 0x7654321);
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	errno = 0;
	EXPECT_EQ(0x1234567, ptrace(PTRACE_PEEKDATA, child, memory, NULL));
	EXPECT_EQ(0, errno);
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, child, memory + 1, (void *)0x7654321L));
	EXPECT_EQ(0, ptrace(PTRACE_CONT, child, NULL, NULL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* Nobody can hold on to its pages, as direct I/O does, RDMA or process_vm_readv(). */
TEST_F(debugger, others_cannot_pin_it)
{
	struct iovec part;
	int pipes[2];

	part.iov_base = map_buffer(_metadata, self->fd, SYSTEM, self->page);
	part.iov_len = self->page;
	memset(part.iov_base, 1, self->page);
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-1, vmsplice(pipes[1], &part, 1, SPLICE_F_NONBLOCK));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, write(pipes[1], part.iov_base, 1));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_HARNESS_MAIN
