// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of buffers in the hands of the edu device: what it does to one part is
 * seen there, and changes nothing elsewhere, whatever the DMA API has to do for
 * that. Where all DMA is bounced, this is a test of the pieces that fit there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "exporter.h"
#include "harness.h"

/* More than is bounced in one piece. */
#define SIZE (1024UL << 10)
#define PART 1000
#define COPIES 4
#define ROUNDS 8

/* What the memory is a buffer of; returns a dma-buf, or a negative error. */
static int no_export(size_t size)
{
	(void)size;
	return -1;
}

FIXTURE(range) {
	struct node node;
	__u32 handle;
	int fd;
	int dmabuf;
	unsigned char *memory;
};

FIXTURE_VARIANT(range) {
	int (*export)(size_t size);
};

FIXTURE_VARIANT_ADD(range, own) {
	.export = no_export,
};

FIXTURE_VARIANT_ADD(range, udmabuf) {
	.export = udmabuf_export,
};

FIXTURE_VARIANT_ADD(range, heap) {
	.export = heap_export,
};

FIXTURE_VARIANT_ADD(range, vgem) {
	.export = vgem_export,
};

FIXTURE_SETUP(range)
{
	void *memory;

	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->dmabuf = -1;
	if (variant->export == no_export) {
		ASSERT_EQ(0, buffer_create(self->fd, SIZE, &self->handle, NULL));
		ASSERT_EQ(0, buffer_map(self->fd, self->handle, SIZE, &memory));
	} else {
		self->dmabuf = variant->export(SIZE);
		if (self->dmabuf == -ENOENT && !node_required())
			SKIP(return, "there is no such exporter");
		ASSERT_LE(0, self->dmabuf)
			TH_LOG("%s", strerror(-self->dmabuf));
		memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
		ASSERT_NE(MAP_FAILED, memory);
		ASSERT_EQ(0, buffer_import(self->fd, self->dmabuf, &self->handle, NULL));
	}
	self->memory = memory;
}

FIXTURE_TEARDOWN(range)
{
	munmap(self->memory, SIZE);
	if (self->dmabuf >= 0)
		close(self->dmabuf);
	close(self->fd);
}

struct copy {
	pthread_t thread;
	int fd;
	__u32 source;
	__u32 target;
	__u64 offset;
	int ret;
};

static void *copy_part(void *arg)
{
	struct copy *copy = arg;

	copy->ret = edu_copy(copy->fd, copy->source, 0, copy->target, copy->offset, PART,
			     TIMEOUT_MS);
	return NULL;
}

/*
 * All of them are mapped before the first is done: the device works on one after
 * the other. Two are next to each other, within one page.
 */
TEST_F_TIMEOUT(range, several_at_a_time, 120)
{
	static const __u64 offsets[COPIES] = { 100, 100 + PART, 3 * 4096 - 7, SIZE - PART };
	struct copy copies[COPIES];
	size_t i, expected;
	void *memory;
	int n;

	memset(self->memory, 0xee, SIZE);
	for (n = 0; n < COPIES; n++) {
		copies[n] = (struct copy){ .fd = self->fd, .target = self->handle,
					   .offset = offsets[n] };
		ASSERT_EQ(0, buffer_create(self->fd, 4096, &copies[n].source, NULL));
		ASSERT_EQ(0, buffer_map(self->fd, copies[n].source, 4096, &memory));
		memset(memory, 0x11 * (n + 1), PART);
		munmap(memory, 4096);
	}
	for (n = 0; n < COPIES; n++)
		ASSERT_EQ(0, pthread_create(&copies[n].thread, NULL, copy_part, &copies[n]));
	for (n = 0; n < COPIES; n++)
		ASSERT_EQ(0, pthread_join(copies[n].thread, NULL));
	for (n = 0; n < COPIES; n++)
		EXPECT_EQ(0, copies[n].ret);
	for (i = 0; i < SIZE; i++) {
		expected = 0xee;
		for (n = 0; n < COPIES; n++)
			if (i >= offsets[n] && i < offsets[n] + PART)
				expected = 0x11 * (n + 1);
		ASSERT_EQ(expected, self->memory[i])
			TH_LOG("byte %zu", i);
	}
}

/*
 * Each time, the exporter sets up at the first of several accesses by the
 * processor what all of them use. The leak detector tells if it did so twice.
 */
TEST_F_TIMEOUT(range, first_ones_together, 120)
{
	struct copy copies[COPIES];
	__u32 handle, source;
	int dmabuf, round, n;

	if (self->dmabuf < 0)
		SKIP(return, "it is no memory of others");
	ASSERT_EQ(0, buffer_create(self->fd, 4096, &source, NULL));
	for (round = 0; round < ROUNDS; round++) {
		dmabuf = variant->export(SIZE);
		ASSERT_LE(0, dmabuf)
			TH_LOG("%s", strerror(-dmabuf));
		ASSERT_EQ(0, buffer_import(self->fd, dmabuf, &handle, NULL));
		for (n = 0; n < COPIES; n++) {
			copies[n] = (struct copy){ .fd = self->fd, .source = source,
						   .target = handle, .offset = n * PART };
			ASSERT_EQ(0, pthread_create(&copies[n].thread, NULL, copy_part,
						    &copies[n]));
		}
		for (n = 0; n < COPIES; n++)
			ASSERT_EQ(0, pthread_join(copies[n].thread, NULL));
		for (n = 0; n < COPIES; n++)
			EXPECT_EQ(0, copies[n].ret);
		ASSERT_EQ(0, buffer_close(self->fd, handle));
		close(dmabuf);
	}
}

/* The process goes on working with what the device has not been given. */
TEST_F_TIMEOUT(range, beside_the_processor, 120)
{
	struct copy copy = { .fd = self->fd, .target = self->handle, .offset = 2 * 4096 };
	unsigned char round = 0;
	void *memory;

	ASSERT_EQ(0, buffer_create(self->fd, 4096, &copy.source, NULL));
	ASSERT_EQ(0, buffer_map(self->fd, copy.source, 4096, &memory));
	memset(memory, 0x77, PART);
	memset(self->memory, 0xee, SIZE);
	ASSERT_EQ(0, pthread_create(&copy.thread, NULL, copy_part, &copy));
	do {
		round++;
		self->memory[0] = round;
		self->memory[SIZE - 1] = round;
	} while (pthread_tryjoin_np(copy.thread, NULL));
	EXPECT_EQ(0, copy.ret);
	EXPECT_EQ(round, self->memory[0]);
	EXPECT_EQ(round, self->memory[SIZE - 1]);
	EXPECT_EQ(0x77, self->memory[2 * 4096]);
	EXPECT_EQ(0x77, self->memory[2 * 4096 + PART - 1]);
	EXPECT_EQ(0xee, self->memory[2 * 4096 + PART]);
	munmap(memory, 4096);
}

/* Whatever is contiguous in it, and whatever the device is given of it. */
TEST_F_TIMEOUT(range, of_any_buffer, 120)
{
	__u64 bytes;
	__u32 large, small;
	unsigned char *seen;
	void *memory;

	ASSERT_EQ(0, buffer_create(self->fd, 4096, &small, NULL));
	ASSERT_EQ(0, buffer_map(self->fd, small, 4096, &memory));
	seen = memory;
	for (bytes = 64 << 10; bytes <= 4 << 20; bytes *= 4) {
		ASSERT_EQ(0, buffer_create(self->fd, bytes, &large, NULL));
		memset(seen, 0x42, 4096);
		ASSERT_EQ(0, edu_copy(self->fd, small, 0, large, bytes - 100, 100, TIMEOUT_MS))
			TH_LOG("%llu bytes", (unsigned long long)bytes);
		memset(seen, 0, 4096);
		ASSERT_EQ(0, edu_copy(self->fd, large, bytes - 200, small, 0, 200, TIMEOUT_MS))
			TH_LOG("%llu bytes", (unsigned long long)bytes);
		EXPECT_EQ(0, seen[99]);
		EXPECT_EQ(0x42, seen[100]);
		EXPECT_EQ(0x42, seen[199]);
		ASSERT_EQ(0, buffer_close(self->fd, large));
	}
	memset(self->memory, 0x24, SIZE);
	ASSERT_EQ(0, edu_copy(self->fd, self->handle, SIZE / 2 - 50, small, 0, 100, TIMEOUT_MS));
	EXPECT_EQ(0x24, seen[0]);
	EXPECT_EQ(0x24, seen[99]);
	munmap(seen, 4096);
}

TEST_HARNESS_MAIN
