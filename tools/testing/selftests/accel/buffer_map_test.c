// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers, mapped by processes.
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

#define PAGES 5
#define LARGE (3UL << 20)

FIXTURE(buffer_map) {
	struct node node;
	size_t size;
	long page;
	__u32 handle;
	__u64 offset;
	int fd;
};

FIXTURE_SETUP(buffer_map)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	self->size = PAGES * self->page;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_create(self->fd, self->size, &self->handle, NULL));
	ASSERT_EQ(0, buffer_offset(self->fd, self->handle, &self->offset));
}

FIXTURE_TEARDOWN(buffer_map)
{
	close(self->fd);
}

static int try_map(int fd, int protection, int flags, size_t length, __u64 offset)
{
	void *memory = mmap(NULL, length, protection, flags, fd, offset);

	if (memory == MAP_FAILED)
		return -errno;
	munmap(memory, length);
	return 0;
}

static unsigned char *map(struct __test_metadata *_metadata, int fd, __u32 handle, size_t length)
{
	void *memory;
	int ret;

	ret = buffer_map(fd, handle, length, &memory);
	ASSERT_EQ(0, ret)
		TH_LOG("%s", strerror(-ret));
	return memory;
}

TEST_F(buffer_map, shows_what_the_driver_sees)
{
	unsigned char *memory, *again;
	__u64 sum;

	memory = map(_metadata, self->fd, self->handle, self->size);
	again = map(_metadata, self->fd, self->handle, self->size);
	for (size_t i = 0; i < self->size; i++)
		ASSERT_EQ(0, memory[i]);
	memory[0] = 1;
	memory[self->page] = 2;
	memory[self->size - 1] = 4;
	EXPECT_EQ(0, buffer_sum(self->fd, self->handle, 0, self->size, &sum));
	EXPECT_EQ(7, sum);
	EXPECT_EQ(0, buffer_fill(self->fd, self->handle, self->page - 1, 3, 9));
	EXPECT_EQ(1, again[0]);
	EXPECT_EQ(0, again[self->page - 2]);
	EXPECT_EQ(9, again[self->page - 1]);
	EXPECT_EQ(9, again[self->page]);
	EXPECT_EQ(9, again[self->page + 1]);
	EXPECT_EQ(0, again[self->page + 2]);
}

TEST_F(buffer_map, of_large_pieces)
{
	unsigned char *memory;
	__u32 handle;
	__u64 sum;

	ASSERT_EQ(0, buffer_create(self->fd, LARGE, &handle, NULL));
	memory = map(_metadata, self->fd, handle, LARGE);
	for (size_t i = 0; i < LARGE; i += self->page)
		memory[i] = i / self->page % 251;
	for (size_t i = 0; i < LARGE; i += self->page) {
		ASSERT_EQ(0, buffer_sum(self->fd, handle, i, self->page, &sum));
		ASSERT_EQ(i / self->page % 251, sum);
	}
}

static long page_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Returns how many page faults it takes to touch each page. */
static long touch(unsigned char *memory, size_t length, long page)
{
	long before = page_faults();

	for (size_t i = 0; i < length; i += page)
		__atomic_store_n(memory + i, 1, __ATOMIC_RELAXED);
	return page_faults() - before;
}

TEST_F(buffer_map, is_populated)
{
	struct accel_bo_create create = {
		.size = sizeof(create),
		.bytes = LARGE,
		.flags = ACCEL_BO_POPULATE,
	};
	struct accel_bo_info info = { .size = sizeof(info) };
	unsigned char *memory;
	__u64 sum;

	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_CREATE, &create));
	info.handle = create.handle;
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(ACCEL_BO_POPULATE, info.flags);
	memory = map(_metadata, self->fd, create.handle, LARGE);
	EXPECT_GT(8, touch(memory, LARGE, self->page));
	EXPECT_EQ(0, buffer_sum(self->fd, create.handle, 0, LARGE, &sum));
	EXPECT_EQ(LARGE / self->page, sum);
	/* The others bring pages when one is touched: huge_fault_test. */
	memory = map(_metadata, self->fd, self->handle, self->size);
	EXPECT_LT(0, touch(memory, self->size, self->page));
}

TEST_F(buffer_map, of_a_part)
{
	unsigned char *part;
	void *memory;

	EXPECT_EQ(0, buffer_fill(self->fd, self->handle, 2 * self->page, 1, 22));
	EXPECT_EQ(0, buffer_fill(self->fd, self->handle, 3 * self->page, 1, 33));
	memory = mmap(NULL, 2 * self->page, PROT_READ, MAP_SHARED, self->fd,
		      self->offset + 2 * self->page);
	ASSERT_NE(MAP_FAILED, memory);
	part = memory;
	EXPECT_EQ(22, part[0]);
	/* Split, moved: it shows what it did. */
	ASSERT_EQ(0, munmap(part, self->page));
	memory = mremap(part + self->page, self->page, self->page,
			MREMAP_MAYMOVE | MREMAP_FIXED, part);
	ASSERT_EQ(part, memory);
	EXPECT_EQ(33, part[0]);
}

TEST_F(buffer_map, refuses)
{
	static const int rw = PROT_READ | PROT_WRITE;
	const size_t size = self->size, page = self->page;
	int other = test_open(&self->node, O_RDWR);
	__u32 handle;
	__u64 offset;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, buffer_create(self->fd, page, &handle, NULL));
	ASSERT_EQ(0, buffer_offset(self->fd, handle, &offset));

	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_PRIVATE, size, self->offset));
	EXPECT_EQ(-EINVAL, try_map(self->fd, PROT_READ | PROT_EXEC, MAP_SHARED, size,
				   self->offset));
	/* Neither behind the end, nor from one buffer to another, nor before the first. */
	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_SHARED, size + page, self->offset));
	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_SHARED, 2 * page, offset - page));
	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_SHARED, page, offset + page));
	EXPECT_EQ(-EOPNOTSUPP, try_map(self->fd, rw, MAP_SHARED, page, 0));
	/* Nor by another file. */
	EXPECT_EQ(-EINVAL, try_map(other, rw, MAP_SHARED, page, self->offset));
	/* Its place is not used again. */
	ASSERT_EQ(0, buffer_close(self->fd, handle));
	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_SHARED, page, offset));
	ASSERT_EQ(0, buffer_create(self->fd, page, &handle, NULL));
	EXPECT_EQ(-EINVAL, try_map(self->fd, rw, MAP_SHARED, page, offset));
	EXPECT_EQ(0, try_map(self->fd, rw, MAP_SHARED, size, self->offset));
}

TEST_F(buffer_map, is_not_for_observers)
{
	int observer = test_open(&self->node, O_RDONLY);

	ASSERT_LE(0, observer);
	EXPECT_EQ(-EACCES, try_map(observer, PROT_READ, MAP_SHARED, self->size, self->offset));
}

TEST_F(buffer_map, is_shared_with_children)
{
	unsigned char *memory = map(_metadata, self->fd, self->handle, self->size);
	int status;
	pid_t child;

	memory[0] = 5;
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		status = memory[0] == 5 ? 0 : 1;
		memory[self->page] = 6;
		_exit(status);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(6, memory[self->page]);
}

TEST_F(buffer_map, outlives_handle_file_and_driver)
{
	unsigned char *memory = map(_metadata, self->fd, self->handle, self->size);
	unsigned char *second;
	__u64 value;
	int status;
	pid_t child;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO"))
		return;
	memory[0] = 11;
	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	EXPECT_EQ(11, memory[0]);
	ASSERT_EQ(0, buffer_create(self->fd, self->size, &self->handle, NULL));
	second = map(_metadata, self->fd, self->handle, self->size);
	second[0] = 12;

	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(-ENODEV, buffer_info(self->fd, self->handle, &value));
	EXPECT_EQ(-ENODEV, try_map(self->fd, PROT_READ, MAP_SHARED, self->page, self->offset));
	EXPECT_EQ(11, memory[0]);
	EXPECT_EQ(12, second[0]);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	/* Pages that nobody has touched before are there, too. */
	memory[2 * self->page] = 13;
	second[2 * self->page] = 14;
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child)
		_exit(memory[2 * self->page] == 13 && second[2 * self->page] == 14 ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, munmap(second, self->size));
	EXPECT_EQ(11, memory[0]);
	EXPECT_EQ(0, munmap(memory, self->size));
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
}

TEST_HARNESS_MAIN
