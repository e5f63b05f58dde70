// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of memory that a process has.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "buffer.h"
#include "harness.h"

#define SIZE (64UL << 10)
#define HUGE (2UL << 20)

FIXTURE(user_memory) {
	struct node node;
	unsigned char *memory;
	int fd;
};

static unsigned char *anonymous(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

FIXTURE_SETUP(user_memory)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->memory = anonymous(SIZE);
	ASSERT_NE(MAP_FAILED, self->memory);
}

FIXTURE_TEARDOWN(user_memory)
{
	munmap(self->memory, SIZE);
	close(self->fd);
}

TEST_F(user_memory, is_a_buffer)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	__u64 offset, sum;
	__u32 handle;
	void *memory;
	int dmabuf;

	/* Some of it was touched before, and some was not. */
	memset(self->memory, 1, SIZE / 2);
	ASSERT_EQ(0, buffer_of_user(self->fd, self->memory, SIZE, &handle));
	info.handle = handle;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(SIZE, info.bytes);
	EXPECT_EQ(ACCEL_REGION_FOREIGN, info.region);
	EXPECT_EQ(0, buffers_in_use(self->fd));
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(SIZE / 2, sum);
	ASSERT_EQ(0, buffer_fill(self->fd, handle, SIZE - 10, 10, 7));
	EXPECT_EQ(7, self->memory[SIZE - 1]);
	EXPECT_EQ(0, self->memory[SIZE - 11]);

	EXPECT_EQ(0, buffer_offset(self->fd, handle, &offset));
	EXPECT_EQ(-EOPNOTSUPP, buffer_map(self->fd, handle, SIZE, &memory));
	EXPECT_EQ(-EOPNOTSUPP, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	EXPECT_EQ(7, self->memory[SIZE - 1]);
}

TEST_F_TIMEOUT(user_memory, by_dma, 60)
{
	struct node edu;
	__u32 handle, own;
	void *memory;
	int fd;

	if (!setup_node(_metadata, &edu))
		return;
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	for (size_t i = 0; i < SIZE; i++)
		self->memory[i] = i % 251;
	ASSERT_EQ(0, buffer_of_user(fd, self->memory, SIZE, &handle));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &own, NULL));
	ASSERT_EQ(0, buffer_map(fd, own, SIZE, &memory));
	ASSERT_EQ(0, edu_copy(fd, handle, 4000, own, 3, 2000, TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(self->memory + 4000, (char *)memory + 3, 2000));
	memset(memory, 0xa5, SIZE);
	ASSERT_EQ(0, edu_copy(fd, own, 0, handle, 8000, 2000, TIMEOUT_MS));
	EXPECT_EQ(0xa5, self->memory[8000]);
	EXPECT_EQ(0xa5, self->memory[9999]);
	EXPECT_EQ(10000 % 251, self->memory[10000]);
	munmap(memory, SIZE);
	close(fd);
}

/* Returns memory that begins with a huge page, if there are any; it ends with @all. */
static unsigned char *huge_page(unsigned char **all)
{
	unsigned char *memory;

	*all = anonymous(2 * HUGE);
	memory = (void *)(((uintptr_t)*all + HUGE - 1) & ~(HUGE - 1));
	madvise(memory, HUGE, MADV_HUGEPAGE);
	memset(memory, 1, SIZE);
	return memory;
}

/* A huge page that is split is told as a change of all of it. */
TEST_F(user_memory, is_in_a_huge_page)
{
	unsigned char *all, *memory = huge_page(&all);
	__u32 handle;
	__u64 sum;
	pid_t pid;

	ASSERT_EQ(0, buffer_of_user(self->fd, memory, SIZE, &handle));
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(SIZE, sum);
	munmap(all, 2 * HUGE);
	EXPECT_EQ(-EFAULT, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
}

TEST_F(user_memory, is_beside_what_is_unmapped)
{
	unsigned char *all, *memory = huge_page(&all);
	__u32 handle;
	__u64 sum;

	ASSERT_EQ(0, buffer_of_user(self->fd, memory, SIZE, &handle));
	munmap(memory + SIZE, page_size());
	EXPECT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	munmap(all, 2 * HUGE);
}

TEST_F(user_memory, is_lost_when_it_is_another)
{
	__u32 unmapped, discarded, replaced, kept;
	unsigned char *memory[4];
	__u64 sum;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(memory); i++) {
		memory[i] = anonymous(SIZE);
		ASSERT_NE(MAP_FAILED, memory[i]);
		memset(memory[i], 1, SIZE);
	}
	ASSERT_EQ(0, buffer_of_user(self->fd, memory[0], SIZE, &unmapped));
	ASSERT_EQ(0, buffer_of_user(self->fd, memory[1], SIZE, &discarded));
	ASSERT_EQ(0, buffer_of_user(self->fd, memory[2], SIZE, &replaced));
	ASSERT_EQ(0, buffer_of_user(self->fd, memory[3], SIZE, &kept));

	munmap(memory[0] + page_size(), page_size());
	ASSERT_EQ(0, madvise(memory[1], page_size(), MADV_DONTNEED));
	ASSERT_EQ(memory[2], mmap(memory[2], SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ASSERT_EQ(0, mprotect(memory[3], SIZE, PROT_READ));
	EXPECT_EQ(-EFAULT, buffer_sum(self->fd, unmapped, 0, SIZE, &sum));
	EXPECT_EQ(-EFAULT, buffer_fill(self->fd, discarded, 0, SIZE, 9));
	EXPECT_EQ(-EFAULT, buffer_fill(self->fd, replaced, 0, SIZE, 9));
	/* What has come in their place is as it should be. */
	EXPECT_EQ(0, memory[1][0]);
	EXPECT_EQ(0, memory[2][0]);
	EXPECT_EQ(0, buffer_sum(self->fd, kept, 0, SIZE, &sum));
	EXPECT_EQ(SIZE, sum);
	EXPECT_EQ(0, buffer_close(self->fd, unmapped));
	for (i = 0; i < ARRAY_SIZE(memory); i++)
		munmap(memory[i], SIZE);
}

/* A child has a copy of its own, and the buffer stays that of the parent. */
TEST_F(user_memory, stays_with_the_parent)
{
	__u32 handle;
	__u64 sum;
	int status;
	pid_t child;

	memset(self->memory, 1, SIZE);
	ASSERT_EQ(0, buffer_of_user(self->fd, self->memory, SIZE, &handle));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		memset(self->memory, 2, SIZE);
		_exit(buffer_sum(self->fd, handle, 0, SIZE, &sum) || sum != SIZE);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	memset(self->memory, 3, SIZE);
	ASSERT_EQ(0, buffer_sum(self->fd, handle, 0, SIZE, &sum));
	EXPECT_EQ(3 * SIZE, sum);
}

TEST_F(user_memory, refuses)
{
	struct accel_bo_userptr arg = {
		.size = sizeof(arg),
		.address = (uintptr_t)self->memory,
		.bytes = SIZE,
	};
	struct accel_bo_userptr bad;
	unsigned char *read_only;
	__u32 handle;
	int observer;

	bad = arg;
	bad.flags = 1 << 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_USERPTR, &bad));
	bad = arg;
	bad.handle = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_USERPTR, &bad));
	bad = arg;
	bad.reserved = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_USERPTR, &bad));
	EXPECT_EQ(-EINVAL, buffer_of_user(self->fd, self->memory, 0, &handle));
	EXPECT_EQ(-EINVAL, buffer_of_user(self->fd, self->memory, SIZE - 1, &handle));
	EXPECT_EQ(-EINVAL, buffer_of_user(self->fd, self->memory + 1, SIZE - page_size(), &handle));
	EXPECT_EQ(-EINVAL, buffer_of_user(self->fd, (void *)-page_size(), 2 * page_size(),
					  &handle));
	/* More than the system has; the kernel does not even try. */
	EXPECT_EQ(-ENOMEM, buffer_of_user(self->fd, self->memory, 1ULL << 63, &handle));
	EXPECT_EQ(-EFAULT, buffer_of_user(self->fd, NULL, SIZE, &handle));
	/* The last page is not there. */
	munmap(self->memory + SIZE - page_size(), page_size());
	EXPECT_EQ(-EFAULT, buffer_of_user(self->fd, self->memory, SIZE, &handle));
	read_only = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_EQ(-EFAULT, buffer_of_user(self->fd, read_only, SIZE, &handle));
	munmap(read_only, SIZE);
	observer = test_open(&self->node, O_RDONLY);
	EXPECT_EQ(-EACCES, buffer_of_user(observer, self->memory, page_size(), &handle));
	close(observer);
}

TEST_F(user_memory, counts_as_locked)
{
	struct rlimit limit = { .rlim_cur = SIZE, .rlim_max = SIZE };
	__u32 first, second;
	unsigned char *more;
	pid_t child;
	int status;

	if (!setup_root(_metadata))
		return;
	child = fork();
	ASSERT_LE(0, child);
	if (child) {
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
		return;
	}
	more = anonymous(SIZE);
	/* The limit does not hold for those who may lock memory. */
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(65534))
		_exit(1);
	if (buffer_of_user(self->fd, self->memory, SIZE, &first))
		_exit(2);
	if (buffer_of_user(self->fd, more, page_size(), &second) != -ENOMEM)
		_exit(3);
	if (buffer_close(self->fd, first) ||
	    buffer_of_user(self->fd, more, SIZE, &second))
		_exit(4);
	_exit(0);
}

/* Makes a child pin most of what its user may, and end. Returns its exit status. */
static int pin_in_a_child(int fd)
{
	int status = 0;
	__u32 handle;
	pid_t child;

	child = fork_child();
	if (!child) {
		unsigned char *memory = anonymous(2 * SIZE);

		_exit(buffer_of_user(fd, memory, 2 * SIZE, &handle) ? 1 : 0);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

/* What ended processes have pinned stays pinned, and counts for their user. */
TEST_F(user_memory, counts_as_locked_by_the_user)
{
	struct rlimit limit = { .rlim_cur = 3 * SIZE, .rlim_max = 3 * SIZE };
	unsigned char *memory = anonymous(2 * SIZE);
	__u32 handle;
	pid_t child;
	int status;

	if (!setup_root(_metadata))
		return;
	child = fork_child();
	ASSERT_LE(0, child);
	if (child) {
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status)
			TH_LOG("status 0x%x", status);
		/* One who may lock any number is not counted, and can still do so. */
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(0, pin_in_a_child(self->fd));
		return;
	}
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(65534))
		_exit(1);
	if (pin_in_a_child(self->fd))
		_exit(2);
	/* Neither another child nor the parent, which has pinned nothing itself. */
	if (!pin_in_a_child(self->fd))
		_exit(3);
	if (buffer_of_user(self->fd, memory, 2 * SIZE, &handle) != -ENOMEM)
		_exit(4);
	if (buffer_of_user(self->fd, memory, SIZE, &handle))
		_exit(5);
	/* Who closes it gives it back, whoever has pinned it. */
	if (buffer_close(self->fd, 1) ||
	    buffer_of_user(self->fd, memory, 2 * SIZE, &handle))
		_exit(6);
	_exit(0);
}

TEST_HARNESS_MAIN
