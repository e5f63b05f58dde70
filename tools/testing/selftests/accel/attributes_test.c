// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes in sysfs: those that every device has, those of the test driver,
 * and that they are there neither too late nor too long. See
 * Documentation/ABI/testing/sysfs-class-accelerator.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

/* Until then, or until there were so many of them, devices come and go. */
#define CYCLING_MS 2000
#define CYCLES 1000
#define NS_PER_MS 1000000ULL
#define READERS 2
#define NUMBER TEST_DRIVER "/number"

static const char * const of_all[] = {
	"clients", "documentation_url", "driver_name", "driver_version", "errors", "memory",
	"open_count", "open_policy", "passthrough_calls", "resets", "state", "usage/busy_ns",
	"usage/completed", "usage/submitted", "user_space_license", "user_space_url",
};

static const char * const of_driver[] = {
	TEST_DRIVER "/asleep", NUMBER, TEST_DRIVER "/secret",
};

FIXTURE(attributes) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(attributes)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(attributes)
{
	close(self->fd);
}

static const char *show(struct __test_metadata *_metadata, const struct node *node,
			const char *name)
{
	static char text[4096];

	ASSERT_EQ(0, read_file(node->class_dir, name, text, sizeof(text)))
		TH_LOG("%s", name);
	return text;
}

static long number(struct __test_metadata *_metadata, const struct node *node, const char *name)
{
	return strtol(show(_metadata, node, name), NULL, 10);
}

TEST_F(attributes, who_the_driver_is)
{
	struct accel_info_driver driver;
	struct node *node = &self->node;

	ASSERT_EQ(1, info_read(self->fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1));
	EXPECT_STREQ(driver.name, show(_metadata, node, "driver_name"));
	EXPECT_STREQ(driver.version, show(_metadata, node, "driver_version"));
	EXPECT_STREQ(driver.user_space_url, show(_metadata, node, "user_space_url"));
	EXPECT_STREQ(driver.user_space_license, show(_metadata, node, "user_space_license"));
	EXPECT_STREQ(driver.documentation_url, show(_metadata, node, "documentation_url"));
}

TEST_F(attributes, whom_it_admits)
{
	struct node node;

	EXPECT_STREQ("shared", show(_metadata, &self->node, "open_policy"));
	ASSERT_EQ(0, test_node_find(&node, "exclusive"));
	EXPECT_STREQ("exclusive", show(_metadata, &node, "open_policy"));
	ASSERT_EQ(0, test_node_find(&node, "limited"));
	EXPECT_STREQ("limited 2", show(_metadata, &node, "open_policy"));
	ASSERT_EQ(0, test_node_find(&node, "per_user"));
	EXPECT_STREQ("per_user 2", show(_metadata, &node, "open_policy"));
}

TEST_F(attributes, how_it_is_doing)
{
	struct accel_info_usage usage;
	struct node *node = &self->node;
	int user;

	wait_alone(_metadata, self->fd);
	EXPECT_STREQ("running", show(_metadata, node, "state"));
	EXPECT_EQ(1, number(_metadata, node, "open_count"));
	user = test_open(node, O_RDWR);
	ASSERT_LE(0, user);
	EXPECT_EQ(2, number(_metadata, node, "open_count"));
	EXPECT_EQ(-ETIMEDOUT, test_call(user, ACCEL_TEST_IOC_SLEEP, 1, 0, NULL));
	EXPECT_EQ(0, test_call(user, ACCEL_TEST_IOC_WORK, 1, 0, NULL));
	close(user);

	ASSERT_EQ(1, info_read(self->fd, ACCEL_INFO_USAGE, &usage, sizeof(usage), 1));
	EXPECT_LT(0, usage.busy_ns);
	EXPECT_EQ(usage.busy_ns, number(_metadata, node, "usage/busy_ns"));
	EXPECT_EQ(usage.submitted, number(_metadata, node, "usage/submitted"));
	EXPECT_EQ(usage.completed, number(_metadata, node, "usage/completed"));
}

static mode_t mode_of(struct __test_metadata *_metadata, const struct node *node,
		      const char *name)
{
	char path[256];
	struct stat stat_of;

	snprintf(path, sizeof(path), "%s/%s", node->class_dir, name);
	ASSERT_EQ(0, stat(path, &stat_of));
	return stat_of.st_mode & 07777;
}

TEST_F(attributes, of_the_driver)
{
	static const char * const invalid[] = { "\n", "x", "1x", "-1", "1001", "4294967296" };
	struct node *node = &self->node;
	size_t i;

	if (!setup_root(_metadata))
		return;
	EXPECT_STREQ("0", show(_metadata, node, TEST_DRIVER "/asleep"));
	EXPECT_STREQ("42", show(_metadata, node, TEST_DRIVER "/secret"));
	EXPECT_EQ(0444, mode_of(_metadata, node, TEST_DRIVER "/asleep"));
	EXPECT_EQ(0644, mode_of(_metadata, node, NUMBER));
	EXPECT_EQ(0400, mode_of(_metadata, node, TEST_DRIVER "/secret"));

	EXPECT_EQ(0, write_file(node->class_dir, NUMBER, "7\n"));
	EXPECT_STREQ("7", show(_metadata, node, NUMBER));
	EXPECT_EQ(0, write_file(node->class_dir, NUMBER, "0x10"));
	EXPECT_STREQ("16", show(_metadata, node, NUMBER));
	for (i = 0; i < ARRAY_SIZE(invalid); i++)
		EXPECT_EQ(-EINVAL, write_file(node->class_dir, NUMBER, invalid[i]))
			TH_LOG("number %zu", i);
	EXPECT_STREQ("16", show(_metadata, node, NUMBER));
	EXPECT_EQ(0, write_file(node->class_dir, NUMBER, "0"));
}

FIXTURE(removal) {
	struct node node;
};

FIXTURE_SETUP(removal)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&self->node));
}

FIXTURE_TEARDOWN_PARENT(removal)
{
	if (self->node.path[0])
		test_device_remove();
}

/* Opened before the device goes, and read afterwards. */
TEST_F(removal, open_attributes)
{
	char path[256], byte;
	int fds[ARRAY_SIZE(of_all) + ARRAY_SIZE(of_driver)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->node.class_dir,
			 i < ARRAY_SIZE(of_all) ? of_all[i] : of_driver[i - ARRAY_SIZE(of_all)]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fds[i])
			TH_LOG("%s", path);
		ASSERT_LE(0, pread(fds[i], &byte, 1, 0));
	}
	ASSERT_EQ(0, node_unbind(&self->node));
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_EQ(-1, pread(fds[i], &byte, 1, 0));
		EXPECT_EQ(ENODEV, errno);
		close(fds[i]);
	}
}

/**
 * struct reader - reads an attribute while its device comes and goes
 * @dir: folder of the device
 * @read: how often that gave a value
 * @wrong: how often what it gave was wrong
 * @stop: set to end it
 */
struct reader {
	const char *dir;
	atomic_uint read;
	atomic_uint wrong;
	atomic_bool *stop;
};

static void *read_all_the_time(void *data)
{
	struct reader *reader = data;
	char text[64];
	long value;
	int ret;

	while (!atomic_load(reader->stop)) {
		ret = read_file(reader->dir, NUMBER, text, sizeof(text));
		value = strtol(text, NULL, 10);
		if (!ret)
			atomic_fetch_add(&reader->read, 1);
		if (ret ? ret != -ENOENT && ret != -ENODEV :
			  value < 0 || value > ACCEL_TEST_MAX_NUMBER)
			atomic_fetch_add(&reader->wrong, 1);
		/* Not all of the processors, which the others need too. */
		usleep(100);
	}
	return NULL;
}

/* A device comes and goes; its attribute has the value that this one was given. */
static int cycle(struct __test_metadata *_metadata, struct node *node)
{
	__u64 deadline = now_ns() + CYCLING_MS * NS_PER_MS;
	char text[16];
	int i;

	for (i = 1; i <= CYCLES && now_ns() < deadline; i++) {
		EXPECT_STREQ("0", show(_metadata, node, NUMBER));
		snprintf(text, sizeof(text), "%d", i);
		EXPECT_EQ(0, write_file(node->class_dir, NUMBER, text));
		EXPECT_STREQ(text, show(_metadata, node, NUMBER));
		ASSERT_EQ(0, node_unbind(node));
		EXPECT_EQ(-ENOENT, read_file(node->class_dir, NUMBER, text, sizeof(text)));
		ASSERT_EQ(0, node_bind(node));
	}
	return i;
}

TEST_F(removal, reads_meanwhile)
{
	struct reader readers[READERS] = {};
	pthread_t threads[READERS];
	atomic_bool stop = false;
	char dir[64];
	int i;

	snprintf(dir, sizeof(dir), "%s", self->node.class_dir);
	for (i = 0; i < READERS; i++) {
		readers[i].dir = dir;
		readers[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, read_all_the_time, &readers[i]));
	}
	TH_LOG("%d cycles", cycle(_metadata, &self->node));
	atomic_store(&stop, true);
	for (i = 0; i < READERS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_LT(0, atomic_load(&readers[i].read));
		EXPECT_EQ(0, atomic_load(&readers[i].wrong));
	}
}

/* As udevd does: waits until the kernel tells of the device @name. */
static void wait_announced(struct __test_metadata *_metadata, int uevents, const char *name)
{
	char message[4096], end[64];
	ssize_t len;

	snprintf(end, sizeof(end), "/accelerator/%s", name);
	do {
		len = recv(uevents, message, sizeof(message) - 1, 0);
		ASSERT_LT(0, len)
			TH_LOG("%s", strerror(errno));
		message[len] = '\0';
		len = strlen(message) - strlen(end);
	} while (strncmp(message, "add@", 4) || len < 0 || strcmp(message + len, end));
}

static void *bind_now(void *data)
{
	const struct node *node = data;

	return write_file(node->driver_dir, "bind", node_address(node)) ? NULL : data;
}

TEST_F(removal, there_when_announced)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	pthread_t thread;
	__u64 deadline;
	char path[256];
	void *bound;
	size_t i;
	int uevents, n;

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, uevents);
	ASSERT_EQ(0, bind(uevents, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, setsockopt(uevents, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	deadline = now_ns() + CYCLING_MS * NS_PER_MS;
	for (n = 0; n < CYCLES && now_ns() < deadline; n++) {
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(0, pthread_create(&thread, NULL, bind_now, &self->node));
		wait_announced(_metadata, uevents, self->node.name);
		for (i = 0; i < ARRAY_SIZE(of_all) + ARRAY_SIZE(of_driver); i++) {
			snprintf(path, sizeof(path), "%s/%s", self->node.class_dir,
				 i < ARRAY_SIZE(of_all) ? of_all[i] :
				 of_driver[i - ARRAY_SIZE(of_all)]);
			EXPECT_EQ(0, access(path, R_OK))
				TH_LOG("%s", path);
		}
		ASSERT_EQ(0, pthread_join(thread, &bound));
		ASSERT_NE(NULL, bound);
	}
	close(uevents);
}

#define SAMPLE "accel_attributes"

FIXTURE(sample) {
	struct node node;
};

FIXTURE_SETUP(sample)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_ATTRIBUTES_KO"))
		return;
	ASSERT_EQ(0, module_load(SAMPLE, ""));
	snprintf(self->node.device_dir, sizeof(self->node.device_dir),
		 "/sys/devices/faux/" SAMPLE);
	ASSERT_EQ(0, node_lookup(&self->node));
}

FIXTURE_TEARDOWN_PARENT(sample)
{
	if (module_loaded(SAMPLE))
		EXPECT_EQ(0, module_unload(SAMPLE));
}

TEST_F(sample, limit_and_changes)
{
	struct node *node = &self->node;

	EXPECT_STREQ("100", show(_metadata, node, SAMPLE "/limit"));
	EXPECT_STREQ("0", show(_metadata, node, SAMPLE "/changes"));
	EXPECT_EQ(0, write_file(node->class_dir, SAMPLE "/limit", "50"));
	EXPECT_EQ(-EINVAL, write_file(node->class_dir, SAMPLE "/limit", "101"));
	EXPECT_EQ(-EACCES, write_file(node->class_dir, SAMPLE "/changes", "1"));
	EXPECT_STREQ("50", show(_metadata, node, SAMPLE "/limit"));
	EXPECT_STREQ("1", show(_metadata, node, SAMPLE "/changes"));
}

TEST_HARNESS_MAIN
