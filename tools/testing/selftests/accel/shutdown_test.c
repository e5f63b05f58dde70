// SPDX-License-Identifier: GPL-2.0
/*
 * The system shuts down while devices are in use.
 *
 * Devices are shut down in the reverse of the order in which they were found. So one of
 * accel_test that is older than the edu devices is shut down after them, and a call inside
 * its driver holds up the system for long enough to look at what has become of them.
 *
 * Environment:
 *  ACCEL_SHUTDOWN  if 1, the machine may be shut down, and edu devices are younger than
 *                  accel_test.shared
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "copier.h"
#include "edu_nodes.h"
#include "events.h"
#include "harness.h"
#include "pci_config.h"
#include "power.h"

/* For how long the system is held up. */
#define STAY_US (ACCEL_TEST_MAX_STAY_MS * 1000)

/* A device with a user and an observer. */
struct used {
	struct node node;
	struct copier copier;
	int observer;
};

FIXTURE(shutdown) {
	struct node slow;
	struct used busy;
	struct used asleep;
	/* An observer of one that tells how often it was woken. */
	int woken;
};

static void use(struct __test_metadata *_metadata, struct used *used, const struct node *node)
{
	used->node = *node;
	ASSERT_EQ(0, copier_open(&used->copier, node));
	used->observer = test_open(node, O_RDONLY);
	ASSERT_LE(0, used->observer);
	ASSERT_EQ(0, copier_copy(&used->copier));
	ASSERT_TRUE(pci_command(node) & PCI_MASTER);
}

FIXTURE_SETUP(shutdown)
{
	const char *may = getenv("ACCEL_SHUTDOWN");
	struct node nodes[2], counts;

	if (!may || strcmp(may, "1"))
		SKIP(return, "ACCEL_SHUTDOWN is not 1");
	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->slow, "shared"))
		return;
	ASSERT_EQ(0, edu_nodes(nodes, 2));
	use(_metadata, &self->busy, &nodes[0]);
	use(_metadata, &self->asleep, &nodes[1]);
	ASSERT_EQ(0, test_device_add(&counts));
	self->woken = test_open(&counts, O_RDONLY);
	ASSERT_LE(0, self->woken);
	ASSERT_EQ(0, power_wait(&counts, "suspended"));
	ASSERT_EQ(0, power_wait(&self->asleep.node, "suspended"));
}

FIXTURE_TEARDOWN(shutdown)
{
}

/* Stays inside the driver, in a process that outlives the test. */
static void hold_up(struct __test_metadata *_metadata, const struct node *node)
{
	int fd = test_open(node, O_RDWR);
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(!!test_call(fd, ACCEL_TEST_IOC_STAY_INSIDE, STAY_US, 0, NULL));
	ASSERT_EQ(0, wait_asleep(pid, SYS_ioctl, NULL));
}

/* In a process of its own, as the call does not return. */
static void shut_down(struct __test_metadata *_metadata)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(!!reboot(RB_POWER_OFF));
}

struct load {
	struct copier *copier;
	atomic_uint done;
	int ret;
};

static void *copy_until_it_fails(void *arg)
{
	struct load *load = arg;

	do {
		load->ret = copier_copy(load->copier);
		if (!load->ret)
			atomic_fetch_add(&load->done, 1);
	} while (!load->ret);
	return NULL;
}

/* The device does no work any more, nor does it reach the memory. */
static void expect_stopped(struct __test_metadata *_metadata, struct used *used)
{
	struct pollfd poller = { .fd = used->copier.fd };
	__u64 deadline = now_ns() + STAY_US * 1000ULL;

	ASSERT_EQ(0, wait_state(used->observer, ACCEL_STATE_WEDGED));
	EXPECT_EQ(-EIO, copier_copy(&used->copier));
	ASSERT_EQ(1, poll(&poller, 1, 0));
	EXPECT_TRUE(poller.revents & POLLERR);
	while (pci_command(&used->node) & PCI_MASTER && now_ns() < deadline)
		sleep_ms(1);
	EXPECT_EQ(0, pci_command(&used->node) & PCI_MASTER);
}

TEST_F_TIMEOUT(shutdown, stops_devices, 60)
{
	struct load load = { .copier = &self->busy.copier };
	int resumes = power_count(self->woken, ACCEL_TEST_RESUMES);
	struct accel_info_status status;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, copy_until_it_fails, &load));
	while (atomic_load(&load.done) < 2)
		sleep_ms(1);
	hold_up(_metadata, &self->slow);
	shut_down(_metadata);

	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-EIO, load.ret);
	expect_stopped(_metadata, &self->busy);
	expect_stopped(_metadata, &self->asleep);
	ASSERT_EQ(0, wait_state(self->woken, ACCEL_STATE_WEDGED));
	EXPECT_EQ(resumes, power_count(self->woken, ACCEL_TEST_RESUMES));
	/* That is not an error of the device. */
	read_status(_metadata, self->busy.observer, &status);
	EXPECT_EQ(0, status.errors);
}

TEST_HARNESS_MAIN
