// SPDX-License-Identifier: GPL-2.0
/*
 * A device on the platform bus: what accel_rng has it fill, for one caller and for
 * many, while the device is reset, and when it goes.
 *
 * Instead of random bytes, the device gives 32-bit numbers that count up; see
 * scripts/selftests.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel/rng.h>

#include "buffer.h"
#include "harness.h"

#define DRIVER "accel_rng"
#define DRIVER_DIR "/sys/bus/platform/drivers/" DRIVER
#define BYTES (256 << 10)
#define THREADS 4
#define LOOPS 20

/* A buffer of a user of the device, mapped. */
struct user {
	int fd;
	__u32 handle;
	__u32 *words;
};

FIXTURE(rng) {
	struct node node;
	struct user user;
};

static int rng_find(struct node *node)
{
	glob_t found;
	int ret;

	memset(node, 0, sizeof(*node));
	if (glob(DRIVER_DIR "/*:*", 0, NULL, &found))
		return -ENOENT;
	ret = realpath(found.gl_pathv[0], node->device_dir) ? 0 : -errno;
	globfree(&found);
	snprintf(node->driver_dir, sizeof(node->driver_dir), "%s", DRIVER_DIR);
	return ret ? ret : node_lookup(node);
}

static int user_open(struct user *user, const struct node *node)
{
	void *memory;
	int ret;

	user->fd = open(node->path, O_RDWR | O_CLOEXEC);
	if (user->fd < 0)
		return -errno;
	ret = buffer_create(user->fd, BYTES, &user->handle, NULL);
	if (ret)
		return ret;
	ret = buffer_map(user->fd, user->handle, BYTES, &memory);
	user->words = memory;
	return ret;
}

static void user_close(struct user *user)
{
	munmap(user->words, BYTES);
	close(user->fd);
}

static int fill(const struct user *user, __u64 offset, __u32 len)
{
	struct accel_rng_fill args = {
		.size = sizeof(args),
		.handle = user->handle,
		.offset = offset,
		.len = len,
		.timeout_ms = TIMEOUT_MS,
	};

	return sys_ioctl(user->fd, ACCEL_RNG_IOC_FILL, &args);
}

/* Returns whether the words of a part count up from the first one. */
static bool counts_up(const __u32 *words, size_t bytes)
{
	size_t i;

	for (i = 1; i < bytes / 4; i++)
		if (words[i] != words[0] + i)
			return false;
	return true;
}

/* Returns how often the device has interrupted, or an error. */
static long count_interrupts(void)
{
	long sum = -ENOENT;
	char line[1024];
	FILE *file;

	file = fopen("/proc/interrupts", "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');

		if (!at || !strstr(line, DRIVER))
			continue;
		sum = 0;
		for (at++;;) {
			char *end;
			long count = strtol(at, &end, 10);

			if (end == at)
				break;
			sum += count;
			at = end;
		}
	}
	fclose(file);
	return sum;
}

FIXTURE_SETUP(rng)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_RNG_KO"))
		return;
	ASSERT_EQ(0, module_load(DRIVER, ""));
	ASSERT_EQ(0, rng_find(&self->node))
		TH_LOG("there is no device that " DRIVER " has taken");
	ASSERT_EQ(0, user_open(&self->user, &self->node));
}

FIXTURE_TEARDOWN(rng)
{
	user_close(&self->user);
	EXPECT_EQ(0, module_unload(DRIVER));
}

TEST_F(rng, fills_a_buffer)
{
	long before = count_interrupts();

	ASSERT_LE(0, before)
		TH_LOG("/proc/interrupts does not have " DRIVER);
	ASSERT_EQ(0, fill(&self->user, 0, BYTES));
	EXPECT_TRUE(counts_up(self->user.words, BYTES));
	EXPECT_LT(before, count_interrupts());
}

TEST_F(rng, fills_no_more_than_a_part)
{
	const size_t first = 5000 / 4, len = 10000 / 4;
	size_t i;

	memset(self->user.words, 0xff, BYTES);
	ASSERT_EQ(0, fill(&self->user, 4 * first, 4 * len));
	EXPECT_TRUE(counts_up(self->user.words + first, 4 * len));
	for (i = 0; i < BYTES / 4; i++)
		if (i < first || i >= first + len)
			ASSERT_EQ(0xffffffff, self->user.words[i])
				TH_LOG("word %zu", i);
}

TEST_F(rng, refuses_what_is_not_there)
{
	struct user other = self->user;

	EXPECT_EQ(-EINVAL, fill(&self->user, 0, 0));
	EXPECT_EQ(-EINVAL, fill(&self->user, BYTES, 4));
	EXPECT_EQ(-EINVAL, fill(&self->user, 4, BYTES));
	EXPECT_EQ(-EINVAL, fill(&self->user, ~0ULL, 4));
	other.handle = 12345;
	EXPECT_EQ(-ENOENT, fill(&other, 0, 4));
}

static void *fill_often(void *argument)
{
	const struct node *node = argument;
	struct user user;
	long ret;
	int i;

	ret = user_open(&user, node);
	if (ret)
		return (void *)ret;
	for (i = 0; !ret && i < LOOPS; i++) {
		ret = fill(&user, 0, 64 << 10);
		if (!ret && !counts_up(user.words, 64 << 10))
			ret = -EILSEQ;
	}
	user_close(&user);
	return (void *)ret;
}

TEST_F(rng, one_part_at_a_time)
{
	pthread_t threads[THREADS];
	void *ret;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, fill_often, &self->node));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &ret));
		EXPECT_EQ(0, (long)ret)
			TH_LOG("thread %d: %s", i, strerror(-(long)ret));
	}
}

/* Fills until the device is gone. Returns zero, or what else has gone wrong. */
static void *fill_on(void *argument)
{
	const struct user *user = argument;
	long ret;

	do {
		ret = fill(user, 0, BYTES);
	} while (!ret || ret == -ECANCELED);
	return (void *)(ret == -ENODEV ? 0 : ret);
}

TEST_F(rng, is_reset_and_goes_while_it_fills)
{
	struct user user;
	pthread_t thread;
	void *ret;
	int i;

	ASSERT_EQ(0, user_open(&user, &self->node));
	ASSERT_EQ(0, pthread_create(&thread, NULL, fill_on, &user));
	for (i = 0; i < 3; i++) {
		sleep_ms(20);
		ASSERT_EQ(0, write_file(self->node.class_dir, "reset", "force"));
	}
	ASSERT_EQ(0, fill(&self->user, 0, BYTES));
	EXPECT_TRUE(counts_up(self->user.words, BYTES));

	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(0, (long)ret)
		TH_LOG("%s", strerror(-(long)ret));
	EXPECT_EQ(-ENODEV, fill(&self->user, 0, 4));
	EXPECT_EQ(-ENOENT, count_interrupts())
		TH_LOG("the interrupt was not freed");
	user_close(&user);

	ASSERT_EQ(0, node_bind(&self->node));
	user_close(&self->user);
	ASSERT_EQ(0, user_open(&self->user, &self->node));
	ASSERT_EQ(0, fill(&self->user, 0, BYTES));
	EXPECT_TRUE(counts_up(self->user.words, BYTES));
}

TEST_HARNESS_MAIN
