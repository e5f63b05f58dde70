// SPDX-License-Identifier: GPL-2.0
/*
 * A call that stays inside a driver holds up a reset. The kernel's log says so,
 * again and again, until it leaves.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"

/* The longest that the driver stays, and much longer than what is reported. */
#define STAY_US 10000000
#define MESSAGE "still waiting for a call inside the driver after 5 s"

static int call_stay(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_STAY_INSIDE, STAY_US, 0, NULL);
}

/* Whether a message of the device has come since @log was opened. */
static bool has_said(int log, const struct node *node)
{
	char record[1024];
	ssize_t len;

	for (;;) {
		len = read(log, record, sizeof(record) - 1);
		/* EPIPE: some have been lost. */
		if (len < 0 && errno != EPIPE)
			return false;
		record[len > 0 ? len : 0] = '\0';
		if (strstr(record, MESSAGE) && strstr(record, node->name))
			return true;
	}
}

TEST(slow_call_is_reported)
{
	struct caller caller = { .call = call_stay, .syscall_nr = SYS_ioctl };
	struct node node;
	int log;

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &node, "shared"))
		return;
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, log);
	ASSERT_LE(0, lseek(log, 0, SEEK_END));
	caller.fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, caller.fd);

	ASSERT_EQ(0, caller_start(&caller));
	EXPECT_EQ(0, admin_reset(&node, "force"));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
	EXPECT_TRUE(has_said(log, &node))
		TH_LOG("the log has no: " MESSAGE);

	/* Of one that is over soon, it has nothing to say. */
	ASSERT_LE(0, lseek(log, 0, SEEK_END));
	EXPECT_EQ(0, admin_reset(&node, "force"));
	EXPECT_FALSE(has_said(log, &node));
	close(caller.fd);
	close(log);
}

TEST_HARNESS_MAIN
