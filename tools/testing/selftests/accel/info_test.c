// SPDX-License-Identifier: GPL-2.0
/*
 * ACCEL_IOC_INFO: what each topic says.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "harness.h"

#define MAX_RECORDS 64

FIXTURE(info) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(info)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(info)
{
	close(self->fd);
}

/* A string ends within its array, and is not followed by what was there before. */
static void check_string(struct __test_metadata *_metadata, const char *name,
			 const char *string, size_t size)
{
	size_t len = strnlen(string, size);

	ASSERT_GT(size, len)
		TH_LOG("%s is not terminated", name);
	EXPECT_LT(0, len)
		TH_LOG("%s is empty", name);
	for (; len < size; len++) {
		EXPECT_EQ(0, string[len])
			TH_LOG("%s has something behind its end", name);
	}
}

static void check_number(struct __test_metadata *_metadata, const struct node *node,
			 const char *name, long seen)
{
	long expected;

	ASSERT_EQ(0, read_number(node->device_dir, name, &expected))
		TH_LOG("%s/%s", node->device_dir, name);
	EXPECT_EQ(expected, seen)
		TH_LOG("%s", name);
}

TEST_F(info, list)
{
	static const struct {
		__u32 topic, record_size, count;
	} expected[] = {
		{ ACCEL_INFO_LIST, sizeof(struct accel_info_topic), 12 },
		{ ACCEL_INFO_DEVICE, sizeof(struct accel_info_device), 1 },
		{ ACCEL_INFO_DRIVER, sizeof(struct accel_info_driver), 1 },
		{ ACCEL_INFO_FIRMWARE, sizeof(struct accel_info_firmware), 0 },
		{ ACCEL_INFO_ENGINES, sizeof(struct accel_info_engine), 2 },
		{ ACCEL_INFO_MEMORY, sizeof(struct accel_info_memory), 2 },
		{ ACCEL_INFO_CLOCKS, sizeof(struct accel_info_clock), 0 },
		{ ACCEL_INFO_USAGE, sizeof(struct accel_info_usage), 1 },
		{ ACCEL_INFO_STATUS, sizeof(struct accel_info_status), 1 },
		{ ACCEL_INFO_SENSORS, sizeof(struct accel_info_sensor), 0 },
		{ ACCEL_INFO_CLIENTS, sizeof(struct accel_info_client), 1 },
		{ ACCEL_INFO_UAPI, sizeof(struct accel_info_ioctl), 24 },
	};
	struct accel_info_topic topics[MAX_RECORDS];
	size_t i;
	int count, j, found;

	count = info_read(self->fd, ACCEL_INFO_LIST, topics, sizeof(topics[0]), MAX_RECORDS);
	EXPECT_EQ((int)ARRAY_SIZE(expected), count);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		found = 0;
		for (j = 0; j < count; j++) {
			if (topics[j].topic != expected[i].topic)
				continue;
			found++;
			EXPECT_EQ(expected[i].record_size, topics[j].record_size)
				TH_LOG("topic %u", topics[j].topic);
			EXPECT_EQ(expected[i].count, topics[j].count)
				TH_LOG("topic %u", topics[j].topic);
			EXPECT_EQ(0, topics[j].reserved);
		}
		EXPECT_EQ(1, found)
			TH_LOG("topic %u", expected[i].topic);
	}
}

TEST_F(info, list_agrees_with_topics)
{
	struct accel_info_topic topics[MAX_RECORDS];
	int count, i;

	count = info_read(self->fd, ACCEL_INFO_LIST, topics, sizeof(topics[0]), MAX_RECORDS);
	ASSERT_LT(0, count);
	for (i = 0; i < count; i++) {
		struct accel_info info = { .size = sizeof(info), .topic = topics[i].topic };

		EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_INFO, &info));
		EXPECT_EQ(topics[i].record_size, info.record_size);
		EXPECT_EQ((__u64)topics[i].record_size * topics[i].count, info.data_len);
		EXPECT_EQ(0, info.count);
	}
}

TEST_F(info, unlisted_topics)
{
	static const __u32 far[] = { 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0xffffffff };
	struct accel_info_topic topics[MAX_RECORDS];
	int count, i;
	__u32 topic;

	count = info_read(self->fd, ACCEL_INFO_LIST, topics, sizeof(topics[0]), MAX_RECORDS);
	ASSERT_LT(0, count);
	for (topic = 0; topic < 64 + ARRAY_SIZE(far); topic++) {
		struct accel_info info = {
			.size = sizeof(info),
			.topic = topic < 64 ? topic : far[topic - 64],
		};
		bool listed = false;

		for (i = 0; i < count; i++)
			listed |= topics[i].topic == info.topic;
		EXPECT_EQ(listed ? 0 : -EINVAL, sys_ioctl(self->fd, ACCEL_IOC_INFO, &info))
			TH_LOG("topic %u", info.topic);
	}
}

TEST_F(info, device)
{
	struct accel_info_device device;
	char bus[64];
	long numa_node = -1;

	ASSERT_EQ(1, info_read(self->fd, ACCEL_INFO_DEVICE, &device, sizeof(device), 1));
	EXPECT_EQ(self->node.minor, device.minor);
	EXPECT_EQ(EDU_VENDOR, device.vendor);
	EXPECT_EQ(EDU_DEVICE, device.device);
	check_number(_metadata, &self->node, "vendor", device.vendor);
	check_number(_metadata, &self->node, "device", device.device);
	check_number(_metadata, &self->node, "subsystem_vendor", device.subsystem_vendor);
	check_number(_metadata, &self->node, "subsystem_device", device.subsystem_device);
	check_number(_metadata, &self->node, "revision", device.revision);
	/* A kernel without NUMA has no such file. */
	read_number(self->node.device_dir, "numa_node", &numa_node);
	EXPECT_EQ(numa_node, device.numa_node);
	EXPECT_EQ(0, device.reserved);

	check_string(_metadata, "bus", device.bus, sizeof(device.bus));
	check_string(_metadata, "address", device.address, sizeof(device.address));
	ASSERT_EQ(0, link_name(self->node.device_dir, "subsystem", bus, sizeof(bus)));
	EXPECT_STREQ("pci", bus);
	EXPECT_STREQ(bus, device.bus);
	EXPECT_STREQ(node_address(&self->node), device.address);
}

TEST_F(info, driver)
{
	struct accel_info_driver driver;

	ASSERT_EQ(1, info_read(self->fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1));
	check_string(_metadata, "name", driver.name, sizeof(driver.name));
	check_string(_metadata, "version", driver.version, sizeof(driver.version));
	check_string(_metadata, "user_space_url", driver.user_space_url,
		     sizeof(driver.user_space_url));
	check_string(_metadata, "user_space_license", driver.user_space_license,
		     sizeof(driver.user_space_license));
	check_string(_metadata, "documentation_url", driver.documentation_url,
		     sizeof(driver.documentation_url));
	EXPECT_STREQ(EDU_DRIVER, driver.name);
}

TEST_F(info, status)
{
	struct accel_info_status status, again;

	read_status(_metadata, self->fd, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_LE(1, status.observers);
	EXPECT_EQ(ACCEL_ERROR_NONE, status.last_error);
	EXPECT_EQ(0, status.last_error_ns);
	EXPECT_EQ(0, status.last_error_code);
	EXPECT_EQ(0, status.errors);
	EXPECT_EQ(0, status.resets);
	EXPECT_LT(0, status.state_ns);
	EXPECT_GT(now_ns(), status.state_ns);
	EXPECT_LT(0, status.registered_ns);
	EXPECT_GT(now_ns(), status.registered_ns);

	read_status(_metadata, self->fd, &again);
	EXPECT_EQ(status.registered_ns, again.registered_ns);
}

TEST_F(info, status_counts_files)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_RDWR, O_RDWR, O_RDONLY };
	struct accel_info_status before, after;
	__u32 users = 0, observers = 0;
	int fds[ARRAY_SIZE(flags)];
	size_t i;

	read_status(_metadata, self->fd, &before);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fds[i] = open(self->node.path, flags[i] | O_CLOEXEC);
		ASSERT_LE(0, fds[i]);
		if (flags[i] == O_RDWR)
			users++;
		else
			observers++;
		/* Whoever asks, in whichever role, sees the same. */
		read_status(_metadata, fds[i], &after);
		EXPECT_EQ(before.users + users, after.users);
		EXPECT_EQ(before.observers + observers, after.observers);
	}
	/* An open that is refused leaves no trace. */
	EXPECT_GT(0, open(self->node.path, O_WRONLY | O_CLOEXEC));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		read_status(_metadata, self->fd, &after);
		EXPECT_EQ(before.users + users, after.users);
		EXPECT_EQ(before.observers + observers, after.observers);
		close(fds[i]);
		if (flags[i] == O_RDWR)
			users--;
		else
			observers--;
	}
	read_status(_metadata, self->fd, &after);
	EXPECT_EQ(before.users, after.users);
	EXPECT_EQ(before.observers, after.observers);
}

#define TIMELINE_IOCTL(NAME, struct_name, first_size, more) { \
	.command = ACCEL_IOC_TIMELINE_##NAME, \
	.size = sizeof(struct accel_timeline_##struct_name), \
	.min_size = first_size, \
	.flags = ACCEL_IOCTL_IN | (more), \
	.name = "ACCEL_IOC_TIMELINE_" #NAME, \
}

TEST_F(info, uapi)
{
	static const struct accel_info_ioctl expected[] = {
		{
			.command = ACCEL_IOC_INFO,
			.size = sizeof(struct accel_info),
			.min_size = 40,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT | ACCEL_IOCTL_OBSERVER,
			.name = "ACCEL_IOC_INFO",
		}, {
			.command = ACCEL_IOC_BO_CREATE,
			.size = sizeof(struct accel_bo_create),
			.min_size = 24,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_CREATE",
		}, {
			.command = ACCEL_IOC_BO_INFO,
			.size = sizeof(struct accel_bo_info),
			.min_size = 24,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_INFO",
		}, {
			.command = ACCEL_IOC_BO_CLOSE,
			.size = sizeof(struct accel_bo_close),
			.min_size = 8,
			.flags = ACCEL_IOCTL_IN,
			.name = "ACCEL_IOC_BO_CLOSE",
		}, {
			.command = ACCEL_IOC_BO_MMAP_OFFSET,
			.size = sizeof(struct accel_bo_mmap_offset),
			.min_size = 16,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_MMAP_OFFSET",
		}, {
			.command = ACCEL_IOC_BO_USERPTR,
			.size = sizeof(struct accel_bo_userptr),
			.min_size = 32,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_USERPTR",
		}, {
			.command = ACCEL_IOC_BO_EXPORT,
			.size = sizeof(struct accel_bo_export),
			.min_size = 16,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_EXPORT",
		}, {
			.command = ACCEL_IOC_BO_IMPORT,
			.size = sizeof(struct accel_bo_import),
			.min_size = 24,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT,
			.name = "ACCEL_IOC_BO_IMPORT",
		}, {
			.command = ACCEL_EDU_IOC_FACTORIAL,
			.size = sizeof(struct accel_edu_factorial),
			.min_size = 24,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT | ACCEL_IOCTL_POWERED,
			.name = "ACCEL_EDU_IOC_FACTORIAL",
		}, {
			.command = ACCEL_IOC_EVENTS,
			.size = sizeof(struct accel_events),
			.min_size = 16,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OBSERVER,
			.name = "ACCEL_IOC_EVENTS",
		}, {
			.command = ACCEL_EDU_IOC_LIVENESS,
			.size = sizeof(struct accel_edu_liveness),
			.min_size = 16,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT | ACCEL_IOCTL_POWERED,
			.name = "ACCEL_EDU_IOC_LIVENESS",
		}, {
			.command = ACCEL_EDU_IOC_COPY,
			.size = sizeof(struct accel_edu_copy),
			.min_size = 48,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT | ACCEL_IOCTL_POWERED,
			.name = "ACCEL_EDU_IOC_COPY",
		}, {
			.command = ACCEL_EDU_IOC_RESET,
			.size = sizeof(struct accel_edu_reset),
			.min_size = 8,
			.flags = ACCEL_IOCTL_IN | ACCEL_IOCTL_CAPABILITY,
			.capability = CAP_SYS_ADMIN,
			.name = "ACCEL_EDU_IOC_RESET",
		}, {
			.command = ACCEL_EDU_IOC_SET_EVENTFD,
			.size = sizeof(struct accel_edu_set_eventfd),
			.min_size = 8,
			.flags = ACCEL_IOCTL_IN,
			.name = "ACCEL_EDU_IOC_SET_EVENTFD",
		},
		TIMELINE_IOCTL(CREATE, create, 24, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(CLOSE, close, 8, 0),
		TIMELINE_IOCTL(QUERY, query, 40, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(SIGNAL, signal, 16, 0),
		TIMELINE_IOCTL(WAIT, wait, 40, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(EXPORT, export, 16, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(IMPORT, import, 16, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(ATTACH, attach, 24, 0),
		TIMELINE_IOCTL(SYNC_FILE, sync_file, 24, ACCEL_IOCTL_OUT),
		TIMELINE_IOCTL(EVENTFD, eventfd, 24, 0),
	};
	struct accel_info_ioctl ioctls[MAX_RECORDS];
	int count, i, found;
	size_t j;

	count = info_read(self->fd, ACCEL_INFO_UAPI, ioctls, sizeof(ioctls[0]), MAX_RECORDS);
	EXPECT_EQ((int)ARRAY_SIZE(expected), count);
	for (j = 0; j < ARRAY_SIZE(expected); j++) {
		found = 0;
		for (i = 0; i < count; i++) {
			if (ioctls[i].command != expected[j].command)
				continue;
			found++;
			EXPECT_EQ(expected[j].size, ioctls[i].size);
			EXPECT_EQ(expected[j].min_size, ioctls[i].min_size);
			EXPECT_EQ(expected[j].flags, ioctls[i].flags);
			EXPECT_EQ(expected[j].capability, ioctls[i].capability);
			check_string(_metadata, "name", ioctls[i].name, sizeof(ioctls[i].name));
			EXPECT_STREQ(expected[j].name, ioctls[i].name);
			check_string(_metadata, "description", ioctls[i].description,
				     sizeof(ioctls[i].description));
			EXPECT_EQ(NULL, strchr(ioctls[i].description, '\n'));
		}
		EXPECT_EQ(1, found)
			TH_LOG("%s", expected[j].name);
	}
}

TEST_HARNESS_MAIN
