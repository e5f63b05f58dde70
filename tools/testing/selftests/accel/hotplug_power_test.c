// SPDX-License-Identifier: GPL-2.0
/*
 * A card is taken out whose driver manages its power, while it is asleep or awake,
 * with files open, a mapping, and somebody who waits.
 *
 * Environment:
 *  ACCEL_CARD  a shell command that plugs in a further card of accel_test_pci when
 *              "plug" is appended, has the system let go of it with "unplug", and
 *              takes it out without asking with "pull"
 */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "caller.h"
#include "harness.h"
#include "power.h"
#include "sigbus.h"

#define CARDS "/sys/bus/pci/drivers/accel_test_pci/*:*"
#define GONE (POLLHUP | POLLERR)
#define NS_PER_MS 1000000ULL
#define PATTERN 0x5a5a5a5a
/* A word of the memory that the driver does not use. */
#define WORD 16

static int card(const char *verb)
{
	char command[256];

	snprintf(command, sizeof(command), "%s %s", getenv("ACCEL_CARD"), verb);
	return system(command);
}

FIXTURE(card) {
	struct node node;
	int user;
	int observer;
	__u32 *memory;
};

FIXTURE_VARIANT(card) {
	const char *verb;
	bool asleep;
};

FIXTURE_VARIANT_ADD(card, asleep_unplugged) {
	.verb = "unplug", .asleep = true,
};

FIXTURE_VARIANT_ADD(card, awake_unplugged) {
	.verb = "unplug", .asleep = false,
};

FIXTURE_VARIANT_ADD(card, asleep_pulled) {
	.verb = "pull", .asleep = true,
};

FIXTURE_VARIANT_ADD(card, awake_pulled) {
	.verb = "pull", .asleep = false,
};

/* Whether a path is among those that were found. */
static bool among(const glob_t *found, const char *path)
{
	size_t i;

	for (i = 0; i < found->gl_pathc; i++) {
		if (!strcmp(found->gl_pathv[i], path))
			return true;
	}
	return false;
}

/* Waits for a card that was not there @before. */
static int find_card(struct node *node, const glob_t *before)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * NS_PER_MS;
	int ret = -ENOENT;
	glob_t now;
	size_t i;

	memset(node, 0, sizeof(*node));
	while (ret && now_ns() < deadline) {
		sleep_ms(10);
		if (glob(CARDS, 0, NULL, &now))
			continue;
		for (i = 0; i < now.gl_pathc; i++) {
			if (among(before, now.gl_pathv[i]) ||
			    !realpath(now.gl_pathv[i], node->device_dir))
				continue;
			ret = node_lookup(node);
			/* The node comes a moment after what sysfs has of it. */
			if (!ret && access(node->path, F_OK))
				ret = -errno;
		}
		globfree(&now);
	}
	return ret;
}

static void wait_gone(struct __test_metadata *_metadata, const char *path)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * NS_PER_MS;

	while (!access(path, F_OK)) {
		ASSERT_GT(deadline, now_ns())
			TH_LOG("%s is still there", path);
		sleep_ms(10);
	}
}

FIXTURE_SETUP(card)
{
	glob_t before = {};

	if (!getenv("ACCEL_CARD"))
		SKIP(return, "ACCEL_CARD is not set");
	if (!setup_root(_metadata))
		return;
	glob(CARDS, 0, NULL, &before);
	ASSERT_EQ(0, card("plug"));
	ASSERT_EQ(0, find_card(&self->node, &before));
	globfree(&before);

	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	self->memory = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->user, ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, self->memory);
	self->memory[WORD] = PATTERN;
	ASSERT_EQ(PATTERN, self->memory[WORD]);
}

FIXTURE_TEARDOWN(card)
{
	munmap(self->memory, sysconf(_SC_PAGESIZE));
	EXPECT_EQ(0, close(self->user));
	EXPECT_EQ(0, close(self->observer));
}

/* Asleep, the device on the bus may sleep, too; awake, it is because of its memory. */
static void fall_asleep_or_not(struct __test_metadata *_metadata, const struct node *node,
			       int user, bool asleep)
{
	char path[PATH_MAX + 8];
	__u32 handle;

	if (access("/sys/power", F_OK))
		return;
	if (asleep) {
		snprintf(path, sizeof(path), "%s/power", node->device_dir);
		EXPECT_EQ(0, write_file(path, "control", "auto"));
		EXPECT_EQ(0, power_wait(node, "suspended"));
	} else {
		ASSERT_EQ(0, buffer_create_in(user, 1, sysconf(_SC_PAGESIZE), &handle));
		EXPECT_TRUE(power_is(node, "active"));
	}
}

/* Nobody tells the system that a card was pulled, except the administrator, later. */
static void after_pull(struct __test_metadata *_metadata, const struct node *node, int user)
{
	struct accel_test_pci_peek peek = { .size = sizeof(peek), .offset = 4 * WORD };
	unsigned short vendor;
	char path[PATH_MAX + 8];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/config", node->device_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(vendor), read(fd, &vendor, sizeof(vendor)));
	EXPECT_EQ(0xffff, vendor);
	close(fd);
	/* Whoever wakes what is not there is told so, or reads nonsense. */
	ret = sys_ioctl(user, ACCEL_TEST_PCI_IOC_PEEK, &peek);
	if (ret)
		EXPECT_EQ(-EIO, ret);
	ASSERT_EQ(0, write_file(node->device_dir, "remove", "1"));
}

static void take_out(struct __test_metadata *_metadata, const struct node *node, int user,
		     const char *verb)
{
	ASSERT_EQ(0, card(verb));
	if (!strcmp(verb, "pull"))
		after_pull(_metadata, node, user);
	wait_gone(_metadata, node->path);
	wait_gone(_metadata, node->device_dir);
}

TEST_F_TIMEOUT(card, is_taken_out, 120)
{
	struct accel_test_pci_peek peek = { .size = sizeof(peek), .offset = 4 * WORD };
	struct caller poller = poll_caller(self->observer, 0, 8 * TIMEOUT_MS);
	__u32 value;

	EXPECT_EQ(0, sys_ioctl(self->user, ACCEL_TEST_PCI_IOC_PEEK, &peek));
	EXPECT_EQ(PATTERN, peek.value);
	ASSERT_EQ(0, caller_start(&poller));
	fall_asleep_or_not(_metadata, &self->node, self->user, variant->asleep);
	take_out(_metadata, &self->node, self->user, variant->verb);

	ASSERT_EQ(0, caller_join(&poller));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(GONE, poller.result);
	peek.value = 0;
	EXPECT_EQ(-ENODEV, sys_ioctl(self->user, ACCEL_TEST_PCI_IOC_PEEK, &peek));
	EXPECT_EQ(-ENODEV, sys_ioctl(self->observer, ACCEL_IOC_INFO, NULL));
	ASSERT_EQ(0, catch_sigbus());
	EXPECT_EQ(-EFAULT, load_word(&self->memory[WORD], &value));
}

TEST_HARNESS_MAIN
