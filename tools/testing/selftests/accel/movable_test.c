// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that are moved between the memory of QEMU's ivshmem device and that of
 * the system.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "harness.h"
#include "movable.h"

#define SYSTEM 0
#define REGION MOVABLE_REGION
#define COHERENT 2
#define TOTAL MOVABLE_TOTAL
#define SIZE MOVABLE_SIZE
#define BUFFERS 8
#define MOVES 50

FIXTURE(movable) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(movable)
{
	if (!setup_pci_node(_metadata, &self->node))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_NOT));
}

FIXTURE_TEARDOWN(movable)
{
	close(self->fd);
}

TEST_F(movable, is_of_the_device)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	const __u32 both = ACCEL_BO_MOVABLE | ACCEL_BO_POPULATE;
	__u32 handle;

	EXPECT_EQ(-EINVAL, movable_create_in(self->fd, SYSTEM, SIZE, ACCEL_BO_MOVABLE, &handle));
	EXPECT_EQ(-EINVAL, movable_create_in(self->fd, COHERENT, SIZE, ACCEL_BO_MOVABLE, &handle));
	EXPECT_EQ(-EINVAL, movable_create_in(self->fd, REGION, SIZE, both, &handle));
	EXPECT_EQ(-ENOSPC, movable_create(self->fd, TOTAL + 1, &handle));
	ASSERT_EQ(0, movable_create(self->fd, SIZE - 1, &handle));
	info.handle = handle;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(SIZE, info.bytes);
	EXPECT_EQ(REGION, info.region);
	EXPECT_EQ(ACCEL_BO_MOVABLE, info.flags);
	EXPECT_EQ(SIZE, region_in_use(self->fd, REGION));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	EXPECT_EQ(0, region_in_use(self->fd, REGION));
}

/* Those go first that were not used for longest, and nothing of them is lost. */
TEST_F_TIMEOUT(movable, makes_room, 120)
{
	const size_t size = TOTAL / BUFFERS;
	unsigned char *memory[BUFFERS];
	__u32 handles[BUFFERS], handle, other;
	void *mapped;
	__u64 sum;
	int i;

	for (i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, movable_create(self->fd, size, &handles[i]));
		ASSERT_EQ(0, buffer_map(self->fd, handles[i], size, &mapped));
		memory[i] = mapped;
		memset(memory[i], i + 1, size);
	}
	EXPECT_EQ(TOTAL, region_in_use(self->fd, REGION));
	EXPECT_EQ(0, region_in_use(self->fd, SYSTEM));
	/* The first was used last. */
	ASSERT_EQ(0, buffer_sum(self->fd, handles[0], 0, 1, &sum));

	ASSERT_EQ(0, movable_create_in(self->fd, REGION, size, 0, &handle));
	EXPECT_EQ(TOTAL, region_in_use(self->fd, REGION));
	EXPECT_EQ(size, region_in_use(self->fd, SYSTEM));
	EXPECT_EQ(REGION, movable_region(self->fd, handles[0]));
	EXPECT_EQ(SYSTEM, movable_region(self->fd, handles[1]));
	for (i = 2; i < BUFFERS; i++)
		EXPECT_EQ(REGION, movable_region(self->fd, handles[i]));
	for (i = 0; i < BUFFERS; i++)
		EXPECT_TRUE(movable_is_all(memory[i], i + 1, size))
			TH_LOG("buffer %d", i);
	ASSERT_EQ(0, buffer_sum(self->fd, handles[1], 0, size, &sum));
	EXPECT_EQ(2 * size, sum);

	/* One that cannot be moved is in the way. */
	EXPECT_EQ(-ENOSPC, movable_create_in(self->fd, REGION, TOTAL, 0, &other));
	for (i = 0; i < BUFFERS; i++)
		EXPECT_EQ(SYSTEM, movable_region(self->fd, handles[i]));
	ASSERT_EQ(REGION, movable_place(self->fd, handles[1]));
	EXPECT_EQ(2 * size, region_in_use(self->fd, REGION));
	for (i = 0; i < BUFFERS; i++)
		EXPECT_TRUE(movable_is_all(memory[i], i + 1, size))
			TH_LOG("buffer %d", i);
	ASSERT_EQ(0, buffer_sum(self->fd, handles[1], 0, size, &sum));
	EXPECT_EQ(2 * size, sum);
	/* A mapping keeps them, wherever they are. */
	for (i = 0; i < BUFFERS; i++)
		EXPECT_EQ(0, buffer_close(self->fd, handles[i]));
	EXPECT_EQ((BUFFERS - 1) * size, region_in_use(self->fd, SYSTEM));
	for (i = 0; i < BUFFERS; i++)
		munmap(memory[i], size);
	EXPECT_EQ(0, region_in_use(self->fd, SYSTEM));
	EXPECT_EQ(size, region_in_use(self->fd, REGION));
}

static __u32 load(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Counts in the first word until the second is set. Nobody else may change it. */
static int count(__u32 *words)
{
	__u32 n;

	for (n = 0; !load(words + 1); n++) {
		if (load(words) != n)
			return 1;
		__atomic_store_n(words, n + 1, __ATOMIC_RELAXED);
	}
	return load(words) != n;
}

TEST_F_TIMEOUT(movable, moves_under_a_process, 120)
{
	__u32 handles[2], before;
	__u32 *words;
	void *mapped;
	pid_t child;
	int status;
	int i;

	ASSERT_EQ(0, movable_one_only(self->fd));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[i]));
	ASSERT_EQ(0, buffer_map(self->fd, handles[0], SIZE, &mapped));
	words = mapped;
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(count(words));
	for (i = 0; i < MOVES; i++) {
		/* It is used between any two moves. */
		before = load(words);
		while (load(words) == before && !waitpid(child, &status, WNOHANG))
			sched_yield();
		ASSERT_EQ(REGION, movable_place(self->fd, handles[i % 2]));
		EXPECT_EQ(REGION, movable_region(self->fd, handles[i % 2]));
		EXPECT_EQ(SYSTEM, movable_region(self->fd, handles[1 - i % 2]));
	}
	__atomic_store_n(words + 1, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	munmap(mapped, SIZE);
}

TEST_F(movable, is_pinned)
{
	__u32 handles[2], handle;

	ASSERT_EQ(0, movable_one_only(self->fd));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[i]));
	ASSERT_EQ(0, movable_hold(self->fd, handles[0]));
	EXPECT_EQ(-ENOSPC, movable_place(self->fd, handles[1]));
	EXPECT_EQ(-ENOSPC, movable_create(self->fd, SIZE, &handle));
	EXPECT_EQ(REGION, movable_region(self->fd, handles[0]));
	/* Twice is as good as once. */
	ASSERT_EQ(0, movable_hold(self->fd, handles[0]));
	ASSERT_EQ(0, movable_hold(self->fd, 0));
	EXPECT_EQ(REGION, movable_place(self->fd, handles[1]));
	EXPECT_EQ(SYSTEM, movable_region(self->fd, handles[0]));
	/* The hold goes with the file, the handle first. */
	ASSERT_EQ(0, movable_hold(self->fd, handles[1]));
	EXPECT_EQ(0, buffer_close(self->fd, handles[1]));
	EXPECT_EQ(SIZE, region_in_use(self->fd, REGION));
}

TEST_F(movable, is_exported)
{
	unsigned char *mapped, *exported;
	__u32 handles[2], imported;
	struct node node;
	int dmabuf, fd;
	void *memory;
	__u64 sum;
	int i;

	ASSERT_EQ(0, movable_one_only(self->fd));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[i]));
	ASSERT_EQ(0, buffer_map(self->fd, handles[0], SIZE, &memory));
	mapped = memory;
	ASSERT_EQ(0, buffer_export(self->fd, handles[0], O_RDWR, &dmabuf));
	exported = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, exported);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(REGION, movable_place(self->fd, handles[i % 2]));
		memset(i % 2 ? mapped : exported, i + 1, SIZE);
		ASSERT_EQ(REGION, movable_place(self->fd, handles[1 - i % 2]));
		EXPECT_TRUE(movable_is_all(mapped, i + 1, SIZE));
		EXPECT_TRUE(movable_is_all(exported, i + 1, SIZE));
	}
	/* It is the same buffer when it comes back, and another device sees it, too. */
	ASSERT_EQ(0, buffer_import(self->fd, dmabuf, &imported, NULL));
	EXPECT_EQ(handles[0], imported);
	if (!setup_test_node(_metadata, &node, "shared"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_import(fd, dmabuf, &imported, NULL));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(REGION, movable_place(self->fd, handles[i]));
		ASSERT_EQ(0, buffer_sum(fd, imported, 0, SIZE, &sum));
		EXPECT_EQ(4 * SIZE, sum);
	}
	close(fd);
	close(dmabuf);
}

TEST_F(movable, is_copied_by_the_device)
{
	unsigned char *mapped;
	__u32 handles[2];
	void *memory;
	int i, before;

	ASSERT_EQ(0, movable_one_only(self->fd));
	ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[0]));
	ASSERT_EQ(0, buffer_map(self->fd, handles[0], SIZE, &memory));
	mapped = memory;
	memset(mapped, 3, SIZE);
	before = movable_copies(self->fd, ACCEL_TEST_PCI_COPY_FAILS);
	EXPECT_EQ(-ENOSPC, movable_create(self->fd, SIZE, &handles[1]));
	EXPECT_EQ(before + 1, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_NOT));
	EXPECT_EQ(REGION, movable_region(self->fd, handles[0]));
	EXPECT_TRUE(movable_is_all(mapped, 3, SIZE));

	ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[1]));
	ASSERT_EQ(0, buffer_close(self->fd, handles[1]));
	ASSERT_EQ(before + 2, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_FAILS));
	EXPECT_EQ(-EIO, movable_place(self->fd, handles[0]));
	EXPECT_EQ(SYSTEM, movable_region(self->fd, handles[0]));
	EXPECT_EQ(0, region_in_use(self->fd, REGION));
	EXPECT_TRUE(movable_is_all(mapped, 3, SIZE));

	/* What the device says that it has copied is not copied again. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(before + 3 + 2 * i, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_LIES));
		ASSERT_EQ(REGION, movable_place(self->fd, handles[0]));
		EXPECT_TRUE(movable_is_all(mapped, 0, SIZE));
		memset(mapped, 4, SIZE);
		ASSERT_EQ(0, movable_create(self->fd, SIZE, &handles[1]));
		EXPECT_TRUE(movable_is_all(mapped, 0, SIZE));
		ASSERT_EQ(0, buffer_close(self->fd, handles[1]));
	}
	EXPECT_LE(0, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_NOT));
	munmap(mapped, SIZE);
}

TEST_HARNESS_MAIN
