// SPDX-License-Identifier: GPL-2.0
/*
 * What <accel/accel.h> promises of any node: information, and events.
 */
#include <fcntl.h>
#include <unistd.h>

#include "conformance.h"
#include "events.h"

/* What there is room for, in records of the size of the topic with the largest. */
#define RECORD_MAX 4096

static int info_call(const struct subject *s, struct accel_info *info)
{
	return sys_ioctl(s->observer, ACCEL_IOC_INFO, info);
}

/* Leaves out most of those that neither the framework nor a driver has. */
static __u32 next_topic(__u32 topic)
{
	return topic == 64 ? ACCEL_INFO_DRIVER_BASE : topic + 1;
}

TEST_F(conformance, info_requests_are_checked)
{
	struct accel_info_topic *topics;
	struct subject *s;
	int count, i;
	__u32 topic;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		struct accel_info flags = { .size = sizeof(flags), .flags = 1 };
		struct accel_info full = { .size = sizeof(full), .count = 1 };
		struct accel_info large = { .size = sizeof(large), .record_size = RECORD_MAX + 1 };
		struct accel_info nowhere = { .size = sizeof(nowhere), .data_len = RECORD_MAX };

		EXPECT_OF(s, -EINVAL, info_call(s, &flags));
		EXPECT_OF(s, -EINVAL, info_call(s, &full));
		EXPECT_OF(s, -EINVAL, info_call(s, &large));
		EXPECT_OF(s, -EFAULT, info_call(s, &nowhere));

		topics = subject_records(s, ACCEL_INFO_LIST, sizeof(*topics), &count);
		ASSERT_NE(NULL, topics);
		for (topic = 0; topic < ACCEL_INFO_DRIVER_BASE + 64; topic = next_topic(topic)) {
			struct accel_info info = { .size = sizeof(info), .topic = topic };
			bool listed = false;

			for (i = 0; i < count; i++)
				listed |= topics[i].topic == topic;
			EXPECT_EQ(listed ? 0 : -EINVAL, info_call(s, &info))
				TH_LOG("%s: topic 0x%x", s->node.path, info.topic);
		}
		free(topics);
	}
}

/* Every topic gives its records at any distance, from any index on, and only whole ones. */
static void check_topic(struct __test_metadata *_metadata, const struct subject *s,
			const struct accel_info_topic *topic)
{
	struct accel_info info = { .size = sizeof(info), .topic = topic->topic };
	const __u32 size = topic->record_size;
	unsigned char record[RECORD_MAX];

	EXPECT_OF(s, true, size && size <= RECORD_MAX);
	EXPECT_OF(s, 0, topic->reserved);
	ASSERT_EQ(0, info_call(s, &info));
	EXPECT_OF(s, size, info.record_size);
	EXPECT_OF(s, 0, info.data_len % size);
	if (!info.data_len)
		return;

	/* A byte too little for one. */
	info = (struct accel_info) {
		.size = sizeof(info),
		.topic = topic->topic,
		.data_ptr = (uintptr_t)record,
		.data_len = size - 1,
		.record_size = size,
	};
	memset(record, 0xa5, sizeof(record));
	ASSERT_EQ(0, info_call(s, &info));
	EXPECT_OF(s, 0, info.count);
	EXPECT_OF(s, 0xa5, record[0]);

	/* One that is cut, and one that is filled up. */
	EXPECT_OF(s, 1, info_read(s->observer, topic->topic, record, 4, 1));
	EXPECT_OF(s, 0xa5, record[4]);
	EXPECT_OF(s, 1, info_read(s->observer, topic->topic, record, RECORD_MAX, 1));
	if (size < RECORD_MAX)
		EXPECT_OF(s, true, is_filled(record + size, RECORD_MAX - size, 0));

	info = (struct accel_info) {
		.size = sizeof(info),
		.topic = topic->topic,
		.index = UINT_MAX,
	};
	ASSERT_EQ(0, info_call(s, &info));
	EXPECT_OF(s, 0, info.data_len);
}

TEST_F(conformance, topics_are_as_listed)
{
	struct accel_info_topic *topics;
	struct subject *s;
	__u32 topic;
	int count, i;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		topics = subject_records(s, ACCEL_INFO_LIST, sizeof(*topics), &count);
		ASSERT_NE(NULL, topics);
		/* All of the framework's are there, with or without content. */
		for (topic = ACCEL_INFO_LIST; topic <= ACCEL_INFO_UAPI; topic++) {
			for (i = 0; i < count && topics[i].topic != topic; i++)
				;
			EXPECT_OF(s, true, i < count);
		}
		for (i = 0; i < count; i++)
			check_topic(_metadata, s, &topics[i]);
		free(topics);
	}
}

TEST_F(conformance, device_is_that_of_sysfs)
{
	struct accel_info_device device;
	struct subject *s;
	char bus[64];

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		ASSERT_EQ(1, info_read(s->observer, ACCEL_INFO_DEVICE, &device, sizeof(device), 1));
		EXPECT_OF(s, s->node.minor, device.minor);
		EXPECT_OF(s, true, is_text(device.bus, sizeof(device.bus)));
		EXPECT_OF(s, true, is_text(device.address, sizeof(device.address)));
		ASSERT_EQ(0, link_name(s->node.device_dir, "subsystem", bus, sizeof(bus)));
		/* What is too long is cut. */
		EXPECT_OF(s, 0, strncmp(bus, device.bus, sizeof(device.bus) - 1));
		EXPECT_OF(s, 0, strncmp(node_address(&s->node), device.address,
					sizeof(device.address) - 1));
		EXPECT_OF(s, 0, device.reserved);
	}
}

TEST_F(conformance, driver_says_where_its_user_space_is)
{
	const struct accel_info_driver *driver;
	struct subject *s;
	const char *dir;
	char text[256];

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		driver = &s->driver;
		EXPECT_OF(s, true, is_text(driver->name, sizeof(driver->name)));
		EXPECT_OF(s, true, is_text(driver->version, sizeof(driver->version)));
		EXPECT_OF(s, true, is_text(driver->user_space_url, sizeof(driver->user_space_url)));
		EXPECT_OF(s, true, is_text(driver->user_space_license,
					   sizeof(driver->user_space_license)));
		EXPECT_OF(s, true, is_text(driver->documentation_url,
					   sizeof(driver->documentation_url)));
		EXPECT_OF(s, true, driver->open_policy <= ACCEL_OPEN_PER_USER);
		EXPECT_OF(s, driver->open_policy == ACCEL_OPEN_SHARED, !driver->open_limit);
		dir = s->node.class_dir;
		ASSERT_EQ(0, read_file(dir, "driver_name", text, sizeof(text)));
		EXPECT_OF(s, 0, strcmp(driver->name, text));
		ASSERT_EQ(0, read_file(dir, "user_space_license", text, sizeof(text)));
		EXPECT_OF(s, 0, strcmp(driver->user_space_license, text));
	}
}

TEST_F(conformance, parts_are_described)
{
	struct accel_info_firmware *firmware;
	struct accel_info_engine *engines;
	struct accel_info_memory *memory;
	struct accel_info_sensor *sensors;
	struct accel_info_clock *clocks;
	struct subject *s;
	int count, i;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		firmware = subject_records(s, ACCEL_INFO_FIRMWARE, sizeof(*firmware), &count);
		ASSERT_NE(NULL, firmware);
		for (i = 0; i < count; i++)
			EXPECT_OF(s, true, is_text(firmware[i].name, sizeof(firmware[i].name)));
		free(firmware);

		engines = subject_records(s, ACCEL_INFO_ENGINES, sizeof(*engines), &count);
		ASSERT_NE(NULL, engines);
		for (i = 0; i < count; i++) {
			EXPECT_OF(s, true, is_text(engines[i].name, sizeof(engines[i].name)));
			EXPECT_OF(s, true, engines[i].engine_class <= ACCEL_ENGINE_COPY);
			EXPECT_OF(s, true, engines[i].count > 0);
		}
		free(engines);

		memory = subject_records(s, ACCEL_INFO_MEMORY, sizeof(*memory), &count);
		ASSERT_NE(NULL, memory);
		for (i = 0; i < count; i++) {
			EXPECT_OF(s, true, is_text(memory[i].name, sizeof(memory[i].name)));
			EXPECT_OF(s, !i, memory[i].kind == ACCEL_MEMORY_SYSTEM);
			EXPECT_OF(s, true, memory[i].kind <= ACCEL_MEMORY_COHERENT);
			EXPECT_OF(s, true, !memory[i].total || memory[i].in_use <= memory[i].total);
		}
		free(memory);

		clocks = subject_records(s, ACCEL_INFO_CLOCKS, sizeof(*clocks), &count);
		ASSERT_NE(NULL, clocks);
		for (i = 0; i < count; i++) {
			EXPECT_OF(s, true, is_text(clocks[i].name, sizeof(clocks[i].name)));
			EXPECT_OF(s, true, clocks[i].current_hz <= clocks[i].max_hz);
		}
		free(clocks);

		sensors = subject_records(s, ACCEL_INFO_SENSORS, sizeof(*sensors), &count);
		ASSERT_NE(NULL, sensors);
		for (i = 0; i < count; i++) {
			EXPECT_OF(s, true, is_text(sensors[i].name, sizeof(sensors[i].name)));
			EXPECT_OF(s, true, sensors[i].quantity <= ACCEL_QUANTITY_FAN);
			EXPECT_OF(s, true, sensors[i].flags & ACCEL_SENSOR_MAX || !sensors[i].max);
		}
		free(sensors);
	}
}

TEST_F(conformance, usage_only_grows)
{
	struct accel_info_usage before, after;
	struct subject *s;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		ASSERT_EQ(1, info_read(s->observer, ACCEL_INFO_USAGE, &before, sizeof(before), 1));
		ASSERT_EQ(1, info_read(s->observer, ACCEL_INFO_USAGE, &after, sizeof(after), 1));
		EXPECT_OF(s, true, before.completed <= before.submitted);
		EXPECT_OF(s, true, before.submitted <= after.submitted);
		EXPECT_OF(s, true, before.completed <= after.completed);
		EXPECT_OF(s, true, before.busy_ns <= after.busy_ns);
	}
}

TEST_F(conformance, status_is_of_a_running_device)
{
	struct accel_info_status status, opened;
	struct subject *s;
	int user, observer;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		read_status(_metadata, s->observer, &status);
		EXPECT_OF(s, ACCEL_STATE_RUNNING, status.state);
		EXPECT_OF(s, true, status.registered_ns && status.registered_ns < now_ns());
		EXPECT_OF(s, true, status.registered_ns <= status.state_ns);
		EXPECT_OF(s, true, status.state_ns < now_ns());
		EXPECT_OF(s, !status.errors, !status.last_error_ns);

		user = test_open(&s->node, O_RDWR);
		observer = test_open(&s->node, O_RDONLY);
		read_status(_metadata, s->observer, &opened);
		EXPECT_OF(s, status.users + 1, opened.users);
		EXPECT_OF(s, status.observers + 1, opened.observers);
		EXPECT_OF(s, status.registered_ns, opened.registered_ns);
		close(observer);
		close(user);
	}
}

TEST_F(conformance, who_has_it_is_known)
{
	struct accel_info_client *clients;
	char command[16] = {};
	int user, count, found, i;
	struct subject *s;

	ASSERT_EQ(0, read_file("/proc/self", "comm", command, sizeof(command)));
	for (s = self->subjects; s < self->subjects + self->count; s++) {
		user = test_open(&s->node, O_RDWR);
		ASSERT_LE(0, user)
			TH_LOG("%s", s->node.path);
		clients = subject_records(s, ACCEL_INFO_CLIENTS, sizeof(*clients), &count);
		ASSERT_NE(NULL, clients);
		found = 0;
		for (i = 0; i < count; i++) {
			if (clients[i].role != ACCEL_ROLE_USER)
				continue;
			found++;
			EXPECT_OF(s, getpid(), (pid_t)clients[i].pid);
			EXPECT_OF(s, geteuid(), clients[i].uid);
			EXPECT_OF(s, 0, strncmp(command, clients[i].command, sizeof(command)));
			EXPECT_OF(s, true, clients[i].since_ns < now_ns());
			EXPECT_OF(s, 0, clients[i].reserved);
			EXPECT_OF(s, true, !i || clients[i].id > clients[i - 1].id);
		}
		EXPECT_OF(s, 1, found);
		free(clients);
		close(user);
	}
}

TEST_F(conformance, events_are_subscribed_to)
{
	struct accel_events flags = { .size = sizeof(flags), .eventfd = -1, .flags = 1 };
	struct accel_event event;
	struct subject *s;
	int fd;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		fd = test_open(&s->node, O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, fd);
		EXPECT_OF(s, -EINVAL, events_read(fd, &event, 1));
		EXPECT_OF(s, -EINVAL, events_subscribe(fd, ~ALL_CLASSES, -1));
		EXPECT_OF(s, -EINVAL, events_subscribe(fd, 0, fd));
		EXPECT_OF(s, -EINVAL, sys_ioctl(fd, ACCEL_IOC_EVENTS, &flags));
		EXPECT_OF(s, -EBADF, events_subscribe(fd, ALL_CLASSES, 1 << 20));
		EXPECT_OF(s, -EINVAL, events_read(fd, &event, 1));
		EXPECT_OF(s, 0, events_subscribe(fd, ACCEL_EVENT_CLASS_STATE, -1));
		EXPECT_OF(s, -EAGAIN, events_read(fd, &event, 1));
		EXPECT_OF(s, -1, read(fd, &event, sizeof(event) - 1));
		EXPECT_OF(s, EINVAL, errno);
		EXPECT_OF(s, 0, poll_now(fd));
		EXPECT_OF(s, 0, events_subscribe(fd, 0, -1));
		close(fd);
	}
}

TEST_HARNESS_MAIN
