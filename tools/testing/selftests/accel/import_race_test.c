// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that import the same dma-buf into the same open file at once: it gets
 * one handle.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "buffer.h"
#include "exporter.h"
#include "harness.h"

#define SIZE 4096
#define ROUNDS 300
#define THREADS 2

FIXTURE(race) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(race)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(race)
{
	close(self->fd);
}

struct import {
	pthread_barrier_t *barrier;
	int fd;
	int dmabuf;
	__u32 handle;
	int ret;
};

static void *import(void *arg)
{
	struct import *import = arg;

	pthread_barrier_wait(import->barrier);
	import->ret = buffer_import(import->fd, import->dmabuf, &import->handle, NULL);
	return NULL;
}

TEST_F_TIMEOUT(race, one_handle, 120)
{
	struct import imports[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t barrier;
	int round, dmabuf, i;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, THREADS));
	for (round = 0; round < ROUNDS; round++) {
		dmabuf = udmabuf_export(SIZE);
		if (dmabuf == -ENOENT && !node_required())
			SKIP(return, "there is no udmabuf");
		ASSERT_LE(0, dmabuf);
		for (i = 0; i < THREADS; i++) {
			imports[i] = (struct import){ &barrier, self->fd, dmabuf, 0, 0 };
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, import, &imports[i]));
		}
		for (i = 0; i < THREADS; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
			ASSERT_EQ(0, imports[i].ret);
			EXPECT_EQ(imports[0].handle, imports[i].handle)
				TH_LOG("round %d", round);
		}
		EXPECT_EQ(0, buffer_close(self->fd, imports[0].handle));
		ASSERT_EQ(-ENOENT, buffer_close(self->fd, imports[1].handle))
			TH_LOG("round %d", round);
		close(dmabuf);
	}
	pthread_barrier_destroy(&barrier);
}

TEST_HARNESS_MAIN
