// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs that are closed while the buffers are moved, or the device goes: what
 * is taken out of the mappings of processes is the buffer's, whoever has the
 * struct file that the dma-buf had.
 *
 * ACCEL_EXPORT_RACES: how many dma-bufs the race takes, if not the few that a
 * normal run has.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "harness.h"
#include "movable.h"

#define SIZE 4096
/* A few slabs of struct file. */
#define FILES 300
#define ROUNDS 3
/* Unless ACCEL_EXPORT_RACES says otherwise. */
#define RACES 1500
/* How often the device goes meanwhile. */
#define LIVES 5
/* Pages of the file that belongs to somebody else. */
#define PAGES 4
#define MARK 'P'

FIXTURE(export_race) {
	struct node node;
	char path[32];
	unsigned char *private;
};

FIXTURE_SETUP(export_race)
{
	int file;

	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	/* What was written to private pages is lost with them. */
	snprintf(self->path, sizeof(self->path), "/tmp/export_race.XXXXXX");
	file = mkstemp(self->path);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, PAGES * SIZE));
	self->private = mmap(NULL, PAGES * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	ASSERT_NE(MAP_FAILED, self->private);
	memset(self->private, MARK, PAGES * SIZE);
	close(file);
}

FIXTURE_TEARDOWN_PARENT(export_race)
{
	if (self->path[0])
		unlink(self->path);
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

/* Opens the node, with room for one of two buffers in the memory of the device. */
static int open_with_buffers(const struct node *node, __u32 handles[2])
{
	struct accel_test_pci_placement arg = {
		.size = sizeof(arg),
		.alignment = SIZE,
		.end = SIZE,
	};
	int fd, ret;

	fd = test_open(node, O_RDWR);
	if (fd < 0)
		return fd;
	ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_WISH, &arg);
	for (int i = 0; i < 2 && !ret; i++)
		ret = movable_create(fd, SIZE, &handles[i]);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Opens what keeps a dma-buf when its file is closed. */
static int open_path(int dmabuf)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dmabuf);
	return open(path, O_PATH | O_CLOEXEC);
}

/* The files that are opened next get what was freed last. */
TEST_F_TIMEOUT(export_race, recycled_file, 120)
{
	struct accel_bo_info info = { .size = sizeof(info) };
	int files[FILES], fd, dmabuf, path, round, i;
	__u32 handles[2];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	fd = open_with_buffers(&self->node, handles);
	ASSERT_LE(0, fd);
	for (round = 0; round < ROUNDS; round++) {
		__u32 here = handles[!(round % 2)], other = handles[round % 2];

		ASSERT_EQ(MOVABLE_REGION, movable_region(fd, here));
		ASSERT_EQ(0, buffer_export(fd, here, O_RDONLY, &dmabuf));
		path = open_path(dmabuf);
		ASSERT_LE(0, path);
		close(dmabuf);
		for (i = 0; i < FILES; i++) {
			files[i] = open(self->path, O_RDONLY | O_CLOEXEC);
			ASSERT_LE(0, files[i]);
		}
		/* Out of the memory of the device, with all mappings. */
		ASSERT_EQ(MOVABLE_REGION, movable_place(fd, other));
		EXPECT_TRUE(movable_is_all(self->private, MARK, PAGES * SIZE))
			TH_LOG("round %d: what was written to another file's mapping is lost",
			       round);
		memset(self->private, MARK, PAGES * SIZE);
		for (i = 0; i < FILES; i++)
			close(files[i]);
		close(path);
	}
	info.handle = handles[0];
	EXPECT_EQ(0, sys_ioctl(fd, ACCEL_IOC_BO_INFO, &info));
	close(fd);
}

/**
 * struct race - what the threads of a race share
 * @fd: the node
 * @path: of the file that belongs to somebody else
 * @handles: two buffers, one of which is in the memory of the device
 * @left: how many dma-bufs there are still to be
 * @ended: none comes any more
 * @stop: the race is over
 */
struct race {
	int fd;
	const char *path;
	__u32 handles[2];
	atomic_int *left;
	atomic_bool ended;
	atomic_bool stop;
};

/* Exports, and closes what it has in one order or the other, until the device goes. */
static void *export_and_close(void *arg)
{
	struct race *race = arg;
	long ret = 0, n;

	for (n = 0; !ret && atomic_fetch_sub(race->left, 1) > 0; n++) {
		int dmabuf, path = -1;

		ret = buffer_export(race->fd, race->handles[n % 2], O_RDONLY, &dmabuf);
		if (ret)
			break;
		if (n % 4)
			path = open_path(dmabuf);
		close(dmabuf);
		if (n % 8 == 1)
			sched_yield();
		if (path >= 0)
			close(path);
	}
	atomic_store(&race->ended, true);
	return (void *)ret;
}

/* Moves one buffer out by moving the other in, until the device goes. */
static void *evict(void *arg)
{
	struct race *race = arg;
	long ret = 0;

	for (int n = 0; ret >= 0 && !atomic_load(&race->stop); n++) {
		ret = movable_place(race->fd, race->handles[n % 2]);
		/* Somebody just looks at the one that is in the way. */
		if (ret == -ENOSPC || ret == -EBUSY)
			ret = 0;
	}
	return (void *)(ret < 0 ? ret : 0);
}

/* Gets the struct files that were freed. */
static void *recycle(void *arg)
{
	struct race *race = arg;
	int files[8];

	while (!atomic_load(&race->stop)) {
		for (int i = 0; i < 8; i++)
			files[i] = open(race->path, O_RDONLY | O_CLOEXEC);
		for (int i = 0; i < 8; i++)
			close(files[i]);
	}
	return NULL;
}

static void *(*const runners[])(void *) = { export_and_close, evict, recycle };

TEST_F_TIMEOUT(export_race, with_eviction_and_unplug, 100000)
{
	const int count = ARRAY_SIZE(runners);
	const char *wish = getenv("ACCEL_EXPORT_RACES");
	int races = wish ? atoi(wish) : RACES, i, life;
	struct race race = { .path = self->path };
	pthread_t threads[count];
	atomic_int left;
	void *result;

	for (life = 0; life < LIVES; life++) {
		atomic_init(&left, races / LIVES);
		race.left = &left;
		atomic_store(&race.ended, false);
		atomic_store(&race.stop, false);
		race.fd = open_with_buffers(&self->node, race.handles);
		ASSERT_LE(0, race.fd);
		for (i = 0; i < count; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, runners[i], &race));
		/* The last few meet a device that goes. */
		while (!atomic_load(&race.ended) && atomic_load(&left) > races / LIVES / 8)
			sleep_ms(1);
		ASSERT_EQ(0, node_unbind(&self->node));
		atomic_store(&race.stop, true);
		for (i = 0; i < count; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], &result));
			EXPECT_TRUE(!result || (long)result == -ENODEV || (long)result == -EAGAIN)
				TH_LOG("thread %d: %ld", i, (long)result);
		}
		close(race.fd);
		ASSERT_EQ(0, node_bind(&self->node));
		ASSERT_TRUE(movable_is_all(self->private, MARK, PAGES * SIZE))
			TH_LOG("life %d: what was written to another file's mapping is lost",
			       life);
	}
}

TEST_HARNESS_MAIN
