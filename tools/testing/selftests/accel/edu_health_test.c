// SPDX-License-Identifier: GPL-2.0
/*
 * How accel_edu keeps its device well: the watchdog, the reset, and what there
 * is to see of the device.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"
#include "power.h"

#define WATCHDOG "accel_edu/watchdog_ms"
#define WATCHDOG_MS 200
/* In a minute, because of errors. */
#define RESETS_MAX 5
#define DEBUGFS "/sys/kernel/debug"

FIXTURE(edu_health) {
	struct node node;
	char watchdog[16];
	int fd;
};

FIXTURE_SETUP(edu_health)
{
	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	ASSERT_EQ(0, read_file(self->node.class_dir, WATCHDOG, self->watchdog,
			       sizeof(self->watchdog)));
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(edu_health)
{
	EXPECT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, write_file(self->node.class_dir, WATCHDOG, self->watchdog));
	close(self->fd);
}

static __u32 now_computes(struct __test_metadata *_metadata, int fd)
{
	__u32 result;

	EXPECT_EQ(0, edu_factorial(fd, 5, TIMEOUT_MS, &result));
	return result;
}

/* Without its interrupt, it is taken for a job that never ends. */
TEST_F_TIMEOUT(edu_health, watchdog, 120)
{
	struct accel_info_status before, after;
	struct caller caller;

	read_status(_metadata, self->fd, &before);
	ASSERT_EQ(0, write_file(self->node.class_dir, WATCHDOG, "200"));
	ASSERT_EQ(0, node_stall(&self->node, true));
	caller = factorial_caller(self->fd, 12, 4 * TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ECANCELED, caller.ret);
	EXPECT_EQ(0, caller.result);
	EXPECT_LE(WATCHDOG_MS * 1000000ULL, caller.elapsed_ns);

	ASSERT_EQ(0, node_stall(&self->node, false));
	ASSERT_EQ(0, write_file(self->node.class_dir, WATCHDOG, self->watchdog));
	EXPECT_EQ(120, now_computes(_metadata, self->fd));
	read_status(_metadata, self->fd, &after);
	EXPECT_EQ(ACCEL_STATE_RUNNING, after.state);
	EXPECT_EQ(before.resets + 1, after.resets);
	EXPECT_EQ(before.errors + 1, after.errors);
	EXPECT_EQ(ACCEL_ERROR_TIMEOUT, after.last_error);
}

TEST_F(edu_health, watchdog_is_a_time)
{
	EXPECT_EQ(-EINVAL, write_file(self->node.class_dir, WATCHDOG, "0"));
	EXPECT_EQ(-EINVAL, write_file(self->node.class_dir, WATCHDOG, "soon"));
	EXPECT_EQ(0, write_file(self->node.class_dir, WATCHDOG, "4294967295"));
	EXPECT_EQ(120, now_computes(_metadata, self->fd));
}

/* Who has gone with an error because it was wedged is in nobody's way afterwards. */
TEST_F_TIMEOUT(edu_health, wedged, 120)
{
	struct caller caller;
	int i;

	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, write_file(self->node.class_dir, WATCHDOG, "200"));
	ASSERT_EQ(0, node_stall(&self->node, true));
	for (i = 0; i <= RESETS_MAX; i++) {
		caller = factorial_caller(self->fd, 12, 4 * TIMEOUT_MS);
		ASSERT_EQ(0, caller_start(&caller));
		ASSERT_EQ(0, caller_join(&caller));
		EXPECT_EQ(i < RESETS_MAX ? -ECANCELED : -EIO, caller.ret);
	}
	ASSERT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(120, now_computes(_metadata, self->fd));
}

/* The caller's work is lost; who comes then does not notice. */
TEST_F_TIMEOUT(edu_health, reset_by_the_administrator, 120)
{
	struct caller caller;

	ASSERT_EQ(0, node_stall(&self->node, true));
	caller = factorial_caller(self->fd, 12, 4 * TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&caller));
	EXPECT_EQ(-EBUSY, admin_reset(&self->node, "1"));
	ASSERT_EQ(0, node_stall(&self->node, false));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ECANCELED, caller.ret);
	EXPECT_EQ(120, now_computes(_metadata, self->fd));
}

TEST_F(edu_health, registers)
{
	char dir[64], text[512];

	if (access(DEBUGFS "/accelerator", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	snprintf(dir, sizeof(dir), DEBUGFS "/accelerator/%s", self->node.name);
	/* They are not looked at while it sleeps. */
	do {
		ASSERT_EQ(120, now_computes(_metadata, self->fd));
		ASSERT_EQ(0, read_file(dir, "registers", text, sizeof(text)));
	} while (!strcmp(text, "asleep"));
	EXPECT_NE(NULL, strstr(text, "id 0x010000ed\n"));
	EXPECT_NE(NULL, strstr(text, "factorial 120\n"));
	EXPECT_NE(NULL, strstr(text, "busy false\n"));
}

/* It sleeps when nobody uses it, and computes as before when it is needed. */
TEST_F_TIMEOUT(edu_health, sleeps, 120)
{
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(120, now_computes(_metadata, self->fd));
		EXPECT_EQ(0, power_wait(&self->node, "suspended"));
	}
	EXPECT_EQ(120, now_computes(_metadata, self->fd));
}

TEST_HARNESS_MAIN
