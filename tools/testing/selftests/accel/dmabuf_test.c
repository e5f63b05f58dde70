// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers, exported as dma-bufs: to processes, and to a device of DRM.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's headers, without libdrm. */
#include <drm/drm.h>

#include "agent.h"
#include "buffer.h"
#include "exporter.h"
#include "harness.h"

#define CARD "/dev/dri/card0"
#define SIZE (3UL << 20)

FIXTURE(dmabuf) {
	struct node node;
	__u32 handle;
	int fd;
	int dmabuf;
};

static unsigned char *map(struct __test_metadata *_metadata, int fd, __u64 offset)
{
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	ASSERT_NE(MAP_FAILED, memory)
		TH_LOG("%s", strerror(errno));
	return memory;
}

/* Something that repeats neither with a page nor with a cache line. */
static unsigned char byte_at(size_t i)
{
	return i % 251 ^ i >> 12;
}

static void fill(unsigned char *memory)
{
	for (size_t i = 0; i < SIZE; i++)
		memory[i] = byte_at(i);
}

/* Returns the first byte that is not what fill() wrote, or SIZE. */
static size_t check(const unsigned char *memory)
{
	size_t i;

	for (i = 0; i < SIZE && memory[i] == byte_at(i); i++)
		;
	return i;
}

FIXTURE_SETUP(dmabuf)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->handle, NULL));
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_CLOEXEC | O_RDWR, &self->dmabuf));
	ASSERT_LE(0, self->dmabuf);
}

FIXTURE_TEARDOWN(dmabuf)
{
	close(self->dmabuf);
	close(self->fd);
}

TEST_F(dmabuf, has_the_memory_of_the_buffer)
{
	unsigned char *memory, *exported;
	void *own;
	__u64 sum;

	EXPECT_EQ(SIZE, lseek(self->dmabuf, 0, SEEK_END));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->dmabuf, F_GETFD));
	ASSERT_EQ(0, buffer_map(self->fd, self->handle, SIZE, &own));
	memory = own;
	exported = map(_metadata, self->dmabuf, 0);
	ASSERT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	fill(exported);
	EXPECT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(SIZE, check(memory));
	EXPECT_EQ(0, buffer_sum(self->fd, self->handle, 4096, 2, &sum));
	EXPECT_EQ(byte_at(4096) + byte_at(4097), sum);
}

TEST_F(dmabuf, refuses)
{
	struct accel_bo_export arg = { .size = sizeof(arg), .handle = self->handle, .fd = 1 };
	int read_only, other;
	void *memory;

	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_EXPORT, &arg));
	EXPECT_EQ(-EINVAL, buffer_export(self->fd, self->handle, O_NONBLOCK, &other));
	EXPECT_EQ(-EINVAL, buffer_export(self->fd, self->handle, O_WRONLY, &other));
	EXPECT_EQ(-ENOENT, buffer_export(self->fd, self->handle + 1, O_RDWR, &other));

	ASSERT_EQ(0, buffer_export(self->fd, self->handle, 0, &read_only));
	EXPECT_EQ(0, fcntl(read_only, F_GETFD));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, read_only, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, self->dmabuf, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE + page_size(), PROT_READ, MAP_SHARED, self->dmabuf,
				   0));
	EXPECT_EQ(EINVAL, errno);
	memory = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, read_only, 0);
	EXPECT_NE(MAP_FAILED, memory);
	close(read_only);
}

/* A descriptor for reading gives no right to write, however it is used. */
TEST_F(dmabuf, is_only_read)
{
	int reader = test_open(&self->node, O_RDWR);
	__u32 handle, again;
	int read_only, dmabuf;
	__u64 offset, sum;
	void *memory;

	ASSERT_LE(0, reader);
	ASSERT_EQ(0, buffer_fill(self->fd, self->handle, 0, 1, 3));
	ASSERT_EQ(0, buffer_export(self->fd, self->handle, O_RDONLY, &read_only));
	ASSERT_EQ(0, buffer_import(reader, read_only, &handle, NULL));
	ASSERT_EQ(0, buffer_offset(reader, handle, &offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, offset));
	EXPECT_EQ(EACCES, errno);
	memory = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, reader, offset);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_EQ(3, *(unsigned char *)memory);
	EXPECT_EQ(-1, mprotect(memory, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-EACCES, buffer_fill(reader, handle, 0, 1, 4));
	EXPECT_EQ(0, buffer_sum(reader, handle, 0, 1, &sum));
	EXPECT_EQ(3, sum);
	EXPECT_EQ(-EACCES, buffer_export(reader, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_export(reader, handle, O_RDONLY, &dmabuf));
	EXPECT_EQ(O_RDONLY, fcntl(dmabuf, F_GETFL) & O_ACCMODE);
	close(dmabuf);

	/* It does not lessen the rights of a file that has them. */
	ASSERT_EQ(0, buffer_import(self->fd, read_only, &again, NULL));
	EXPECT_EQ(self->handle, again);
	EXPECT_EQ(0, buffer_fill(self->fd, self->handle, 0, 1, 5));
	/* One for writing gives them. */
	ASSERT_EQ(0, buffer_import(reader, self->dmabuf, &again, NULL));
	EXPECT_EQ(handle, again);
	EXPECT_EQ(0, buffer_fill(reader, handle, 0, 1, 6));
	EXPECT_EQ(6, *(unsigned char *)memory);
	close(read_only);
	close(reader);
}

TEST_F(dmabuf, counts_until_its_end)
{
	int observer = test_open(&self->node, O_RDONLY);
	unsigned char *memory = map(_metadata, self->dmabuf, 0);
	long long before = buffers_in_use(observer);

	ASSERT_LE(0, observer);
	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	ASSERT_EQ(0, close(self->fd));
	self->fd = observer;
	EXPECT_EQ(before, buffers_in_use(observer));
	ASSERT_EQ(0, close(self->dmabuf));
	self->dmabuf = -1;
	fill(memory);
	EXPECT_EQ(before, buffers_in_use(observer));
	ASSERT_EQ(0, munmap(memory, SIZE));
	EXPECT_EQ(before - (long long)SIZE, buffers_in_use(observer));
}

TEST_F(dmabuf, outlives_file_and_driver)
{
	unsigned char *memory, *late;
	int status;
	pid_t child;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO"))
		return;
	memory = map(_metadata, self->dmabuf, 0);
	fill(memory);
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	/* Somebody else has it now, and maps it for the first time. */
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		late = map(_metadata, self->dmabuf, 0);
		_exit(check(late) == SIZE ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(SIZE, check(memory));
	EXPECT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, close(self->dmabuf));
	ASSERT_EQ(0, munmap(memory, SIZE));
	self->fd = -1;
	self->dmabuf = -1;
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
}

/* By DRM's virtual GEM, which keeps it, and gives it back as it is. */
TEST_F(dmabuf, is_imported_by_drm)
{
	struct drm_prime_handle prime = { .fd = self->dmabuf };
	struct stat exported, given_back;
	struct drm_gem_close done = {};
	unsigned char *memory;
	void *own;
	int card;

	card = open(CARD, O_RDWR | O_CLOEXEC);
	if (card < 0 && !node_required())
		SKIP(return, "no " CARD);
	ASSERT_LE(0, card)
		TH_LOG(CARD ": %s", strerror(errno));
	ASSERT_EQ(0, fstat(self->dmabuf, &exported));
	ASSERT_EQ(0, buffer_map(self->fd, self->handle, SIZE, &own));
	fill(own);
	ASSERT_EQ(0, sys_ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	EXPECT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, dmabuf_sync(self->dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));

	/* It goes on with it when we are done. */
	ASSERT_EQ(0, munmap(own, SIZE));
	ASSERT_EQ(0, buffer_close(self->fd, self->handle));
	ASSERT_EQ(0, close(self->dmabuf));
	prime.flags = DRM_CLOEXEC | DRM_RDWR;
	ASSERT_EQ(0, sys_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	self->dmabuf = prime.fd;
	ASSERT_EQ(0, fstat(self->dmabuf, &given_back));
	EXPECT_EQ(exported.st_ino, given_back.st_ino);
	memory = map(_metadata, self->dmabuf, 0);
	EXPECT_EQ(SIZE, check(memory));
	done.handle = prime.handle;
	EXPECT_EQ(0, sys_ioctl(card, DRM_IOCTL_GEM_CLOSE, &done));
	EXPECT_EQ(SIZE, check(memory));
	close(card);
}

TEST_HARNESS_MAIN
