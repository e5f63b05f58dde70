// SPDX-License-Identifier: GPL-2.0
/*
 * With the rules of Documentation/accel/uapi.rst, udev makes a link to the node by where
 * the device is, which stays when the number of the node does not.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "gone.h"

#define RULES "/run/udev/rules.d"
#define FILE_NAME "70-accel-test.rules"

/* Two, as udev imports only when all else of a rule matches. */
#define IMPORT_RULE "SUBSYSTEM==\"accelerator\", IMPORT{builtin}=\"path_id\"\n"
#define MATCH "SUBSYSTEM==\"accelerator\", ENV{ID_PATH}==\"?*\", "
#define LINK "SYMLINK+=\"accelerator/by-path/$env{ID_PATH}\"\n"
static const char rules[] = IMPORT_RULE MATCH LINK;

/* In the program itself, however its tests have ended. */
static void __attribute__((destructor)) remove_rules(void)
{
	if (!unlink(RULES "/" FILE_NAME) && system("udevadm control --reload"))
		fprintf(stderr, "udevd still has the rules of this test\n");
}

static bool setup_rules(struct __test_metadata *_metadata)
{
	int fd;

	/* Where it takes too much of the processors, it has been told to end. */
	if (system("udevadm control --ping 2>/dev/null"))
		SKIP(return false, "no udevd runs here");
	mkdir(RULES, 0755);
	fd = open(RULES "/" FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(rules) - 1, write(fd, rules, sizeof(rules) - 1));
	close(fd);
	ASSERT_EQ(0, system("udevadm control --reload"));
	return true;
}

/* Waits until udev is done with what has happened. */
static void wait_for_udev(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, system("udevadm settle"));
}

static void expect_link(struct __test_metadata *_metadata, const char *path,
			const struct node *node)
{
	struct stat link, direct;

	ASSERT_EQ(0, stat(path, &link))
		TH_LOG("%s: %s", path, strerror(errno));
	ASSERT_EQ(0, stat(node->path, &direct));
	EXPECT_EQ(direct.st_rdev, link.st_rdev);
}

TEST_F_TIMEOUT(gone, is_found_by_its_path, 120)
{
	struct node again = self->node;
	char bus[32], path[128];

	ASSERT_EQ(0, link_name(self->node.device_dir, "subsystem", bus, sizeof(bus)));
	if (strcmp(bus, "pci"))
		SKIP(return, "udev knows no path for devices on the bus %s", bus);
	if (!setup_rules(_metadata))
		return;
	snprintf(path, sizeof(path), DEV_DIR "/by-path/pci-%s", node_address(&self->node));

	ASSERT_EQ(0, node_unbind(&self->node));
	wait_for_udev(_metadata);
	EXPECT_EQ(-1, access(path, F_OK));
	/* The old files keep the number, so the device has another one now. */
	ASSERT_EQ(0, node_bind(&again));
	wait_for_udev(_metadata);
	EXPECT_NE(self->node.minor, again.minor);
	expect_link(_metadata, path, &again);
}

TEST_HARNESS_MAIN
