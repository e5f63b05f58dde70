// SPDX-License-Identifier: GPL-2.0
/*
 * The topics that a driver fills, and what the core counts for it, on the
 * device "shared" of the test driver, which says a known thing in each.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <accel_test.h>

#include "harness.h"

#define WORK_MS 50
#define WORKERS 4
#define SQUARES 1000
#define NS_PER_MS 1000000ULL

FIXTURE(topics) {
	struct node node;
	int observer;
	int user;
};

FIXTURE_SETUP(topics)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->observer = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->observer);
	self->user = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->user);
}

FIXTURE_TEARDOWN(topics)
{
	close(self->observer);
	close(self->user);
}

TEST_F(topics, firmware)
{
	struct accel_info_firmware firmware[3];

	ASSERT_EQ(2, info_read(self->observer, ACCEL_INFO_FIRMWARE, firmware,
			       sizeof(*firmware), ARRAY_SIZE(firmware)));
	EXPECT_STREQ("loader", firmware[0].name);
	EXPECT_STREQ("1.0", firmware[0].version);
	EXPECT_STREQ("kernel", firmware[1].name);
	EXPECT_STREQ("2.0-rc1", firmware[1].version);
}

TEST_F(topics, engines)
{
	struct accel_info_engine engines[3];
	struct node other;
	int fd;

	ASSERT_EQ(2, info_read(self->observer, ACCEL_INFO_ENGINES, engines,
			       sizeof(*engines), ARRAY_SIZE(engines)));
	EXPECT_STREQ("adder", engines[0].name);
	EXPECT_EQ(ACCEL_ENGINE_COMPUTE, engines[0].engine_class);
	EXPECT_EQ(4, engines[0].count);
	EXPECT_STREQ("mover", engines[1].name);
	EXPECT_EQ(ACCEL_ENGINE_COPY, engines[1].engine_class);
	EXPECT_EQ(1, engines[1].count);

	/* This one has only the first of them. */
	ASSERT_EQ(0, test_node_find(&other, "exclusive"));
	fd = test_open(&other, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, info_read(fd, ACCEL_INFO_ENGINES, engines, sizeof(*engines),
			       ARRAY_SIZE(engines)));
	EXPECT_STREQ("adder", engines[0].name);
	close(fd);
}

TEST_F(topics, clocks)
{
	struct accel_info_clock clocks[2];

	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_CLOCKS, clocks,
			       sizeof(*clocks), ARRAY_SIZE(clocks)));
	EXPECT_STREQ("core", clocks[0].name);
	EXPECT_EQ(800000000ULL, clocks[0].current_hz);
	EXPECT_EQ(5000000000ULL, clocks[0].max_hz);
}

TEST_F(topics, sensors)
{
	struct accel_info_sensor sensors[6];

	ASSERT_EQ(5, info_read(self->observer, ACCEL_INFO_SENSORS, sensors,
			       sizeof(*sensors), ARRAY_SIZE(sensors)));
	EXPECT_STREQ("board", sensors[0].name);
	EXPECT_EQ(ACCEL_QUANTITY_POWER, sensors[0].quantity);
	EXPECT_EQ(12500000, sensors[0].value);
	EXPECT_EQ(0, sensors[0].flags);
	EXPECT_EQ(0, sensors[0].max);
	EXPECT_EQ(0, sensors[0].critical);
	EXPECT_STREQ("die", sensors[1].name);
	EXPECT_EQ(ACCEL_QUANTITY_TEMPERATURE, sensors[1].quantity);
	EXPECT_EQ(-4250, sensors[1].value);
	EXPECT_EQ(ACCEL_SENSOR_MAX | ACCEL_SENSOR_CRITICAL, sensors[1].flags);
	EXPECT_EQ(95000, sensors[1].max);
	EXPECT_EQ(105000, sensors[1].critical);
	EXPECT_EQ(ACCEL_QUANTITY_VOLTAGE, sensors[2].quantity);
	EXPECT_EQ(850, sensors[2].value);
	EXPECT_EQ(ACCEL_SENSOR_MAX, sensors[2].flags);
	EXPECT_EQ(900, sensors[2].max);
	EXPECT_EQ(ACCEL_QUANTITY_CURRENT, sensors[3].quantity);
	EXPECT_EQ(1500, sensors[3].value);
	EXPECT_EQ(ACCEL_QUANTITY_FAN, sensors[4].quantity);
	EXPECT_EQ(2400, sensors[4].value);
}

TEST_F(topics, of_the_driver)
{
	struct accel_test_record *squares;
	__u32 i;

	squares = calloc(SQUARES + 1, sizeof(*squares));
	ASSERT_NE(NULL, squares);
	EXPECT_EQ(SQUARES, info_read(self->observer, ACCEL_TEST_INFO_SQUARES, squares,
				     sizeof(*squares), SQUARES + 1));
	for (i = 0; i < SQUARES; i++) {
		EXPECT_EQ(i, squares[i].number)
			break;
		EXPECT_EQ(i * i, squares[i].square)
			break;
	}
	EXPECT_EQ(-EINVAL, info_read(self->observer, ACCEL_TEST_INFO_SQUARES + 1, squares,
				     sizeof(*squares), 1));
	free(squares);
}

static int usage(int fd, struct accel_info_usage *usage)
{
	return info_read(fd, ACCEL_INFO_USAGE, usage, sizeof(*usage), 1);
}

static void *work(void *data)
{
	struct accel_test_words words = { .size = sizeof(words), .a = WORK_MS };
	int fd = *(int *)data;

	return sys_ioctl(fd, ACCEL_TEST_IOC_WORK, &words) ? data : NULL;
}

TEST_F(topics, usage_counts_work)
{
	struct accel_info_usage before, during, after;
	pthread_t workers[WORKERS];
	void *failed;
	int i;

	ASSERT_EQ(1, usage(self->observer, &before));
	EXPECT_EQ(before.submitted, before.completed);
	for (i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, pthread_create(&workers[i], NULL, work, &self->user));
	ASSERT_EQ(1, usage(self->observer, &during));
	EXPECT_LE(during.completed, during.submitted);
	EXPECT_LE(before.busy_ns, during.busy_ns);
	for (i = 0; i < WORKERS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i], &failed));
		EXPECT_EQ(NULL, failed);
	}

	ASSERT_EQ(1, usage(self->observer, &after));
	EXPECT_EQ(before.submitted + WORKERS, after.submitted);
	EXPECT_EQ(before.completed + WORKERS, after.completed);
	/* All of them at once: each counts by itself. */
	EXPECT_LE(before.busy_ns + WORKERS * WORK_MS * NS_PER_MS, after.busy_ns);
}

TEST_HARNESS_MAIN
