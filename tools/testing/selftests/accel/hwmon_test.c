// SPDX-License-Identifier: GPL-2.0
/*
 * The sensors of a device, as hwmon shows them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "harness.h"

/* Finds the folder of the hwmon device of a node. */
static int find_hwmon(const struct node *node, char *path, size_t size)
{
	char dir[PATH_MAX + 8];
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *hwmons;

	snprintf(dir, sizeof(dir), "%s/hwmon", node->device_dir);
	hwmons = opendir(dir);
	if (!hwmons)
		return -errno;
	while ((entry = readdir(hwmons))) {
		if (strncmp(entry->d_name, "hwmon", 5))
			continue;
		snprintf(path, size, "%s/%s", dir, entry->d_name);
		ret = 0;
	}
	closedir(hwmons);
	return ret;
}

static bool setup_hwmon(struct __test_metadata *_metadata)
{
	if (access("/sys/class/hwmon", F_OK) && !node_required())
		SKIP(return false, "the kernel has no hwmon");
	return true;
}

FIXTURE(hwmon) {
	struct node node;
	char dir[2 * PATH_MAX];
};

FIXTURE_SETUP(hwmon)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_hwmon(_metadata))
		return;
	ASSERT_EQ(0, find_hwmon(&self->node, self->dir, sizeof(self->dir)));
}

FIXTURE_TEARDOWN_PARENT(hwmon)
{
	if (self->node.path[0])
		test_device_remove();
}

static const char *show(struct __test_metadata *_metadata, const char *dir, const char *name)
{
	static char text[64];

	ASSERT_EQ(0, read_file(dir, name, text, sizeof(text)))
		TH_LOG("%s", name);
	return text;
}

TEST_F(hwmon, shows_what_the_topic_does)
{
	char path[2 * PATH_MAX + 16];

	snprintf(path, sizeof(path), TEST_DRIVER "_%s", self->node.name);
	EXPECT_STREQ(path, show(_metadata, self->dir, "name"));
	EXPECT_STREQ("12500000", show(_metadata, self->dir, "power1_input"));
	EXPECT_STREQ("board", show(_metadata, self->dir, "power1_label"));
	EXPECT_STREQ("-4250", show(_metadata, self->dir, "temp1_input"));
	EXPECT_STREQ("die", show(_metadata, self->dir, "temp1_label"));
	EXPECT_STREQ("95000", show(_metadata, self->dir, "temp1_max"));
	EXPECT_STREQ("105000", show(_metadata, self->dir, "temp1_crit"));
	EXPECT_STREQ("850", show(_metadata, self->dir, "in0_input"));
	EXPECT_STREQ("core", show(_metadata, self->dir, "in0_label"));
	EXPECT_STREQ("900", show(_metadata, self->dir, "in0_max"));
	EXPECT_STREQ("1500", show(_metadata, self->dir, "curr1_input"));
	/* As much of it as there is room for. */
	EXPECT_STREQ("sssssssssssssssssssssssssssssss",
		     show(_metadata, self->dir, "curr1_label"));
	EXPECT_STREQ("2400", show(_metadata, self->dir, "fan1_input"));
	EXPECT_STREQ("fan", show(_metadata, self->dir, "fan1_label"));
	/* What has no limit does not show one. */
	snprintf(path, sizeof(path), "%s/power1_max", self->dir);
	EXPECT_NE(0, access(path, F_OK));
	snprintf(path, sizeof(path), "%s/in0_crit", self->dir);
	EXPECT_NE(0, access(path, F_OK));
	snprintf(path, sizeof(path), "%s/power2_input", self->dir);
	EXPECT_NE(0, access(path, F_OK));
	snprintf(path, sizeof(path), "%s/temp2_input", self->dir);
	EXPECT_NE(0, access(path, F_OK));
}

/*
 * libsensors takes the number of a chip from the bus, which only the PCI bus gives to each
 * device; others have to have a name of their own.
 */
TEST_F(hwmon, is_told_from_others)
{
	char dir[2 * PATH_MAX], names[4][64];
	size_t i, j;
	static const char * const devices[ARRAY_SIZE(names)] = {
		"shared", "exclusive", "limited", "per_user",
	};

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct node node;

		ASSERT_EQ(0, test_node_find(&node, devices[i]));
		ASSERT_EQ(0, find_hwmon(&node, dir, sizeof(dir)));
		snprintf(names[i], sizeof(names[i]), "%s", show(_metadata, dir, "name"));
		EXPECT_EQ(0, strncmp(names[i], TEST_DRIVER, strlen(TEST_DRIVER)));
		for (j = 0; j < i; j++)
			EXPECT_STRNE(names[i], names[j]);
	}
}

TEST_F(hwmon, goes_with_the_device)
{
	char path[2 * PATH_MAX + 16], byte;
	struct node node;
	int fd;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&node));
	ASSERT_EQ(0, find_hwmon(&node, self->dir, sizeof(self->dir)));
	snprintf(path, sizeof(path), "%s/temp1_input", self->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, pread(fd, &byte, 1, 0));
	ASSERT_EQ(0, node_unbind(&node));
	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_NE(0, access(self->dir, F_OK));
	close(fd);
	ASSERT_EQ(0, node_bind(&node));
	EXPECT_EQ(0, find_hwmon(&node, self->dir, sizeof(self->dir)));
}

FIXTURE(no_sensors) {
	struct node node;
};

FIXTURE_SETUP(no_sensors)
{
	setup_node(_metadata, &self->node);
}

FIXTURE_TEARDOWN(no_sensors)
{
}

TEST_F(no_sensors, no_device)
{
	char dir[2 * PATH_MAX];

	EXPECT_EQ(-ENOENT, find_hwmon(&self->node, dir, sizeof(dir)));
}

TEST_HARNESS_MAIN
