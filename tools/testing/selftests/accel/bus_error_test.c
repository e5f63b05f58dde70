// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that the bus finds (AER), and what becomes of the devices below the port
 * that has reported them.
 *
 * Environment:
 *  ACCEL_BUS_ERROR  a shell command that has a port report an error: its arguments
 *                   are the port, "root1" or "root2", and the name of the error.
 *                   Below the first port is an edu device, below the second one another
 *                   edu device, and then that of accel_test_pci
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "caller.h"
#include "copier.h"
#include "edu_nodes.h"
#include "events.h"
#include "harness.h"
#include "pci_config.h"
#include "power.h"

#define ALONE "root1"
#define SHARED "root2"
/* The link fails: the port resets what is below it. */
#define FATAL "DLP"
/* An answer has not come in time: the link is what it was. */
#define NONFATAL "COMP_TIME"
/* In a minute, because of errors. */
#define RESETS_MAX 5
#define ERRORS 3

/* A register of edu, and that the interrupt is one of a factorial. */
#define EDU_RAISE 0x60
#define EDU_FACTORIAL 1

enum code { WORKING = 1, FROZEN = 2, LOST = 3 };

static int bus_error(const char *port, const char *error)
{
	char command[256];

	snprintf(command, sizeof(command), "%s %s %s >/dev/null", getenv("ACCEL_BUS_ERROR"),
		 port, error);
	return system(command);
}

/* Waits until the device has had so many errors, and reads its status. */
static void wait_errors(struct __test_metadata *_metadata, int fd, __u64 errors,
			struct accel_info_status *status)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;

	do {
		read_status(_metadata, fd, status);
		if (status->errors >= errors && status->state != ACCEL_STATE_RESETTING)
			return;
		sleep_ms(1);
	} while (now_ns() < deadline);
	ASSERT_EQ(errors, status->errors);
	ASSERT_NE(ACCEL_STATE_RESETTING, status->state);
}

FIXTURE(error) {
	struct node node;
	struct copier copier;
	struct accel_info_status before;
};

FIXTURE_VARIANT(error) {
	const char *name;
	__u64 code;
};

FIXTURE_VARIANT_ADD(error, fatal) {
	.name = FATAL,
	.code = FROZEN,
};

FIXTURE_VARIANT_ADD(error, nonfatal) {
	.name = NONFATAL,
	.code = WORKING,
};

FIXTURE_SETUP(error)
{
	if (!setup_root(_metadata))
		return;
	ASSERT_NE(NULL, getenv("ACCEL_BUS_ERROR"));
	ASSERT_EQ(0, edu_nodes(&self->node, 1));
	/* From then on, resets because of errors are counted anew. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, copier_open(&self->copier, &self->node));
	read_status(_metadata, self->copier.fd, &self->before);
}

FIXTURE_TEARDOWN(error)
{
	EXPECT_EQ(0, copier_copy(&self->copier));
	copier_close(&self->copier);
}

struct load {
	struct copier *copier;
	atomic_bool stop;
	pthread_t thread;
	unsigned int lost, failed;
};

static void *use(void *arg)
{
	struct load *load = arg;
	int ret;

	while (!atomic_load(&load->stop)) {
		ret = copier_copy(load->copier);
		load->lost += ret == -ECANCELED;
		load->failed += ret && ret != -ECANCELED;
	}
	return NULL;
}

/* Users notice that work is lost, and nothing else. */
TEST_F_TIMEOUT(error, in_use, 300)
{
	struct load load = { .copier = &self->copier };
	struct accel_info_status status;
	int i;

	ASSERT_EQ(0, pthread_create(&load.thread, NULL, use, &load));
	for (i = 1; i <= ERRORS; i++) {
		ASSERT_EQ(0, bus_error(ALONE, variant->name));
		wait_errors(_metadata, self->copier.fd, self->before.errors + i, &status);
		EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
		EXPECT_EQ(ACCEL_ERROR_BUS, status.last_error);
		EXPECT_EQ(variant->code, status.last_error_code);
		EXPECT_EQ(self->before.resets + i, status.resets);
		sleep_ms(50 * i);
	}
	atomic_store(&load.stop, true);
	ASSERT_EQ(0, pthread_join(load.thread, NULL));
	EXPECT_LT(0, load.lost);
	EXPECT_EQ(0, load.failed);
}

TEST_F_TIMEOUT(error, asleep, 120)
{
	struct accel_info_status status;

	ASSERT_EQ(0, power_wait(&self->node, "suspended"));
	ASSERT_EQ(0, bus_error(ALONE, variant->name));
	wait_errors(_metadata, self->copier.fd, self->before.errors + 1, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_EQ(0, copier_copy(&self->copier));
	EXPECT_EQ(0, power_wait(&self->node, "suspended"));
}

/* Other than a reset that somebody has asked for, it does not bring back what was wedged. */
TEST_F_TIMEOUT(error, wedged, 120)
{
	struct accel_info_status status;

	ASSERT_EQ(0, pci_hide(&self->node));
	ASSERT_EQ(-EIO, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, pci_show(&self->node));
	ASSERT_EQ(0, bus_error(ALONE, variant->name));
	wait_errors(_metadata, self->copier.fd, self->before.errors + 2, &status);
	EXPECT_EQ(ACCEL_ERROR_BUS, status.last_error);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	/* This waits until the bus has given it back. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
}

/* Too many of them are taken for a device that is of no more use. */
TEST_F_TIMEOUT(error, too_many, 300)
{
	struct accel_info_status status;
	int i;

	for (i = 1; i <= RESETS_MAX; i++) {
		ASSERT_EQ(0, bus_error(ALONE, variant->name));
		wait_errors(_metadata, self->copier.fd, self->before.errors + i, &status);
		EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	}
	ASSERT_EQ(0, bus_error(ALONE, variant->name));
	wait_errors(_metadata, self->copier.fd, self->before.errors + i + 1, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(ACCEL_ERROR_RESET_STORM, status.last_error);
	EXPECT_EQ(-EIO, copier_copy(&self->copier));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
}

/* Two devices below the same port. */
FIXTURE(shared) {
	struct node node;
	struct node nodes[2];
	struct node *edu;
	struct accel_info_status before;
	struct accel_info_status edu_before;
	int fd;
	int edu_fd;
};

FIXTURE_SETUP(shared)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_NE(NULL, getenv("ACCEL_BUS_ERROR"));
	ASSERT_EQ(0, edu_nodes(self->nodes, 2));
	self->edu = &self->nodes[1];
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, admin_reset(self->edu, "force"));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->edu_fd = test_open(self->edu, O_RDWR);
	ASSERT_LE(0, self->edu_fd);
	read_status(_metadata, self->fd, &self->before);
	read_status(_metadata, self->edu_fd, &self->edu_before);
}

FIXTURE_TEARDOWN_PARENT(shared)
{
	if (!self->edu)
		return;
	write_file(self->edu->device_dir, "msi_bus", "1");
	if (!node_bound(self->edu))
		EXPECT_EQ(0, node_bind(self->edu));
}

TEST_F_TIMEOUT(shared, both_are_reset, 120)
{
	struct accel_test_pci_peek peek = { .size = sizeof(peek) };
	struct accel_info_status status;
	__u32 result;

	ASSERT_EQ(0, bus_error(SHARED, FATAL));
	wait_errors(_metadata, self->fd, self->before.errors + 1, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_EQ(FROZEN, status.last_error_code);
	wait_errors(_metadata, self->edu_fd, self->edu_before.errors + 1, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_PEEK, &peek));
	EXPECT_EQ(0, edu_factorial(self->edu_fd, 6, TIMEOUT_MS, &result));
	EXPECT_EQ(720, result);
}

/* One without a driver cannot recover, and then the kernel gives up all of them. */
TEST_F_TIMEOUT(shared, is_given_up, 120)
{
	struct accel_test_pci_peek peek = { .size = sizeof(peek) };
	struct accel_info_status status;

	close(self->edu_fd);
	ASSERT_EQ(0, node_unbind(self->edu));
	ASSERT_EQ(0, bus_error(SHARED, NONFATAL));
	wait_errors(_metadata, self->fd, self->before.errors + 2, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(ACCEL_ERROR_BUS, status.last_error);
	EXPECT_EQ(LOST, status.last_error_code);
	EXPECT_EQ(-EIO, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_PEEK, &peek));

	/* It was only given up: the administrator may try. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_PEEK, &peek));
	ASSERT_EQ(0, node_bind(self->edu));
}

/* How often an interrupt of the system has come. */
static int count_interrupts(long irq, __u64 *count)
{
	char dir[64], text[4096], *next = text;
	int ret;

	snprintf(dir, sizeof(dir), "/sys/kernel/irq/%ld", irq);
	ret = read_file(dir, "per_cpu_count", text, sizeof(text));
	if (ret)
		return ret;
	*count = 0;
	do {
		*count += strtoull(next, &next, 10);
	} while (*next++ == ',');
	return 0;
}

static void *map_registers(const struct node *node)
{
	char path[PATH_MAX + 16];
	void *registers;
	int fd;

	snprintf(path, sizeof(path), "%s/resource0", node->device_dir);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return MAP_FAILED;
	registers = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return registers;
}

/* Has a device do without MSI. */
static int use_line(struct node *node)
{
	int ret = node_unbind(node);

	if (!ret)
		ret = write_file(node->device_dir, "msi_bus", "0");
	return ret ? ret : node_bind(node);
}

static const struct node *slow;

static int call_reset(struct caller *caller)
{
	(void)caller;
	return admin_reset(slow, "force");
}

/*
 * While the bus tells one device of an error, it has told the other one already.
 * If that raises its line then, nobody is there to lower it.
 */
TEST_F_TIMEOUT(shared, line_is_masked, 120)
{
	struct caller reset = { .call = call_reset, .syscall_nr = SYS_write };
	struct accel_test_pci_hook hook = { .size = sizeof(hook) };
	atomic_uint *registers, *memory;
	struct accel_info_status status;
	__u64 before, after;
	__u32 result;
	long irq;

	close(self->edu_fd);
	ASSERT_EQ(0, use_line(self->edu));
	self->edu_fd = test_open(self->edu, O_RDWR);
	ASSERT_LE(0, self->edu_fd);
	read_status(_metadata, self->edu_fd, &self->edu_before);
	ASSERT_EQ(0, read_number(self->edu->device_dir, "irq", &irq));
	registers = map_registers(self->edu);
	ASSERT_NE(MAP_FAILED, registers)
		TH_LOG("the kernel is to have iomem=relaxed");
	memory = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		      ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, memory);
	atomic_store_explicit(&memory[2], ACCEL_TEST_PCI_SLOW_RESET(3000), memory_order_relaxed);

	slow = &self->node;
	ASSERT_EQ(0, caller_start(&reset));
	ASSERT_EQ(0, bus_error(SHARED, NONFATAL));
	ASSERT_EQ(0, wait_state(self->edu_fd, ACCEL_STATE_RESETTING));
	sleep_ms(100);
	ASSERT_EQ(0, count_interrupts(irq, &before));
	atomic_store_explicit(&registers[EDU_RAISE / sizeof(*registers)], EDU_FACTORIAL,
			      memory_order_relaxed);
	sleep_ms(200);
	ASSERT_EQ(0, count_interrupts(irq, &after));
	/* The bus still waits, and so does edu. */
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_PCI_IOC_HOOK, &hook));
	ASSERT_EQ(1, hook.running);
	EXPECT_EQ(before, after);

	ASSERT_EQ(0, caller_join(&reset));
	wait_errors(_metadata, self->edu_fd, self->edu_before.errors + 1, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	/* It is handled then. */
	ASSERT_EQ(0, count_interrupts(irq, &after));
	EXPECT_LT(before, after);
	EXPECT_EQ(0, edu_factorial(self->edu_fd, 6, TIMEOUT_MS, &result));
	EXPECT_EQ(720, result);
	close(self->edu_fd);
	ASSERT_EQ(0, node_unbind(self->edu));
}

TEST_HARNESS_MAIN
