// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation for memory that is not a buffer's own, and for events, fails
 * once, as in failslab_test.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "events.h"
#include "exporter.h"
#include "fail_nth.h"
#include "harness.h"

/* No operation makes as many. */
#define TOO_MANY 2000
#define SIZE (64UL << 10)
/* The region of coherent memory. */
#define COHERENT 2

FIXTURE(failslab_share) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(failslab_share)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_fail_nth(_metadata))
		return;
	/* It opens a file of its own. */
	ASSERT_EQ(0, fail_nth_arm(TOO_MANY));
	ASSERT_EQ(0, fail_nth_disarm());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(failslab_share)
{
	close(self->fd);
}

/* What makes a buffer of memory that is there. */
struct source {
	int dmabuf;
	void *memory;
};

/*
 * Runs @make again and again. A buffer that was made has the handle that comes
 * first, even if that could not be written; if none was, the handle is free.
 */
static void sweep(struct __test_metadata *_metadata, int fd, const struct source *source,
		  int (*make)(int fd, const struct source *source, __u32 *handle))
{
	__u32 handle, first, probe;
	int ret, failed = 1;
	unsigned int n;

	ASSERT_EQ(0, buffer_create(fd, 4096, &first, NULL));
	ASSERT_EQ(0, buffer_close(fd, first));
	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = make(fd, source, &handle);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		if (!ret) {
			EXPECT_EQ(first, handle);
			EXPECT_EQ(0, buffer_close(fd, handle));
		} else if (ret == -EFAULT) {
			buffer_close(fd, first);
		}
		ASSERT_EQ(0, buffer_create(fd, 4096, &probe, NULL));
		ASSERT_EQ(first, probe)
			TH_LOG("failure %u", n);
		ASSERT_EQ(0, buffer_close(fd, probe));
		ASSERT_EQ(0, buffers_in_use(fd));
	}
	TH_LOG("%u", n - 2);
	EXPECT_LT(4, n);
}

static int import(int fd, const struct source *source, __u32 *handle)
{
	return buffer_import(fd, source->dmabuf, handle, NULL);
}

/* By a device that has DMA; of the dma-buf of another one, of which nobody else knows. */
TEST_F_TIMEOUT(failslab_share, import, 300)
{
	struct source source;
	struct node edu;
	__u32 handle;
	int fd;

	if (!setup_node(_metadata, &edu))
		return;
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create(self->fd, SIZE, &handle, NULL));
	ASSERT_EQ(0, buffer_export(self->fd, handle, O_RDWR | O_CLOEXEC, &source.dmabuf));
	ASSERT_EQ(0, buffer_close(self->fd, handle));
	sweep(_metadata, fd, &source, import);
	EXPECT_EQ(SIZE, buffers_in_use(self->fd));
	close(source.dmabuf);
	/* No importer has it any more. */
	EXPECT_EQ(0, buffers_in_use(self->fd));
	close(fd);
}

TEST_F_TIMEOUT(failslab_share, import_of_another_driver, 300)
{
	struct source source;
	struct node edu;
	int fd;

	if (!setup_node(_metadata, &edu))
		return;
	fd = test_open(&edu, O_RDWR);
	ASSERT_LE(0, fd);
	source.dmabuf = udmabuf_export(SIZE);
	if (source.dmabuf == -ENOENT && !node_required())
		SKIP(return, "there is no such exporter");
	ASSERT_LE(0, source.dmabuf);
	sweep(_metadata, fd, &source, import);
	close(source.dmabuf);
	close(fd);
}

/* How many pages of the process are pinned, in kB. */
static long pinned_kb(void)
{
	long kb = -ENODATA;
	char line[128];
	FILE *file;

	file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmPin: %ld", &kb);
	if (file)
		fclose(file);
	return kb;
}

static int user_memory(int fd, const struct source *source, __u32 *handle)
{
	return buffer_of_user(fd, source->memory, SIZE, handle);
}

TEST_F_TIMEOUT(failslab_share, user_memory, 300)
{
	struct source source;
	long before;

	source.memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
	ASSERT_NE(MAP_FAILED, source.memory);
	memset(source.memory, 1, SIZE);
	before = pinned_kb();
	ASSERT_LE(0, before);
	sweep(_metadata, self->fd, &source, user_memory);
	EXPECT_EQ(before, pinned_kb());
	munmap(source.memory, SIZE);
}

/* The lowest descriptor that is free. */
static int free_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

static int coherent(int fd, const struct source *source, __u32 *handle)
{
	int before = free_descriptor();
	int ret = buffer_create_in(fd, COHERENT, SIZE, handle);
	struct accel_bo_export arg = {
		.size = sizeof(arg),
		.handle = *handle,
		.flags = O_CLOEXEC | O_RDWR,
	};

	(void)source;
	if (ret)
		return ret;
	ret = sys_ioctl(fd, ACCEL_IOC_BO_EXPORT, &arg);
	/* If it could not be written, its number is still the next one. */
	if (!ret || free_descriptor() != before)
		close(before);
	if (ret && buffer_close(fd, *handle))
		ret = -EBADF;
	return ret;
}

TEST_F_TIMEOUT(failslab_share, coherent, 300)
{
	struct node node;
	int fd;

	if (!setup_pci_node(_metadata, &node))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_in_use(fd, COHERENT));
	sweep(_metadata, fd, NULL, coherent);
	EXPECT_EQ(0, region_in_use(fd, COHERENT));
	close(fd);
}

TEST_F_TIMEOUT(failslab_share, events, 300)
{
	int fd, eventfd_fd, ret, failed = 1;
	struct accel_event event;
	unsigned int n;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		fd = test_open(&self->node, O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, fd);
		eventfd_fd = eventfd(0, EFD_NONBLOCK);
		ASSERT_LE(0, eventfd_fd);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = events_subscribe(fd, ALL_CLASSES, eventfd_fd);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(!ret || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		/* Who has not subscribed gets nothing, and can try again. */
		if (ret) {
			__u64 count;

			ASSERT_EQ(0, test_call(self->fd, ACCEL_TEST_IOC_SEND, 0, 1, NULL));
			EXPECT_EQ(-EINVAL, events_read(fd, &event, 1));
			EXPECT_EQ(-1, read(eventfd_fd, &count, sizeof(count)));
			EXPECT_EQ(0, events_subscribe(fd, ALL_CLASSES, eventfd_fd));
		}
		ASSERT_EQ(0, test_call(self->fd, ACCEL_TEST_IOC_SEND, 0, 1, NULL));
		EXPECT_EQ(ACCEL_EVENT_DRIVER_BASE, events_next(fd, &event));
		close(eventfd_fd);
		close(fd);
	}
	TH_LOG("%u", n - 2);
	EXPECT_LT(2, n);
}

TEST_HARNESS_MAIN
