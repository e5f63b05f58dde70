// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep of a device on a bus whose memory processes have mapped: an access wakes
 * it, and a buffer in it keeps it awake.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "harness.h"
#include "power.h"

FIXTURE(pci) {
	struct node node;
	int fd;
	size_t page;
	__u32 *memory;
};

FIXTURE_SETUP(pci)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
			    ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, self->memory);
}

FIXTURE_TEARDOWN(pci)
{
	munmap(self->memory, self->page);
	close(self->fd);
}

TEST_F(pci, an_access_wakes_it)
{
	__u32 *asleep = &self->memory[4];
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, power_wait(&self->node, "suspended"));
		EXPECT_EQ(0, __atomic_load_n(asleep, __ATOMIC_RELAXED));
	}
	/* While it is accessed again and again, it sleeps in between. */
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, __atomic_load_n(asleep, __ATOMIC_RELAXED));
		sleep_ms(1);
	}
}

TEST_F(pci, a_system_call_wakes_it)
{
	int pipes[2];
	char word[4];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	/* The kernel is who accesses the mapping. */
	ASSERT_EQ(4, write(pipes[1], &self->memory[4], 4));
	ASSERT_EQ(4, read(pipes[0], word, 4));
	EXPECT_EQ(0, memcmp(word, "\0\0\0\0", 4));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(pci, a_buffer_of_its_memory_keeps_it_awake)
{
	__u64 offset;
	__u32 handle;
	char *map;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, buffer_create_in(self->fd, 1, self->page, &handle));
	ASSERT_EQ(0, buffer_offset(self->fd, handle, &offset));
	map = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, offset);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 7, self->page);
	EXPECT_TRUE(power_stays_awake(&self->node));
	EXPECT_EQ(7, map[self->page - 1]);
	ASSERT_EQ(0, munmap(map, self->page));
	ASSERT_EQ(0, buffer_close(self->fd, handle));
	ASSERT_EQ(0, power_set_delay(&self->node, 20));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));

	/* The system's own does not. */
	ASSERT_EQ(0, buffer_create_in(self->fd, 0, self->page, &handle));
	EXPECT_TRUE(power_is(&self->node, "suspended"));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
}

TEST_HARNESS_MAIN
