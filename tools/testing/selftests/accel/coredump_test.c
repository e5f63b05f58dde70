// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps that a driver hands over, as root finds them in /sys/class/devcoredump.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

#define DUMPS "/sys/class/devcoredump"
#define DUMP_BYTES 100000
#define FACTOR 7
#define MAX_BYTES (16 << 20)

FIXTURE(coredump) {
	struct node node;
	int fd;
};

/* Finds the folder of a dump of the device. */
static bool find_dump(const char *device, char *dir, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dumps;

	dumps = opendir(DUMPS);
	if (!dumps)
		return false;
	while (!found && (entry = readdir(dumps))) {
		if (strncmp(entry->d_name, "devcd", 5))
			continue;
		snprintf(dir, size, DUMPS "/%s", entry->d_name);
		snprintf(link, sizeof(link), DUMPS "/%s/failing_device", entry->d_name);
		found = realpath(link, target) && !strcmp(target, device);
	}
	closedir(dumps);
	return found;
}

static void delete_dumps(const char *device)
{
	char dir[PATH_MAX];

	while (find_dump(device, dir, sizeof(dir)) && !write_file(dir, "data", "1"))
		sleep_ms(10);
}

FIXTURE_SETUP(coredump)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	if (access(DUMPS, F_OK) && !node_required())
		SKIP(return, "the kernel keeps no dumps");
	ASSERT_EQ(0, test_device_add(&self->node));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(coredump)
{
	if (self->node.path[0]) {
		delete_dumps(self->node.device_dir);
		test_device_remove();
	}
}

static int dump(int fd, __u32 bytes)
{
	return test_call(fd, ACCEL_TEST_IOC_DUMP, bytes, FACTOR, NULL);
}

static void expect_dump(struct __test_metadata *_metadata, const char *dir)
{
	static unsigned char data[DUMP_BYTES + 1];
	char path[PATH_MAX + 8];
	struct stat stat_of;
	ssize_t len, all = 0;
	int fd, i;

	snprintf(path, sizeof(path), "%s/data", dir);
	ASSERT_EQ(0, stat(path, &stat_of));
	EXPECT_EQ(0600, stat_of.st_mode & 07777);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	while ((len = read(fd, data + all, sizeof(data) - all)) > 0)
		all += len;
	close(fd);
	EXPECT_EQ(DUMP_BYTES, all);
	for (i = 0; i < all; i++)
		ASSERT_EQ((unsigned char)(i * FACTOR), data[i])
			TH_LOG("byte %d", i);
}

TEST_F(coredump, has_what_the_driver_gave)
{
	char dir[PATH_MAX];

	ASSERT_EQ(0, dump(self->fd, DUMP_BYTES));
	ASSERT_TRUE(find_dump(self->node.device_dir, dir, sizeof(dir)));
	expect_dump(_metadata, dir);
	EXPECT_EQ(0, write_file(dir, "data", "1"));
	while (!access(dir, F_OK))
		sleep_ms(1);
	EXPECT_FALSE(find_dump(self->node.device_dir, dir, sizeof(dir)));
}

TEST_F(coredump, is_limited)
{
	char dir[PATH_MAX];

	EXPECT_EQ(-EINVAL, dump(self->fd, 0));
	EXPECT_EQ(-EFBIG, dump(self->fd, MAX_BYTES + 1));
	EXPECT_FALSE(find_dump(self->node.device_dir, dir, sizeof(dir)));
	EXPECT_EQ(0, dump(self->fd, 1));
	delete_dumps(self->node.device_dir);
	EXPECT_EQ(-EBUSY, dump(self->fd, 1));
	EXPECT_FALSE(find_dump(self->node.device_dir, dir, sizeof(dir)));
}

/* As the driver of another device says. */
TEST_F(coredump, may_be_larger)
{
	struct node node;
	char dir[PATH_MAX];
	int fd;

	ASSERT_EQ(0, test_node_find(&node, "limited"));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EFBIG, dump(fd, (24 << 20) + 1));
	EXPECT_EQ(0, dump(fd, MAX_BYTES + 1));
	EXPECT_TRUE(find_dump(node.device_dir, dir, sizeof(dir)));
	delete_dumps(node.device_dir);
	close(fd);
}

TEST_F(coredump, outlives_the_binding)
{
	char dir[PATH_MAX];
	long before, after;

	ASSERT_EQ(0, read_number("/sys/module", TEST_DRIVER "/refcnt", &before));
	ASSERT_EQ(0, dump(self->fd, DUMP_BYTES));
	ASSERT_EQ(0, read_number("/sys/module", TEST_DRIVER "/refcnt", &after));
	EXPECT_EQ(before, after);
	ASSERT_TRUE(find_dump(self->node.device_dir, dir, sizeof(dir)));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENODEV, dump(self->fd, 1));
	close(self->fd);

	expect_dump(_metadata, dir);
	EXPECT_EQ(0, write_file(dir, "data", "1"));
}

TEST_HARNESS_MAIN
