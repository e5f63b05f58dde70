// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a driver in debugfs.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"
#include "stalled_page.h"

#define DEBUGFS "/sys/kernel/debug"
/* The removal itself, in the emulated debug kernel, without a wait for users. */
#define REMOVAL_NS (10 * 1000000000ULL)
/* Prints the numbers from 1 to that of the attribute. */
#define NUMBERS "numbers"
#define NUMBER "accel_test/number"

FIXTURE(debugfs) {
	struct node node;
	char dir[64];
};

FIXTURE_SETUP(debugfs)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	if (access(DEBUGFS "/accelerator", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(DEBUGFS "/accelerator", F_OK) && !node_required())
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, test_device_add(&self->node));
	snprintf(self->dir, sizeof(self->dir), DEBUGFS "/accelerator/%s", self->node.name);
}

FIXTURE_TEARDOWN_PARENT(debugfs)
{
	if (self->node.path[0])
		test_device_remove();
}

static int open_numbers(const char *dir)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/" NUMBERS, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

TEST_F(debugfs, content)
{
	char text[16384], expected[16384] = "";
	char path[128];
	struct stat status;
	size_t len = 0;
	int i;

	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "3"));
	ASSERT_EQ(0, read_file(self->dir, NUMBERS, text, sizeof(text)));
	EXPECT_STREQ("00000001\n00000002\n00000003", text);

	/* More than the page that it begins with. */
	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "1000"));
	for (i = 1; i <= 1000; i++)
		len += snprintf(expected + len, sizeof(expected) - len, "%08d\n", i);
	ASSERT_LT(4096, len);
	i = open_numbers(self->dir);
	ASSERT_LE(0, i);
	EXPECT_EQ((ssize_t)len, read(i, text, sizeof(text) - 1));
	EXPECT_EQ(0, memcmp(text, expected, len));
	close(i);

	snprintf(path, sizeof(path), "%s/" NUMBERS, self->dir);
	ASSERT_EQ(0, stat(path, &status));
	EXPECT_EQ(S_IFREG | 0400, status.st_mode);
}

TEST_F(debugfs, an_error_of_the_driver)
{
	char text[16];

	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "0"));
	EXPECT_EQ(-ENODATA, read_file(self->dir, NUMBERS, text, sizeof(text)));
}

static int call_read(struct caller *caller)
{
	char text[16];
	ssize_t len = read(caller->fd, text, sizeof(text));

	return len < 0 ? -errno : len;
}

/* It may look at the hardware, which is the reset's until that is over. */
TEST_F(debugfs, wait_for_a_reset)
{
	struct caller reader = { .call = call_read, .syscall_nr = SYS_read };
	int user = test_open(&self->node, O_RDWR);

	ASSERT_LE(0, user);
	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "1"));
	reader.fd = open_numbers(self->dir);
	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, test_set_reset(user, false, TIMEOUT_MS));
	ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_RESET, 0, 0, NULL));
	ASSERT_EQ(0, wait_state(user, ACCEL_STATE_RESETTING));
	EXPECT_EQ(0, caller_start(&reader))
		TH_LOG("a debug file was read during a reset");
	ASSERT_EQ(0, test_set_reset(user, false, 0));
	ASSERT_EQ(0, caller_join(&reader));
	EXPECT_EQ(9, reader.ret);
	close(reader.fd);
	close(user);
}

/* The file keeps what it is of, but not the driver. */
TEST_F(debugfs, open_when_the_device_goes)
{
	char text[16];
	int fd;

	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "7"));
	fd = open_numbers(self->dir);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, access(self->dir, F_OK));
	EXPECT_EQ(ENOENT, errno);

	ASSERT_EQ(0, test_device_remove());
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(-1, read(fd, text, sizeof(text)));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	ASSERT_EQ(0, module_load(TEST_DRIVER, ""));
}

/* Somebody who reads into a page that is stalled. */
struct reader {
	struct stalled_page page;
	ssize_t result;
	int fd;
};

static void *read_file_into(void *data)
{
	struct reader *reader = data;

	reader->result = read(reader->fd, reader->page.address, reader->page.size);
	return NULL;
}

TEST_F_TIMEOUT(debugfs, a_slow_reader_does_not_hold_up_removal, 120)
{
	struct reader reader;
	pthread_t thread;
	__u64 begin;

	ASSERT_EQ(0, write_file(self->node.class_dir, NUMBER, "3"));
	reader.fd = open_numbers(self->dir);
	ASSERT_LE(0, reader.fd);
	ASSERT_EQ(0, stalled_page_map(&reader.page));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_file_into, &reader));
	ASSERT_EQ(0, stalled_page_wait(&reader.page));

	begin = now_ns();
	EXPECT_EQ(0, node_unbind(&self->node));
	EXPECT_GT(REMOVAL_NS, now_ns() - begin);

	ASSERT_EQ(0, stalled_page_release(&reader.page));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ((ssize_t)strlen("00000001\n00000002\n00000003\n"), reader.result);
	stalled_page_unmap(&reader.page);
	close(reader.fd);
}

TEST_HARNESS_MAIN
