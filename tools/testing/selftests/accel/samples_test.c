// SPDX-License-Identifier: GPL-2.0
/*
 * What the samples show.
 *
 * Environment:
 *  ACCEL_EVENTS_KO, ACCEL_RESET_KO	the files of the modules of these names
 */
#include <fcntl.h>
#include <unistd.h>

#include "accel_events.h"
#include "accel_reset.h"

#include "events.h"
#include "harness.h"

static void load_sample(struct __test_metadata *_metadata, const char *name, struct node *node)
{
	memset(node, 0, sizeof(*node));
	snprintf(node->device_dir, sizeof(node->device_dir), "/sys/devices/faux/%s", name);
	ASSERT_EQ(0, module_load(name, ""));
	ASSERT_EQ(0, node_lookup(node));
}

static int count(int fd, __u32 by)
{
	struct accel_events_count args = { .size = sizeof(args), .by = by };
	int ret = sys_ioctl(fd, ACCEL_EVENTS_IOC_COUNT, &args);

	return ret ? ret : (int)args.now;
}

TEST(events)
{
	struct accel_event event;
	int user, observer;
	struct node node;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_EVENTS_KO"))
		return;
	load_sample(_metadata, "accel_events", &node);
	user = test_open(&node, O_RDWR);
	ASSERT_LE(0, user);
	observer = test_open(&node, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, observer);
	ASSERT_EQ(0, events_subscribe(observer, ACCEL_EVENT_CLASS_DRIVER, -1));
	EXPECT_EQ(9, count(user, 9));
	EXPECT_EQ(-EAGAIN, events_read(observer, &event, 1));
	EXPECT_EQ(12, count(user, 3));
	ASSERT_EQ(1, events_read(observer, &event, 1));
	EXPECT_EQ(ACCEL_EVENTS_TEN, event.kind);
	EXPECT_EQ(12, event.data[0]);
	EXPECT_EQ(-EINVAL, count(user, ~0U));

	/* Once the driver is gone, that is the last thing to be read. */
	ASSERT_EQ(0, events_subscribe(observer, ALL_CLASSES, -1));
	ASSERT_EQ(0, module_unload("accel_events"));
	ASSERT_EQ(1, events_read(observer, &event, 1));
	EXPECT_EQ(ACCEL_EVENT_STATE, event.kind);
	EXPECT_EQ(ACCEL_STATE_GONE, event.data[0]);
	EXPECT_EQ(-ENODEV, events_read(observer, &event, 1));
	close(observer);
	close(user);
}

static int twice(int fd, __u32 value)
{
	struct accel_reset_twice args = { .size = sizeof(args), .value = value };
	int ret = sys_ioctl(fd, ACCEL_RESET_IOC_TWICE, &args);

	return ret ? ret : (int)args.result;
}

TEST(reset)
{
	struct accel_info_status status;
	struct node node;
	int fd, i;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_RESET_KO"))
		return;
	load_sample(_metadata, "accel_reset", &node);
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(24, twice(fd, 12));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ECANCELED, twice(fd, 13));
		EXPECT_EQ(28, twice(fd, 14));
	}
	/* That is as often as the driver allows. */
	EXPECT_EQ(-EIO, twice(fd, 13));
	EXPECT_EQ(-EIO, twice(fd, 14));
	read_status(_metadata, fd, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(ACCEL_ERROR_RESET_STORM, status.last_error);
	EXPECT_EQ(3, status.resets);
	EXPECT_EQ(5, status.errors);

	ASSERT_EQ(0, admin_reset(&node, "force"));
	EXPECT_EQ(28, twice(fd, 14));
	close(fd);
	ASSERT_EQ(0, module_unload("accel_reset"));
}

TEST_HARNESS_MAIN
