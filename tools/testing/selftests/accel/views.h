/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A buffer that goes with its device, and that processes have mapped both by the
 * node and as a dma-buf.
 */
#ifndef _ACCEL_SELFTEST_VIEWS_H
#define _ACCEL_SELFTEST_VIEWS_H

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"
#include "sigbus.h"

/**
 * struct views - a buffer as it is mapped
 * @mapped: by the node
 * @exported: as a dma-buf
 * @size: how many bytes each has
 * @dmabuf: that dma-buf
 * @child: a process that waits until it has lost both
 */
struct views {
	unsigned char *mapped;
	unsigned char *exported;
	size_t size;
	int dmabuf;
	pid_t child;
};

static inline void views_create(struct __test_metadata *_metadata, struct views *views, int fd,
				__u32 region, size_t size)
{
	unsigned char value;
	void *memory;
	__u32 handle;

	views->size = size;
	ASSERT_EQ(0, buffer_create_in(fd, region, size, &handle));
	ASSERT_EQ(0, buffer_map(fd, handle, size, &memory));
	views->mapped = memory;
	ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &views->dmabuf));
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, views->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, memory);
	views->exported = memory;
	views->mapped[1] = 1;
	EXPECT_EQ(1, views->exported[1]);

	views->child = fork();
	ASSERT_LE(0, views->child);
	if (!views->child) {
		/* All of it was there, and all of it goes. */
		while (!load_byte(views->mapped, &value) || !load_byte(views->exported, &value))
			sleep_ms(1);
		_exit(load_byte(views->mapped + size - 1, &value) != -EFAULT ||
		      load_byte(views->exported + size - 1, &value) != -EFAULT);
	}
}

/* The memory is not there any more, nor is other memory in its place. */
static inline void views_expect_empty(struct __test_metadata *_metadata, const struct views *views)
{
	unsigned char value;

	EXPECT_EQ(-EFAULT, load_byte(views->mapped + 1, &value));
	EXPECT_EQ(-EFAULT, load_byte(views->exported + 1, &value));
}

/* To be called when the device has gone. */
static inline void views_expect_lost(struct __test_metadata *_metadata, const struct views *views)
{
	int status;

	ASSERT_EQ(views->child, waitpid(views->child, &status, 0));
	EXPECT_EQ(0, status);
	views_expect_empty(_metadata, views);
}

#endif /* _ACCEL_SELFTEST_VIEWS_H */
