// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that the PCI core resets while they are used: by "reset" of the device,
 * and by "reset_subordinate" of the bridge above it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include <accel/edu.h>
#include <accel_test_pci.h>

#include "copier.h"
#include "edu_nodes.h"
#include "events.h"
#include "harness.h"
#include "pci_config.h"
#include "power.h"
#include "sigbus.h"

#define RESETS 8
/* Where the memory of accel_test_pci is free. */
#define FREE 64
/* The hook of accel_test_pci takes 300 ms. */
#define HOOK_NS 300000000ULL

/* Has the PCI core reset the function, which returns when that is done. */
static int function_reset(const struct node *node)
{
	return write_file(node->device_dir, "reset", "1");
}

/* Has the driver ask for that. */
static int driver_reset(const struct node *node)
{
	struct accel_edu_reset reset = { .size = sizeof(reset) };
	int fd = open(node->path, O_RDWR | O_CLOEXEC), ret = -errno;

	if (fd < 0)
		return ret;
	ret = sys_ioctl(fd, ACCEL_EDU_IOC_RESET, &reset);
	close(fd);
	return ret;
}

static int bridge_reset(const struct node *node)
{
	char dir[PATH_MAX + 4];

	snprintf(dir, sizeof(dir), "%s/..", node->device_dir);
	return write_file(dir, "reset_subordinate", "1");
}

FIXTURE(edu) {
	/* One that is alone on its bus, so that it can be reset. */
	struct node node;
	struct copier copier;
	struct accel_info_status before;
};

FIXTURE_VARIANT(edu) {
	int (*reset)(const struct node *node);
	/* What comes of one by a user if the device is wedged, before or afterwards. */
	int wedged;
};

FIXTURE_VARIANT_ADD(edu, by_itself) {
	.reset = function_reset,
};

FIXTURE_VARIANT_ADD(edu, by_its_driver) {
	.reset = driver_reset,
	.wedged = -EIO,
};

FIXTURE_VARIANT_ADD(edu, below_a_bridge) {
	.reset = bridge_reset,
};

FIXTURE_SETUP(edu)
{
	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, edu_nodes(&self->node, 1));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, copier_open(&self->copier, &self->node));
	read_status(_metadata, self->copier.fd, &self->before);
}

FIXTURE_TEARDOWN(edu)
{
	EXPECT_EQ(0, copier_copy(&self->copier));
	copier_close(&self->copier);
}

static void check_status(struct __test_metadata *_metadata, int fd,
			 const struct accel_info_status *before, unsigned int resets)
{
	struct accel_info_status after;

	ASSERT_EQ(0, wait_state(fd, ACCEL_STATE_RUNNING));
	read_status(_metadata, fd, &after);
	EXPECT_EQ(before->resets + resets, after.resets);
	EXPECT_EQ(before->errors, after.errors);
}

/* A thread that uses the device, and counts what comes of it. */
struct load {
	struct copier *copier;
	atomic_bool stop;
	pthread_t thread;
	unsigned int done, lost, failed, empty;
};

static void *use(void *arg)
{
	struct load *load = arg;

	while (!atomic_load(&load->stop)) {
		switch (copier_copy(load->copier)) {
		case 0:
			load->done++;
			break;
		case -ECANCELED:
			load->lost++;
			break;
		case -EILSEQ:
			load->empty++;
			break;
		default:
			load->failed++;
		}
	}
	return NULL;
}

/* Users notice that work is lost, and nothing else. */
TEST_F_TIMEOUT(edu, in_use, 300)
{
	struct load load = { .copier = &self->copier };
	int i;

	ASSERT_EQ(0, pthread_create(&load.thread, NULL, use, &load));
	for (i = 0; i < RESETS; i++) {
		sleep_ms(100 + 70 * i);
		EXPECT_EQ(0, variant->reset(&self->node));
	}
	ASSERT_EQ(0, wait_state(self->copier.fd, ACCEL_STATE_RUNNING));
	sleep_ms(500);
	atomic_store(&load.stop, true);
	ASSERT_EQ(0, pthread_join(load.thread, NULL));
	EXPECT_LT(0, load.done);
	EXPECT_LT(0, load.lost);
	EXPECT_EQ(0, load.failed);
	EXPECT_EQ(0, load.empty)
		TH_LOG("calls that succeeded, and had not copied");
	check_status(_metadata, self->copier.fd, &self->before, RESETS);
}

/* Subscribers are told; but it is no error. */
TEST_F_TIMEOUT(edu, is_told, 120)
{
	struct accel_event event;

	ASSERT_EQ(0, events_subscribe(self->copier.fd, ALL_CLASSES, -1));
	ASSERT_EQ(0, variant->reset(&self->node));
	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(self->copier.fd, &event));
	EXPECT_EQ(ACCEL_STATE_RESETTING, event.data[0]);
	EXPECT_EQ(ACCEL_STATE_RUNNING, event.data[1]);
	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(self->copier.fd, &event));
	EXPECT_EQ(ACCEL_STATE_RUNNING, event.data[0]);
	check_status(_metadata, self->copier.fd, &self->before, 1);
}

/* It masters the bus and interrupts as before: the next copy needs both. */
TEST_F_TIMEOUT(edu, again_and_again, 120)
{
	int i, command = pci_command(&self->node);

	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, variant->reset(&self->node));
		EXPECT_EQ(command, pci_command(&self->node));
		EXPECT_EQ(0, copier_copy(&self->copier));
	}
	check_status(_metadata, self->copier.fd, &self->before, RESETS);
}

/* The device itself is only reset when the bus is done with it. */
TEST_F_TIMEOUT(edu, at_once, 120)
{
	struct accel_info_status status;
	int i;

	for (i = 0; i < RESETS; i++)
		ASSERT_EQ(0, variant->reset(&self->node));
	EXPECT_EQ(0, copier_copy(&self->copier));
	read_status(_metadata, self->copier.fd, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_LT(self->before.resets, status.resets);
	EXPECT_GE(self->before.resets + RESETS, status.resets);
}

/* It stays asleep until its bus is reset, and is woken for its own reset. */
TEST_F_TIMEOUT(edu, asleep, 120)
{
	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, variant->reset(&self->node));
	check_status(_metadata, self->copier.fd, &self->before, 1);
	EXPECT_EQ(0, copier_copy(&self->copier));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

/* As the administrator's own reset, it brings back what was wedged; a user's does not. */
TEST_F_TIMEOUT(edu, wedged, 120)
{
	ASSERT_EQ(0, pci_hide(&self->node));
	ASSERT_EQ(-EIO, admin_reset(&self->node, "force"));
	ASSERT_EQ(-EIO, copier_copy(&self->copier));
	ASSERT_EQ(0, pci_show(&self->node));
	ASSERT_EQ(variant->wedged, variant->reset(&self->node));
	if (variant->wedged)
		ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, wait_state(self->copier.fd, ACCEL_STATE_RUNNING));
}

/* One that does not answer afterwards is wedged. */
TEST_F_TIMEOUT(edu, in_vain, 120)
{
	struct accel_info_status status;

	ASSERT_EQ(0, pci_hide(&self->node));
	ASSERT_EQ(variant->wedged, variant->reset(&self->node));
	ASSERT_EQ(0, wait_state(self->copier.fd, ACCEL_STATE_WEDGED));
	EXPECT_EQ(-EIO, copier_copy(&self->copier));
	read_status(_metadata, self->copier.fd, &status);
	EXPECT_EQ(ACCEL_ERROR_RESET_FAILED, status.last_error);
	ASSERT_EQ(0, pci_show(&self->node));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
}

/* The device goes in the middle of it, and comes back. */
TEST_F_TIMEOUT(edu, goes, 120)
{
	struct load load = { .copier = &self->copier };
	int i;

	ASSERT_EQ(0, pthread_create(&load.thread, NULL, use, &load));
	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, variant->reset(&self->node));
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(0, node_bind(&self->node));
	}
	atomic_store(&load.stop, true);
	ASSERT_EQ(0, pthread_join(load.thread, NULL));
	EXPECT_EQ(0, load.empty);
	copier_close(&self->copier);
	ASSERT_EQ(0, copier_open(&self->copier, &self->node));
}

/* A device whose own reset takes a while, and whose memory outlasts that of its bus. */
FIXTURE(slow) {
	struct node node;
	struct accel_info_status before;
	unsigned char *memory;
	int fd;
};

FIXTURE_SETUP(slow)
{
	void *memory;

	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	memory = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		      ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, memory);
	self->memory = memory;
	read_status(_metadata, self->fd, &self->before);
}

FIXTURE_TEARDOWN_PARENT(slow)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

/* Who touches a mapping waits for the device's own reset. */
TEST_F_TIMEOUT(slow, mappings_wait, 120)
{
	unsigned char value;
	__u64 begin;

	self->memory[FREE] = 0x5a;
	ASSERT_EQ(0, bridge_reset(&self->node));
	begin = now_ns();
	ASSERT_EQ(0, load_byte(self->memory + FREE, &value));
	EXPECT_EQ(0x5a, value);
	EXPECT_LE(HOOK_NS / 2, now_ns() - begin);
	check_status(_metadata, self->fd, &self->before, 1);
}

/* Waits until the driver's hook runs. */
static void wait_hook(struct __test_metadata *_metadata, int fd)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	struct accel_test_pci_hook hook;

	do {
		hook = (struct accel_test_pci_hook) { .size = sizeof(hook) };
		ASSERT_EQ(0, sys_ioctl(fd, ACCEL_TEST_PCI_IOC_HOOK, &hook));
		if (hook.running)
			return;
		sleep_ms(1);
	} while (now_ns() < deadline);
	ASSERT_TRUE(hook.running);
}

/* The second waits for the hook that the first has called. */
TEST_F_TIMEOUT(slow, two_in_a_row, 120)
{
	unsigned char value;

	ASSERT_EQ(0, bridge_reset(&self->node));
	wait_hook(_metadata, self->fd);
	ASSERT_EQ(0, bridge_reset(&self->node));
	ASSERT_EQ(0, load_byte(self->memory + FREE, &value));
	check_status(_metadata, self->fd, &self->before, 2);
}

static void *reset_by_administrator(void *node)
{
	return (void *)(intptr_t)admin_reset(node, "force");
}

TEST_F_TIMEOUT(slow, with_one_by_the_administrator, 120)
{
	pthread_t thread;
	void *result;
	int i;

	for (i = 0; i < RESETS; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, reset_by_administrator, &self->node));
		sleep_ms(40 * i);
		EXPECT_EQ(0, bridge_reset(&self->node));
		ASSERT_EQ(0, pthread_join(thread, &result));
		EXPECT_EQ(NULL, result);
	}
	EXPECT_EQ(0, wait_state(self->fd, ACCEL_STATE_RUNNING));
}

/* A removal is noticed by the hook that the reset of the bus has left under way. */
TEST_F_TIMEOUT(slow, goes, 120)
{
	unsigned char value;

	ASSERT_EQ(0, bridge_reset(&self->node));
	wait_hook(_metadata, self->fd);
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-EFAULT, load_byte(self->memory, &value));
	EXPECT_EQ(-ENODEV, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_PEEK, NULL));
	ASSERT_EQ(0, bridge_reset(&self->node));
	ASSERT_EQ(0, node_bind(&self->node));
}

TEST_HARNESS_MAIN
