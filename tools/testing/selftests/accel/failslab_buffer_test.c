// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of an operation on buffers fails once, as in failslab_test.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "fail_nth.h"
#include "harness.h"

/* No operation makes as many. */
#define TOO_MANY 20000
#define SIZE (5UL << 20)

FIXTURE(failslab_buffer) {
	struct node node;
	int fd;
	__u32 handle;
	long long before;
};

FIXTURE_SETUP(failslab_buffer)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_fail_nth(_metadata))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->handle, NULL));
	self->before = buffers_in_use(self->fd);
}

FIXTURE_TEARDOWN(failslab_buffer)
{
	if (self->fd > 0)
		EXPECT_EQ(self->before, buffers_in_use(self->fd));
	close(self->fd);
}

/* @run does something to @handle and undoes it; it returns zero or an error of the former. */
static void sweep(struct __test_metadata *_metadata, int fd, __u32 handle,
		  int (*run)(int fd, __u32 handle))
{
	long long before = buffers_in_use(fd);
	int ret, failed = 1;
	unsigned int n;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = run(fd, handle);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		/* Nothing half created is left. */
		ASSERT_EQ(before, buffers_in_use(fd))
			TH_LOG("failure %u", n);
	}
	TH_LOG("%u", n - 2);
	EXPECT_LT(2, n);
}

static int create(int fd, __u32 handle)
{
	__u32 new;
	int ret;

	ret = buffer_create(fd, SIZE, &new, NULL);
	if (!ret) {
		ret = buffer_close(fd, new);
		/* An argument may have failed to be read; the buffer is still there. */
		if (ret)
			ret = buffer_close(fd, new) ? -EBADF : ret;
	} else if (ret == -EFAULT) {
		/* Nor may the handle have been written, but it is the next one. */
		buffer_close(fd, handle + 1);
	}
	return ret;
}

TEST_F_TIMEOUT(failslab_buffer, create, 300)
{
	sweep(_metadata, self->fd, self->handle, create);
}

static int map(int fd, __u32 handle)
{
	void *memory;
	int ret;

	ret = buffer_map(fd, handle, SIZE, &memory);
	if (!ret)
		munmap(memory, SIZE);
	return ret;
}

TEST_F_TIMEOUT(failslab_buffer, map, 300)
{
	sweep(_metadata, self->fd, self->handle, map);
}

static int export(int fd, __u32 handle)
{
	struct accel_bo_export arg = {
		.size = sizeof(arg),
		.handle = handle,
		.flags = O_CLOEXEC | O_RDWR,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_EXPORT, &arg);

	if (!ret)
		close(arg.fd);
	return ret;
}

TEST_F_TIMEOUT(failslab_buffer, export, 300)
{
	sweep(_metadata, self->fd, self->handle, export);
}

/* The driver maps it into the kernel. */
static int sum(int fd, __u32 handle)
{
	__u64 result;

	return buffer_sum(fd, handle, 0, 64, &result);
}

TEST_F_TIMEOUT(failslab_buffer, vmap, 300)
{
	sweep(_metadata, self->fd, self->handle, sum);
}

TEST_HARNESS_MAIN
