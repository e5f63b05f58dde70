// SPDX-License-Identifier: GPL-2.0
/*
 * Until a device is gone, its state is one that it had; that it is gone is said by an
 * error, and never by the state.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "harness.h"

#define LOOKING_MS 1000
#define NS_PER_MS 1000000ULL

FIXTURE(state) {
	struct node node;
};

FIXTURE_SETUP(state)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&self->node));
}

FIXTURE_TEARDOWN_PARENT(state)
{
	if (self->node.path[0])
		test_device_remove();
}

/**
 * struct looker - somebody who looks at the state of a device until it is gone
 * @thread: the one that does
 * @fd: the file of an attribute, or a node
 * @look: looks once; returns whether the device runs, or an error number
 * @seen: what was seen last
 * @looks: how often it has looked
 * @ret: what the last look returned
 */
struct looker {
	pthread_t thread;
	int fd;
	int (*look)(struct looker *looker);
	char seen[16];
	unsigned long looks;
	int ret;
};

static int look_at_attribute(struct looker *looker)
{
	ssize_t len = pread(looker->fd, looker->seen, sizeof(looker->seen) - 1, 0);

	if (len < 0)
		return -errno;
	looker->seen[len] = '\0';
	return !strcmp(looker->seen, "running\n");
}

static int look_at_topic(struct looker *looker)
{
	struct accel_info_status status;
	int ret = info_read(looker->fd, ACCEL_INFO_STATUS, &status, sizeof(status), 1);

	if (ret < 0)
		return ret;
	snprintf(looker->seen, sizeof(looker->seen), "%u", status.state);
	return status.state == ACCEL_STATE_RUNNING;
}

static void *look_until_gone(void *data)
{
	struct looker *looker = data;

	do {
		looker->ret = looker->look(looker);
		looker->looks++;
	} while (looker->ret == 1);
	return NULL;
}

static void start_looking(struct __test_metadata *_metadata, struct looker *looker,
			  const char *path, int (*look)(struct looker *looker))
{
	looker->fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, looker->fd)
		TH_LOG("%s: %s", path, strerror(errno));
	looker->look = look;
	looker->looks = 0;
	ASSERT_EQ(0, pthread_create(&looker->thread, NULL, look_until_gone, looker));
}

static void expect_gone(struct __test_metadata *_metadata, struct looker *looker)
{
	ASSERT_EQ(0, pthread_join(looker->thread, NULL));
	EXPECT_EQ(-ENODEV, looker->ret)
		TH_LOG("look %lu: %s", looker->looks, looker->seen);
	close(looker->fd);
}

TEST_F(state, until_gone)
{
	__u64 deadline = now_ns() + LOOKING_MS * NS_PER_MS;
	struct looker attributes[2], topics[2];
	char path[256];
	int i, n;

	for (n = 0; now_ns() < deadline; n++) {
		snprintf(path, sizeof(path), "%s/state", self->node.class_dir);
		for (i = 0; i < 2; i++) {
			start_looking(_metadata, &attributes[i], path, look_at_attribute);
			start_looking(_metadata, &topics[i], self->node.path, look_at_topic);
		}
		usleep(1000);
		ASSERT_EQ(0, node_unbind(&self->node));
		for (i = 0; i < 2; i++) {
			expect_gone(_metadata, &attributes[i]);
			expect_gone(_metadata, &topics[i]);
		}
		ASSERT_EQ(0, node_bind(&self->node));
	}
	TH_LOG("%d cycles", n);
}

TEST_HARNESS_MAIN
