// SPDX-License-Identifier: GPL-2.0
/*
 * DMA of the edu device whose caller or device goes before it has ended.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"

#define SIZE (64UL << 10)
#define LEN 1000
#define FILLED 0x5a

FIXTURE(dma) {
	struct node edu;
};

FIXTURE_SETUP(dma)
{
	setup_node(_metadata, &self->edu);
}

FIXTURE_TEARDOWN(dma)
{
}

/* What was given up does not show up later, over what has come in its place. */
TEST_F_TIMEOUT(dma, given_up, 120)
{
	__u32 source, target, other;
	unsigned char *seen;
	void *memory;
	int fd, i;

	fd = test_open(&self->edu, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create(fd, SIZE, &source, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &target, NULL));
	ASSERT_EQ(0, buffer_create(fd, SIZE, &other, NULL));
	ASSERT_EQ(0, buffer_map(fd, target, SIZE, &memory));
	seen = memory;
	EXPECT_EQ(-ETIMEDOUT, edu_copy(fd, source, 0, target, 0, LEN, 1));
	sleep_ms(400);
	memset(seen, FILLED, SIZE);
	EXPECT_EQ(0, edu_copy(fd, source, 0, other, 0, LEN, TIMEOUT_MS));
	for (i = 0; i < LEN; i++)
		ASSERT_EQ(FILLED, seen[i])
			TH_LOG("byte %d", i);
	munmap(seen, SIZE);
	close(fd);
}

struct copier {
	int fd;
	/* It has copied, or cannot. */
	atomic_bool begun;
};

/* Returns why it had to end. */
static void *copy_for_ever(void *arg)
{
	struct copier *copier = arg;
	__u32 a, b;
	int ret;

	ret = buffer_create(copier->fd, SIZE, &a, NULL);
	if (!ret)
		ret = buffer_create(copier->fd, SIZE, &b, NULL);
	while (!ret) {
		ret = edu_copy(copier->fd, a, 0, b, 0, 4096, TIMEOUT_MS);
		atomic_store(&copier->begun, true);
	}
	atomic_store(&copier->begun, true);
	return (void *)(long)ret;
}

TEST_F_TIMEOUT(dma, unbound_with_dma_in_flight, 120)
{
	pthread_t thread;
	void *ret;
	int i;

	if (!setup_root(_metadata))
		return;
	for (i = 0; i < 3; i++) {
		struct copier copier = { .fd = test_open(&self->edu, O_RDWR) };

		ASSERT_LE(0, copier.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, copy_for_ever, &copier));
		while (!atomic_load(&copier.begun))
			sleep_ms(1);
		sleep_ms(70 * i);
		ASSERT_EQ(0, node_unbind(&self->edu));
		ASSERT_EQ(0, pthread_join(thread, &ret));
		EXPECT_EQ(-ENODEV, (long)ret);
		close(copier.fd);
		ASSERT_EQ(0, node_bind(&self->edu));
	}
}

TEST_F_TIMEOUT(dma, killed_with_dma_in_flight, 120)
{
	int i, status;
	pid_t child;

	for (i = 0; i < 3; i++) {
		child = fork();
		if (!child) {
			struct copier copier = { .fd = test_open(&self->edu, O_RDWR) };

			copy_for_ever(&copier);
			_exit(1);
		}
		sleep_ms(50 + 70 * i);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status))
			TH_LOG("ended by itself: %#x", status);
	}
}

TEST_HARNESS_MAIN
