// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of memory that a process has, and that is only read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"

#define SIZE (64UL << 10)

FIXTURE(user_memory) {
	struct node node;
	unsigned char *memory;
	int fd;
};

FIXTURE_SETUP(user_memory)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	ASSERT_NE(MAP_FAILED, self->memory);
}

FIXTURE_TEARDOWN(user_memory)
{
	munmap(self->memory, SIZE);
	close(self->fd);
}

TEST_F(user_memory, is_only_read)
{
	__u32 handle;
	__u64 sum;
	int dmabuf;

	memset(self->memory, 1, SIZE);
	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
	EXPECT_EQ(-EFAULT, buffer_of_user(self->fd, self->memory, SIZE, &handle));
	ASSERT_EQ(0, buffer_of_user_to_read(self->fd, self->memory, SIZE, &handle));
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(SIZE, sum);
	EXPECT_EQ(-EACCES, buffer_fill(self->fd, handle, 0, SIZE, 7));
	EXPECT_NE(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	EXPECT_NE(0, buffer_export(self->fd, handle, 0, &dmabuf));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	EXPECT_EQ(1, self->memory[0]);
}

/* What the process writes to it afterwards is in the buffer, also where nothing was before. */
TEST_F(user_memory, is_written_to_by_the_process)
{
	__u32 handle;
	__u64 sum;

	ASSERT_EQ(0, buffer_of_user_to_read(self->fd, self->memory, SIZE, &handle));
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(0, sum);
	memset(self->memory, 1, SIZE);
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(SIZE, sum);
	EXPECT_EQ(0, buffer_close(self->fd, handle));
}

/* What others have as well stays as it is: a file, or what a parent has. */
TEST_F(user_memory, is_shared_with_others)
{
	char path[] = "/tmp/user_memory.XXXXXX";
	unsigned char *mapped;
	__u32 handle;
	__u64 sum;
	int file;

	file = mkstemp(path);
	ASSERT_LE(0, file);
	unlink(path);
	memset(self->memory, 3, SIZE);
	ASSERT_EQ(SIZE, write(file, self->memory, SIZE));
	mapped = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, file, 0);
	ASSERT_NE(MAP_FAILED, mapped);
	ASSERT_EQ(0, buffer_of_user_to_read(self->fd, mapped, SIZE, &handle));
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(3 * SIZE, sum);
	EXPECT_EQ(-EACCES, buffer_fill(self->fd, handle, 0, 1, 7));
	munmap(mapped, SIZE);
	EXPECT_EQ(-EFAULT, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	close(file);
}

TEST_F_TIMEOUT(user_memory, is_only_read_by_dma, 60)
{
	struct node edu;
	__u32 handle, own;
	void *memory;
	int fd;

	if (!setup_node(_metadata, &edu))
		return;
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	memset(self->memory, 0x5a, SIZE);
	ASSERT_EQ(0, mprotect(self->memory, SIZE, PROT_READ));
	ASSERT_EQ(0, buffer_of_user_to_read(fd, self->memory, SIZE, &handle));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &own, NULL));
	ASSERT_EQ(0, buffer_map(fd, own, SIZE, &memory));
	ASSERT_EQ(0, edu_copy(fd, handle, 4000, own, 3, 2000, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(self->memory + 4000, (char *)memory + 3, 2000));
	EXPECT_EQ(-EACCES, edu_copy(fd, own, 0, handle, 8000, 2000, TIMEOUT_MS));
	munmap(memory, SIZE);
	close(fd);
}

TEST_HARNESS_MAIN
