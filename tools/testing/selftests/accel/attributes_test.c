// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes in sysfs: those that every device has, and those of the test driver
 * and of a sample. See Documentation/ABI/testing/sysfs-class-accelerator.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define NUMBER TEST_DRIVER "/number"

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

/* What there is more of, the information topics have. */
TEST_F(attributes, are_one_value_each)
{
	static const char * const known[] = { "dev", "reset", "uevent" };
	char path[128], text[4096];
	struct dirent *entry;
	size_t i, seen = 0;
	struct stat st;
	DIR *dir;

	dir = opendir(self->node.class_dir);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		for (i = 0; i < ARRAY_SIZE(known) && strcmp(entry->d_name, known[i]); i++)
			;
		snprintf(path, sizeof(path), "%s/%.48s", self->node.class_dir, entry->d_name);
		if (i < ARRAY_SIZE(known) || lstat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		ASSERT_EQ(0, read_file(self->node.class_dir, entry->d_name, text, sizeof(text)))
			TH_LOG("%s", entry->d_name);
		EXPECT_NE(0, strlen(text))
			TH_LOG("%s is empty", entry->d_name);
		EXPECT_EQ(NULL, strpbrk(text, " \t\n"))
			TH_LOG("%s: %s", entry->d_name, text);
		seen++;
	}
	closedir(dir);
	EXPECT_LE(9, seen);
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

/* What power.rst says of the folder "power" of those that never sleep. */
TEST_F(attributes, drivers_without_power)
{
	struct node node;
	char text[32];

	ASSERT_EQ(0, test_node_find(&node, "exclusive"));
	EXPECT_EQ(0, read_file(node.class_dir, "power/runtime_status", text, sizeof(text)));
	EXPECT_STREQ("unsupported", text);
	EXPECT_EQ(-EIO, read_file(node.class_dir, "power/autosuspend_delay_ms", text,
				  sizeof(text)));
	/* Its parent is a faux device. */
	EXPECT_EQ(-ENOENT, read_file(node.device_dir, "power/runtime_status", text, sizeof(text)));
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
