// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away and comes back, by unbinding its driver in sysfs or by
 * removal of the driver's module, and is not taken for what it was.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "gone.h"

/* storm_test does this for longer. */
#define CYCLES 10
#define HAMMERS 3

static int open_error(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void expect_no_open(struct __test_metadata *_metadata, const char *path)
{
	static const int flags[] = { O_RDONLY, O_RDWR };
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ret = open_error(path, flags[i]);
		EXPECT_TRUE(ret == -ENXIO || ret == -ENODEV)
			TH_LOG("%s: %s", path, strerror(-ret));
	}
}

TEST_F_TIMEOUT(gone, old_nodes_do_not_open, 120)
{
	struct node again = self->node;
	char by_handle[64];
	struct stat st;
	int handle;

	ASSERT_EQ(0, stat(self->node.path, &st));
	handle = open(self->node.path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, handle);
	snprintf(by_handle, sizeof(by_handle), "/proc/self/fd/%d", handle);
	ASSERT_EQ(0, mknod(OLD_NODE, S_IFCHR | 0600, st.st_rdev));
	ASSERT_EQ(0, open_error(by_handle, O_RDWR));
	ASSERT_EQ(0, open_error(OLD_NODE, O_RDWR));

	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-ENOENT, open_error(self->node.path, O_RDONLY));
	expect_no_open(_metadata, by_handle);
	expect_no_open(_metadata, OLD_NODE);

	/* A new device is not what they led to: the old file is still open. */
	ASSERT_EQ(0, node_bind(&again));
	expect_works(_metadata, &again);
	expect_no_open(_metadata, by_handle);
	expect_no_open(_metadata, OLD_NODE);
	EXPECT_EQ(-ENODEV, sys_ioctl(self->user, ACCEL_IOC_INFO, NULL));
}

/* What has the address of the device finds the node that it has now, and no other. */
static void expect_found_by_address(struct __test_metadata *_metadata, const struct node *node)
{
	char path[PATH_MAX + 16];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/accelerator", node->device_dir);
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		EXPECT_STREQ(node->name, entry->d_name);
		count++;
	}
	closedir(dir);
	EXPECT_EQ(1, count);
}

TEST_F_TIMEOUT(gone, minor_is_taken_while_open, 120)
{
	struct node again = self->node;

	expect_found_by_address(_metadata, &self->node);
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, node_bind(&again));
	EXPECT_NE(self->node.minor, again.minor);
	expect_found_by_address(_metadata, &again);
	expect_works(_metadata, &again);
	expect_gone(_metadata, self->user);
	expect_hung_up(_metadata, self->user);

	/* One of two files still holds it. */
	close(self->user);
	ASSERT_EQ(0, node_unbind(&again));
	ASSERT_EQ(0, node_bind(&again));
	EXPECT_NE(self->node.minor, again.minor);

	close(self->observer);
	ASSERT_EQ(0, node_unbind(&again));
	ASSERT_EQ(0, node_bind(&again));
	EXPECT_EQ(self->node.minor, again.minor);
	expect_works(_metadata, &again);
}

TEST_F_TIMEOUT(gone, new_device_is_new, 120)
{
	struct accel_info_status before, after;
	struct node again = self->node;
	__u64 start, end;
	int fd;

	read_status(_metadata, self->observer, &before);
	start = now_ns();
	ASSERT_EQ(0, node_unbind(&self->node));
	ASSERT_EQ(0, node_bind(&again));
	end = now_ns();

	fd = open(again.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	read_status(_metadata, fd, &after);
	EXPECT_GT(start, before.registered_ns);
	EXPECT_LE(start, after.registered_ns);
	EXPECT_GE(end, after.registered_ns);
	/* The old device's files are not counted. */
	EXPECT_EQ(0, after.users);
	EXPECT_EQ(1, after.observers);
	close(fd);
}

/**
 * struct hammer - what a process that uses the node all the time has seen
 * @stop: it shall end
 * @done: calls that worked
 * @gone: calls that failed since the device was gone
 * @wrong: calls whose outcome is none of these
 * @error: the error of the last one of those
 */
struct hammer {
	atomic_bool stop;
	atomic_int done;
	atomic_int gone;
	atomic_int wrong;
	atomic_int error;
};

static void count(struct hammer *hammer, int ret, bool is_gone, bool right)
{
	if (!ret && right) {
		atomic_fetch_add(&hammer->done, 1);
	} else if (ret && is_gone) {
		atomic_fetch_add(&hammer->gone, 1);
	} else {
		atomic_store(&hammer->error, ret);
		atomic_fetch_add(&hammer->wrong, 1);
	}
}

static void use_node(struct hammer *hammer, const char *path, unsigned int round)
{
	struct accel_info_driver driver;
	struct pollfd poll_fd = {};
	__u32 result;
	int ret;

	poll_fd.fd = open(path, O_RDWR | O_CLOEXEC);
	/* Another driver's: this one is shared. */
	if (poll_fd.fd < 0 && errno == EBUSY)
		return;
	if (poll_fd.fd < 0) {
		count(hammer, -errno, errno == ENOENT || errno == ENXIO || errno == ENODEV, true);
		return;
	}
	ret = info_read(poll_fd.fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1);
	count(hammer, ret < 0 ? ret : 0, ret == -ENODEV, ret == 1);
	if (ret == 1 && strncmp(driver.name, EDU_DRIVER, sizeof(driver.name))) {
		close(poll_fd.fd);
		return;
	}
	ret = edu_factorial(poll_fd.fd, round % 13, TIMEOUT_MS, &result);
	count(hammer, ret, ret == -ENODEV, result == factorial(round % 13));
	ret = edu_liveness(poll_fd.fd, round, &result);
	count(hammer, ret, ret == -ENODEV, result == ~round);
	ret = poll(&poll_fd, 1, 0);
	count(hammer, 0, false, !ret || poll_fd.revents == GONE);
	close(poll_fd.fd);
}

/* How many nodes there are, of whichever driver. */
static unsigned int count_nodes(struct __test_metadata *_metadata)
{
	unsigned int nodes = 0;
	struct dirent *entry;
	DIR *dir;

	dir = opendir("/sys/class/accelerator");
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		nodes += entry->d_name[0] != '.';
	closedir(dir);
	return nodes;
}

/* Uses the nodes up to @last in turn, of which one is the device's. */
static pid_t start_hammer(struct hammer *hammer, unsigned int last)
{
	unsigned int round;
	char path[64];
	pid_t pid;

	pid = fork();
	if (pid)
		return pid;
	for (round = 0; !atomic_load(&hammer->stop); round++) {
		snprintf(path, sizeof(path), "/dev/accelerator/accel%u", round % (last + 1));
		use_node(hammer, path, round);
		/* Two processors must do for all of this. */
		usleep(500);
	}
	_exit(0);
}

TEST_F_TIMEOUT(gone, comes_and_goes_under_load, 900)
{
	struct node node = self->node;
	struct hammer *hammer;
	pid_t pids[HAMMERS];
	unsigned int last;
	int i, status;

	close(self->user);
	close(self->observer);
	hammer = mmap(NULL, sizeof(*hammer), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, hammer);
	/* The files that the others hold push the device to higher minors. */
	last = count_nodes(_metadata) - 1 + HAMMERS;
	for (i = 0; i < HAMMERS; i++) {
		pids[i] = start_hammer(hammer, last);
		ASSERT_LT(0, pids[i]);
	}
	for (i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, node_unbind(&node))
			TH_LOG("cycle %d", i);
		ASSERT_EQ(0, node_bind(&node))
			TH_LOG("cycle %d", i);
		/* Each of them holds one at most, and the lowest free one is taken. */
		EXPECT_GE(last, node.minor);
	}
	sleep_ms(20);
	atomic_store(&hammer->stop, true);
	for (i = 0; i < HAMMERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, atomic_load(&hammer->wrong))
		TH_LOG("one was: %s", strerror(-atomic_load(&hammer->error)));
	EXPECT_LT(0, atomic_load(&hammer->done));
	EXPECT_LT(0, atomic_load(&hammer->gone));
	expect_works(_metadata, &node);
}

static bool skip_module(struct __test_metadata *_metadata)
{
	/* A driver that is part of the kernel has no state of loading. */
	if (access("/sys/module/" EDU_DRIVER "/initstate", F_OK))
		SKIP(return true, EDU_DRIVER " is not a module");
	if (!getenv("ACCEL_EDU_KO") && !node_required())
		SKIP(return true, "ACCEL_EDU_KO is not set");
	ASSERT_NE(NULL, getenv("ACCEL_EDU_KO"));
	return false;
}

TEST_F_TIMEOUT(gone, module_is_removed, 120)
{
	struct pollfd poll_fd = { .fd = self->observer };
	struct caller sleeper = factorial_caller(self->user, 5, 4 * TIMEOUT_MS);
	struct node again = self->node;

	if (skip_module(_metadata))
		return;
	ASSERT_EQ(0, node_stall(&self->node, true));
	ASSERT_EQ(0, caller_start(&sleeper));

	/* Neither an open file nor a call holds the driver's module. */
	ASSERT_EQ(0, syscall(SYS_delete_module, EDU_DRIVER, O_NONBLOCK))
		TH_LOG("%s", strerror(errno));
	ASSERT_EQ(0, caller_join(&sleeper));
	EXPECT_EQ(-ENODEV, sleeper.ret);
	expect_gone(_metadata, self->user);
	expect_gone(_metadata, self->observer);
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(GONE, poll_fd.revents);

	/* Another instance of the module does not know the old files, either. */
	ASSERT_EQ(0, edu_load());
	ASSERT_EQ(0, node_lookup(&again));
	EXPECT_NE(self->node.minor, again.minor);
	expect_works(_metadata, &again);
	expect_gone(_metadata, self->user);
	EXPECT_EQ(0, close(self->user));
	EXPECT_EQ(0, close(self->observer));
}

TEST_HARNESS_MAIN
