// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver keeps for each buffer: how long it lives, and where it is found.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"

#define PAGES 3
#define THREADS 4
#define ROUNDS 100

FIXTURE(buffer_data) {
	struct node node;
	long page;
	__u32 handle;
	int fd;
	int other;
	int observer;
};

FIXTURE_SETUP(buffer_data)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->other = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->other);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	ASSERT_EQ(0, buffer_create(self->fd, PAGES * self->page, &self->handle, NULL));
}

FIXTURE_TEARDOWN(buffer_data)
{
	close(self->fd);
	close(self->other);
	close(self->observer);
}

/* How many marks there are, or an error. */
static int marks(int fd)
{
	__u32 result;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_MARKS, 0, 0, &result);
	return ret ? ret : (int)result;
}

/* Returns the mark that the buffer had, or an error. */
static int mark(int fd, __u32 handle, __u32 value)
{
	__u32 result;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_MARK, handle, value, &result);
	return ret ? ret : (int)result;
}

/* Returns the mark of the buffer that the job before had, or an error. */
static int job(int fd, __u32 handle)
{
	__u32 result;
	int ret;

	ret = test_call(fd, ACCEL_TEST_IOC_BUFFER_JOB, handle, 0, &result);
	return ret ? ret : (int)result;
}

TEST_F(buffer_data, is_found_by_the_handle)
{
	__u32 second;

	ASSERT_EQ(0, buffer_create(self->fd, self->page, &second, NULL));
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(PAGES, mark(self->fd, self->handle, 17));
	EXPECT_EQ(1, mark(self->fd, second, 18));
	EXPECT_EQ(17, mark(self->fd, self->handle, 19));
	EXPECT_EQ(18, mark(self->fd, second, 0));
	EXPECT_EQ(-ENOENT, mark(self->fd, second + 1, 0));
	EXPECT_EQ(-ENOENT, mark(self->other, self->handle, 0));
	/* A number that is given again is that of another buffer. */
	ASSERT_EQ(0, buffer_close(self->fd, second));
	EXPECT_EQ(-ENOENT, mark(self->fd, second, 0));
	ASSERT_EQ(0, buffer_create(self->fd, 2 * self->page, &second, NULL));
	EXPECT_EQ(2, mark(self->fd, second, 0));
}

TEST_F(buffer_data, goes_with_the_handle)
{
	unsigned char *mapped;
	void *memory;
	int dmabuf;

	/* Neither a mapping nor a dma-buf keeps it, other than the memory. */
	ASSERT_EQ(0, buffer_map(self->fd, self->handle, self->page, &memory));
	mapped = memory;
	mapped[0] = 5;
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDWR, &dmabuf));
	EXPECT_EQ(1, marks(self->observer));
	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	EXPECT_EQ(0, marks(self->observer));
	EXPECT_EQ(5, mapped[0]);
	close(dmabuf);
	munmap(memory, self->page);
}

TEST_F(buffer_data, goes_with_the_file)
{
	__u32 handle;
	int dmabuf;
	int i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, buffer_create(self->fd, self->page, &handle, NULL));
	ASSERT_EQ(0, buffer_create(self->other, self->page, &handle, NULL));
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDWR, &dmabuf));
	EXPECT_EQ(12, marks(self->observer));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(1, marks(self->observer));
	close(dmabuf);
	EXPECT_EQ(1, marks(self->observer));
}

TEST_F(buffer_data, is_imported)
{
	__u32 handle, again;
	int dmabuf;

	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDWR, &dmabuf));
	EXPECT_EQ(PAGES, mark(self->fd, self->handle, 7));
	/* Another file has its own, once. */
	ASSERT_EQ(0, buffer_import(self->other, dmabuf, &handle, NULL));
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(PAGES, mark(self->other, handle, 8));
	ASSERT_EQ(0, buffer_import(self->other, dmabuf, &again, NULL));
	EXPECT_EQ(handle, again);
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(8, mark(self->other, handle, 8));
	/* The same file finds the one that it has. */
	ASSERT_EQ(0, buffer_import(self->fd, dmabuf, &again, NULL));
	EXPECT_EQ(self->handle, again);
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(7, mark(self->fd, self->handle, 7));

	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	EXPECT_EQ(1, marks(self->observer));
	EXPECT_EQ(8, mark(self->other, handle, 8));
	close(dmabuf);
	ASSERT_EQ(0, buffer_close(self->other, handle));
	EXPECT_EQ(0, marks(self->observer));
}

/* What could not be made leaves no buffer behind, whatever it was to be made of. */
TEST_F(buffer_data, fails)
{
	long long before = buffers_in_use(self->fd);
	struct accel_bo_info info = { .size = sizeof(info) };
	__u32 handle;
	void *memory;
	int dmabuf;

	ASSERT_EQ(0, test_call(self->fd, ACCEL_TEST_IOC_FAIL_MARK, 0, 0, NULL));
	EXPECT_EQ(-EDOM, buffer_create(self->fd, self->page, &handle, NULL));
	EXPECT_EQ(before, buffers_in_use(self->fd));
	EXPECT_EQ(1, marks(self->observer));
	info.handle = self->handle + 1;
	EXPECT_EQ(-ENOENT, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));

	ASSERT_EQ(0, test_call(self->other, ACCEL_TEST_IOC_FAIL_MARK, 0, 0, NULL));
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDWR, &dmabuf));
	EXPECT_EQ(-EDOM, buffer_import(self->other, dmabuf, &handle, NULL));
	EXPECT_EQ(1, marks(self->observer));
	/* It is not remembered that this has failed. */
	EXPECT_EQ(0, buffer_import(self->other, dmabuf, &handle, NULL));
	EXPECT_EQ(2, marks(self->observer));
	close(dmabuf);

	memory = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, test_call(self->fd, ACCEL_TEST_IOC_FAIL_MARK, 0, 0, NULL));
	EXPECT_EQ(-EDOM, buffer_of_user(self->fd, memory, self->page, &handle));
	EXPECT_EQ(2, marks(self->observer));
	ASSERT_EQ(0, buffer_of_user(self->fd, memory, self->page, &handle));
	EXPECT_EQ(self->handle + 1, handle);
	EXPECT_EQ(3, marks(self->observer));
	EXPECT_EQ(1, mark(self->fd, handle, 0));
}

TEST_F(buffer_data, is_kept_by_a_job)
{
	__u32 second;

	ASSERT_EQ(PAGES, mark(self->fd, self->handle, 23));
	ASSERT_EQ(0, job(self->fd, self->handle));
	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	EXPECT_EQ(1, marks(self->observer));
	EXPECT_EQ(PAGES * self->page, buffers_in_use(self->observer));
	/* The number is free, and is not that of the buffer any more. */
	ASSERT_EQ(0, buffer_create(self->fd, self->page, &second, NULL));
	EXPECT_EQ(self->handle, second);
	EXPECT_EQ(1, mark(self->fd, second, 24));
	EXPECT_EQ(23, job(self->fd, 0));
	EXPECT_EQ(1, marks(self->observer));
	EXPECT_EQ(self->page, buffers_in_use(self->observer));
	/* One that is not done goes with its file. */
	ASSERT_EQ(0, job(self->fd, second));
	ASSERT_EQ(0, buffer_close(self->fd, second));
	EXPECT_EQ(1, marks(self->observer));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, marks(self->observer));
}

/* Mapped, exported, imported by another device, and in a job, while the device goes. */
TEST_F_TIMEOUT(buffer_data, goes_with_the_device, 60)
{
	__u32 handle, imported;
	unsigned char *mapped;
	struct node node;
	void *memory;
	int fd, dmabuf;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&node));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create(fd, self->page, &handle, NULL));
	ASSERT_EQ(0, job(fd, handle));
	ASSERT_EQ(0, buffer_create(fd, self->page, &handle, NULL));
	ASSERT_EQ(0, buffer_map(fd, handle, self->page, &memory));
	mapped = memory;
	mapped[0] = 6;
	ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_import(self->other, dmabuf, &imported, NULL));
	EXPECT_EQ(4, marks(self->observer));

	ASSERT_EQ(0, node_unbind(&node));
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(-ENODEV, mark(fd, handle, 0));
	EXPECT_EQ(6, mapped[0]);
	EXPECT_EQ(1, mark(self->other, imported, 0));
	/* The end of the file has no effect any more. */
	close(fd);
	munmap(memory, self->page);
	close(dmabuf);
	EXPECT_EQ(2, marks(self->observer));
	EXPECT_EQ(0, test_device_remove());
}

/**
 * struct hammer - threads that create, use and close buffers of one file
 * @fd: the file
 * @rounds: how often each does
 * @done: how many rounds were done
 * @wrong: a result that is not in order, or zero
 */
struct hammer {
	int fd;
	int rounds;
	atomic_int done;
	atomic_int wrong;
};

/* The handle may be that of another thread, which has closed it. */
static bool in_order(int ret)
{
	return ret >= 0 || ret == -ENOENT;
}

static void *hammer(void *arg)
{
	struct hammer *all = arg;
	__u32 handle;
	int ret, i;

	for (i = 0; i < all->rounds; i++) {
		ret = buffer_create(all->fd, 1, &handle, NULL);
		if (in_order(ret))
			ret = mark(all->fd, handle, i);
		if (in_order(ret))
			ret = mark(all->fd, 1 + i % THREADS, i);
		if (in_order(ret))
			ret = job(all->fd, 1 + i % THREADS);
		if (in_order(ret))
			ret = buffer_close(all->fd, handle);
		if (ret) {
			atomic_store(&all->wrong, ret);
			break;
		}
		atomic_fetch_add(&all->done, 1);
	}
	return NULL;
}

static void hammer_start(struct __test_metadata *_metadata, struct hammer *all,
			 pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, hammer, all));
}

static void hammer_join(struct __test_metadata *_metadata, pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
}

TEST_F_TIMEOUT(buffer_data, is_found_while_it_goes, 120)
{
	struct hammer all = { .fd = self->fd, .rounds = ROUNDS };
	pthread_t threads[THREADS];

	hammer_start(_metadata, &all, threads);
	hammer_join(_metadata, threads);
	EXPECT_EQ(0, atomic_load(&all.wrong));
	EXPECT_EQ(THREADS * ROUNDS, atomic_load(&all.done));
	EXPECT_LE(0, job(self->fd, 0));
	EXPECT_EQ(1, marks(self->observer));
}

TEST_F_TIMEOUT(buffer_data, is_found_while_the_device_goes, 120)
{
	struct hammer all = { .rounds = INT_MAX };
	pthread_t threads[THREADS];
	struct node node;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&node));
	all.fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, all.fd);
	hammer_start(_metadata, &all, threads);
	while (atomic_load(&all.done) < THREADS && !atomic_load(&all.wrong))
		sleep_ms(1);
	ASSERT_EQ(0, node_unbind(&node));
	EXPECT_EQ(1, marks(self->observer));
	hammer_join(_metadata, threads);
	EXPECT_EQ(-ENODEV, atomic_load(&all.wrong));
	EXPECT_EQ(1, marks(self->observer));
	close(all.fd);
	EXPECT_EQ(0, test_device_remove());
}

TEST_HARNESS_MAIN
