// SPDX-License-Identifier: GPL-2.0
/*
 * The uevents of a device: when it comes, changes and goes, with its state, its
 * resets and its last error.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "events.h"
#include "harness.h"

#define MESSAGE_MAX 8192

/**
 * struct uevent - a uevent of the device
 * @text: "ACTION@path", and strings "NAME=value", each with its NUL
 * @len: of all of it
 */
struct uevent {
	char text[MESSAGE_MAX];
	int len;
};

FIXTURE(uevent) {
	struct node node;
	int socket;
	struct uevent uevent;
};

FIXTURE_SETUP(uevent)
{
	/* Group 1 is the kernel's. */
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int size = 1 << 20;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	self->socket = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, self->socket);
	setsockopt(self->socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	ASSERT_EQ(0, bind(self->socket, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, test_device_add(&self->node));
}

FIXTURE_TEARDOWN_PARENT(uevent)
{
	EXPECT_EQ(0, test_device_remove());
}

/* The value of a variable, or NULL. */
static const char *variable(const struct uevent *uevent, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = uevent->text; at < uevent->text + uevent->len; at += strlen(at) + 1) {
		if (!strncmp(at, name, len) && at[len] == '=')
			return at + len + 1;
	}
	return NULL;
}

/* Waits for the next uevent of the device. */
static void next_uevent(struct __test_metadata *_metadata, struct _test_data_uevent *self)
{
	struct pollfd readable = { .fd = self->socket, .events = POLLIN };
	struct uevent *uevent = &self->uevent;
	char end[64];
	const char *path;

	snprintf(end, sizeof(end), "/" TEST_DRIVER "/accelerator/%s", self->node.name);
	do {
		ASSERT_EQ(1, poll(&readable, 1, TIMEOUT_MS));
		uevent->len = recv(self->socket, uevent->text, MESSAGE_MAX - 1, 0);
		ASSERT_LT(0, uevent->len);
		uevent->text[uevent->len] = '\0';
		path = variable(uevent, "DEVPATH");
	} while (!path || strlen(path) < strlen(end) ||
		 strcmp(path + strlen(path) - strlen(end), end));
}

static void expect_uevent(struct __test_metadata *_metadata, struct _test_data_uevent *self,
			  const char *action, const char *state, const char *resets,
			  const char *error)
{
	const char *last;

	next_uevent(_metadata, self);
	EXPECT_STREQ(action, variable(&self->uevent, "ACTION"));
	EXPECT_STREQ("accelerator", variable(&self->uevent, "SUBSYSTEM"));
	EXPECT_STREQ(state, variable(&self->uevent, "ACCEL_STATE"));
	EXPECT_STREQ(resets, variable(&self->uevent, "ACCEL_RESET"));
	last = variable(&self->uevent, "ACCEL_ERROR");
	EXPECT_STREQ(error ? error : "", last ? last : "");
}

TEST_F(uevent, tell_what_happens)
{
	int user = test_open(&self->node, O_RDWR);

	ASSERT_LE(0, user);
	expect_uevent(_metadata, self, "add", "running", "0", NULL);
	/* udevadm trigger */
	ASSERT_EQ(0, write_file(self->node.class_dir, "uevent", "change"));
	expect_uevent(_metadata, self, "change", "running", "0", NULL);

	ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_REPORT, 1, 3, NULL));
	expect_uevent(_metadata, self, "change", "running", "0", "firmware");

	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	expect_uevent(_metadata, self, "change", "resetting", "1", "firmware");
	expect_uevent(_metadata, self, "change", "running", "1", "firmware");

	ASSERT_EQ(0, test_set_reset(user, true, 0));
	ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_RESET, 0, 0, NULL));
	expect_uevent(_metadata, self, "change", "resetting", "2", "hardware");
	expect_uevent(_metadata, self, "change", "wedged", "2", "reset_failed");

	ASSERT_EQ(0, node_unbind(&self->node));
	expect_uevent(_metadata, self, "remove", "gone", "2", "reset_failed");
	close(user);
}

/* What the driver has to say beside that. */
TEST_F(uevent, of_the_driver)
{
	int fd = test_open(&self->node, O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_call(fd, ACCEL_TEST_IOC_UEVENT, 7, ~0U, NULL));
	do
		next_uevent(_metadata, self);
	while (!variable(&self->uevent, "ACCEL_DRIVER_FIRST"));
	EXPECT_STREQ("change", variable(&self->uevent, "ACTION"));
	EXPECT_STREQ("7", variable(&self->uevent, "ACCEL_DRIVER_FIRST"));
	EXPECT_STREQ("4294967295", variable(&self->uevent, "ACCEL_DRIVER_SECOND_2"));
	EXPECT_STREQ("running", variable(&self->uevent, "ACCEL_STATE"));
	close(fd);
}

TEST_HARNESS_MAIN
