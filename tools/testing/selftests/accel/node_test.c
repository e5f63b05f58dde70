// SPDX-License-Identifier: GPL-2.0
/*
 * What a node looks like, who may open it and how, and what the system calls
 * other than ioctl() do with it.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "harness.h"

#define NOBODY 65534
/* DRM's region of the same purpose; its name and number are not ours. */
#define DRM_ACCEL_REGION "accel"

FIXTURE(node) {
	struct node node;
};

FIXTURE_SETUP(node)
{
	setup_node(_metadata, &self->node);
}

FIXTURE_TEARDOWN(node)
{
}

static int sys_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

TEST_F(node, is_char_device)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->node.path, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0664, st.st_mode & 07777);
	EXPECT_EQ(self->node.minor, minor(st.st_rdev));
}

TEST_F(node, matches_sysfs)
{
	char text[64], expected[64], dir[64];
	struct stat st;

	ASSERT_EQ(0, stat(self->node.path, &st));
	snprintf(expected, sizeof(expected), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, read_file(self->node.class_dir, "dev", text, sizeof(text)));
	EXPECT_STREQ(expected, text);

	ASSERT_EQ(0, link_name(self->node.class_dir, "subsystem", text, sizeof(text)));
	EXPECT_STREQ("accelerator", text);

	snprintf(dir, sizeof(dir), "/sys/dev/char");
	ASSERT_EQ(0, link_name(dir, expected, text, sizeof(text)));
	EXPECT_STREQ(self->node.name, text);
}

TEST_F(node, uevent_names_node)
{
	char text[1024], expected[64];

	/* What udev and devtmpfs go by. */
	ASSERT_EQ(0, read_file(self->node.class_dir, "uevent", text, sizeof(text)));
	snprintf(expected, sizeof(expected), "DEVNAME=accelerator/%s", self->node.name);
	EXPECT_NE(NULL, strstr(text, expected))
		TH_LOG("no %s in: %s", expected, text);
}

/* Finds the major number of the char-device region @name, 0 if it has none. */
static unsigned int region_major(struct __test_metadata *_metadata, const char *name)
{
	unsigned int number, found = 0;
	char line[128], region[64];
	FILE *file;

	file = fopen("/proc/devices", "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file) && strncmp(line, "Block devices", 13)) {
		if (sscanf(line, "%u %63s", &number, region) != 2)
			continue;
		if (!strcmp(region, name))
			found = number;
	}
	fclose(file);
	return found;
}

TEST_F(node, region_is_accelerator)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->node.path, &st));
	EXPECT_EQ(major(st.st_rdev), region_major(_metadata, "accelerator"));
	EXPECT_NE(major(st.st_rdev), region_major(_metadata, DRM_ACCEL_REGION));
}

TEST_F(node, leaves_drm_names_alone)
{
	char name[64], path[128];
	struct stat st;

	if (!region_major(_metadata, DRM_ACCEL_REGION))
		SKIP(return, "this kernel has no DRM accel");

	/* DRM's number is fixed: a driver that took it would show here. */
	EXPECT_EQ(261, region_major(_metadata, DRM_ACCEL_REGION));
	ASSERT_EQ(0, stat(self->node.path, &st));
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem",
		 major(st.st_rdev), minor(st.st_rdev));
	ASSERT_EQ(0, link_name("/", path, name, sizeof(name)));
	EXPECT_STRNE(DRM_ACCEL_REGION, name);
	snprintf(path, sizeof(path), "/sys/class/accel/%s/device", self->node.name);
	if (!link_name("/", path, name, sizeof(name))) {
		EXPECT_STRNE(node_address(&self->node), name)
			TH_LOG("DRM has a node of our device");
	}
}

TEST_F(node, opens_in_two_roles)
{
	__u32 result;
	int fd;

	fd = sys_open(self->node.path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, edu_factorial(fd, 3, 0, &result));
	EXPECT_EQ(-EACCES, edu_liveness(fd, 3, &result));
	EXPECT_EQ(0, close(fd));

	fd = sys_open(self->node.path, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, edu_factorial(fd, 3, TIMEOUT_MS, &result));
	EXPECT_EQ(6, result);
	EXPECT_EQ(0, close(fd));
}

TEST_F(node, refuses_other_access_modes)
{
	__u32 result;
	int fd;

	EXPECT_EQ(-EINVAL, sys_open(self->node.path, O_WRONLY));
	EXPECT_EQ(-EINVAL, sys_open(self->node.path, O_WRONLY | O_NONBLOCK));

	/* Linux has a fourth one, "neither". If it opens, it is not a user's. */
	fd = sys_open(self->node.path, O_ACCMODE);
	if (fd < 0) {
		EXPECT_EQ(-EINVAL, fd);
	} else {
		EXPECT_EQ(-EACCES, edu_factorial(fd, 3, 0, &result));
		close(fd);
	}
}

TEST_F(node, path_only_file_takes_no_ioctl)
{
	struct accel_info_driver driver;
	int fd;

	fd = sys_open(self->node.path, O_PATH);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, info_read(fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1));
	close(fd);
}

TEST_F(node, role_stays_with_the_file)
{
	int observer, user;
	char path[64];
	__u32 result;

	observer = sys_open(self->node.path, O_RDONLY);
	ASSERT_LE(0, observer);
	EXPECT_EQ(0, fcntl(observer, F_SETFL, O_RDWR));
	EXPECT_EQ(-EACCES, edu_factorial(observer, 3, 0, &result));

	/* Opened again, it is another file with a role of its own. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", observer);
	user = sys_open(path, O_RDWR);
	ASSERT_LE(0, user);
	EXPECT_EQ(0, edu_factorial(user, 3, TIMEOUT_MS, &result));
	EXPECT_EQ(-EACCES, edu_factorial(observer, 3, 0, &result));
	close(user);
	close(observer);
}

TEST_F(node, everyone_may_observe)
{
	struct accel_info_driver driver;
	int fd;

	if (!setup_root(_metadata))
		return;
	/* The test runs in a process of its own, which ends as nobody. */
	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));

	fd = sys_open(self->node.path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, info_read(fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1));
	close(fd);
	EXPECT_EQ(-EACCES, sys_open(self->node.path, O_RDWR));
	EXPECT_EQ(-EACCES, sys_open(self->node.path, O_WRONLY));
}

FIXTURE(file) {
	struct node node;
	int fd;
};

FIXTURE_VARIANT(file) {
	int flags;
};

FIXTURE_VARIANT_ADD(file, observer) {
	.flags = O_RDONLY,
};

FIXTURE_VARIANT_ADD(file, user) {
	.flags = O_RDWR,
};

FIXTURE_SETUP(file)
{
	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = sys_open(self->node.path, variant->flags);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(file)
{
	EXPECT_EQ(0, close(self->fd));
}

/* These are not implemented: the errors are those of a file without them. */
TEST_F(file, no_read_write_seek)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(variant->flags == O_RDWR ? EINVAL : EBADF, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, fsync(self->fd));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* This device has nothing to map. */
TEST_F(file, no_mmap)
{
	bool user = variant->flags == O_RDWR;
	long size = sysconf(_SC_PAGESIZE);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(user ? EOPNOTSUPP : EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
				   self->fd, 0));
	EXPECT_EQ(user ? EOPNOTSUPP : EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(user ? EINVAL : EACCES, errno);
}

TEST_F(file, nothing_to_poll)
{
	struct pollfd poll_fd = {
		.fd = self->fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, poll_fd.revents);
	/* And nothing wakes a sleeper while the device lives. */
	EXPECT_EQ(0, poll(&poll_fd, 1, 50));
	EXPECT_EQ(0, poll_fd.revents);
}

TEST_HARNESS_MAIN
