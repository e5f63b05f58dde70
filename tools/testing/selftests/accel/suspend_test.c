// SPDX-License-Identifier: GPL-2.0
/*
 * The system goes to sleep while devices are in use.
 *
 * For a machine that can do without all of its devices for a while, as one whose
 * files are on a network cannot. Environment:
 *
 *  ACCEL_WAKER      if 1, something wakes the machine: it really sleeps; otherwise
 *                   its devices are put to sleep and woken, but it stays awake
 *  ACCEL_HIBERNATE  if 1, its memory can be saved to a swap device
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "buffer.h"
#include "caller.h"
#include "events.h"
#include "harness.h"
#include "power.h"

#define POWER_DIR "/sys/power"
#define PATTERN 0x5a

FIXTURE(suspend) {
	struct node node;
	int user;
	int observer;
	int suspends;
	int resumes;
};

FIXTURE_SETUP(suspend)
{
	const char *waker = getenv("ACCEL_WAKER");
	bool really = waker && !strcmp(waker, "1");

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "shared"))
		return;
	ASSERT_EQ(0, write_file(POWER_DIR, "pm_test", really ? "none" : "devices"));
	if (!really)
		ASSERT_EQ(0, write_file("/sys/module/suspend/parameters", "pm_test_delay", "0"));
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	/* Neither is it asleep by chance. */
	ASSERT_EQ(0, power_set_delay(&self->node, TIMEOUT_MS));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, NULL));
	self->suspends = power_count(self->observer, ACCEL_TEST_SUSPENDS);
	self->resumes = power_count(self->observer, ACCEL_TEST_RESUMES);
}

FIXTURE_TEARDOWN(suspend)
{
	EXPECT_EQ(0, power_set(self->observer, 0, 0));
	EXPECT_EQ(0, power_fail_resume(self->observer, 0));
	EXPECT_EQ(0, test_set_reset(self->observer, false, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, power_count(self->observer, ACCEL_TEST_MISSED));
	close(self->observer);
	close(self->user);
}

/* These return when the system is awake again. */
static int sleep_now(void)
{
	return write_file(POWER_DIR, "state", "mem");
}

/* The memory is saved, and the system goes on with what was saved. */
static int hibernate_now(void)
{
	int ret = write_file(POWER_DIR, "disk", "test_resume");

	return ret ? ret : write_file(POWER_DIR, "state", "disk");
}

static int powered_add(int fd)
{
	return test_call(fd, ACCEL_TEST_IOC_POWERED_ADD, 1, 2, NULL);
}

static int call_sleep(struct caller *caller)
{
	return test_call(caller->fd, caller->n, TIMEOUT_MS, 0, NULL);
}

static struct caller sleeper(int fd, __u32 command)
{
	return (struct caller) {
		.call = call_sleep, .syscall_nr = SYS_ioctl, .fd = fd, .n = command,
	};
}

static int call_read(struct caller *caller)
{
	struct accel_event event;

	return events_read(caller->fd, &event, 1);
}

static int call_reset(struct caller *caller)
{
	struct node node = {};

	snprintf(node.class_dir, sizeof(node.class_dir), "/sys/class/accelerator/accel%u",
		 caller->n);
	return admin_reset(&node, "force");
}

/* Two who sleep in the driver, and one who waits for an event. */
struct sleepers {
	struct caller callers[3];
};

static void start_sleepers(struct __test_metadata *_metadata, struct sleepers *sleepers,
			   int user, int observer)
{
	struct caller *callers = sleepers->callers;
	int i;

	callers[0] = sleeper(user, ACCEL_TEST_IOC_SLEEP);
	callers[1] = sleeper(user, ACCEL_TEST_IOC_POWERED_SLEEP);
	callers[2] = (struct caller) { .call = call_read, .syscall_nr = SYS_read, .fd = observer };
	ASSERT_EQ(0, events_subscribe(observer, ACCEL_EVENT_CLASS_DRIVER, -1));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, caller_start(&callers[i]));
}

/* Their calls are made again when the system is awake, and wait for what comes then. */
static void await_sleepers(struct __test_metadata *_metadata, struct sleepers *sleepers)
{
	struct caller *callers = sleepers->callers;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, wait_asleep(atomic_load(&callers[i].tid), callers[i].syscall_nr,
					 &callers[i].done));
}

static void end_sleepers(struct __test_metadata *_metadata, struct sleepers *sleepers, int user)
{
	struct caller *callers = sleepers->callers;
	int i;

	await_sleepers(_metadata, sleepers);
	ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	ASSERT_EQ(0, test_call(user, ACCEL_TEST_IOC_SEND, 0, 1, NULL));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, caller_join(&callers[i]));
	EXPECT_EQ(0, callers[0].ret);
	EXPECT_EQ(0, callers[1].ret);
	EXPECT_EQ(1, callers[2].ret);
}

TEST_F(suspend, sleepers_sleep_on)
{
	struct sleepers sleepers;

	start_sleepers(_metadata, &sleepers, self->user, self->observer);
	ASSERT_EQ(0, sleep_now());
	/* Somebody needs it, so it was woken, by the system or by the call. */
	await_sleepers(_metadata, &sleepers);
	EXPECT_TRUE(power_is(&self->node, "active"));
	EXPECT_EQ(self->suspends + 1, power_count(self->observer, ACCEL_TEST_SUSPENDS));
	EXPECT_EQ(self->resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	end_sleepers(_metadata, &sleepers, self->user);
	EXPECT_EQ(0, powered_add(self->user));
}

TEST_F(suspend, one_without_use_sleeps_on)
{
	struct accel_info_status status;

	ASSERT_EQ(0, sleep_now());
	EXPECT_EQ(self->suspends + 1, power_count(self->observer, ACCEL_TEST_SUSPENDS));
	EXPECT_EQ(self->resumes, power_count(self->observer, ACCEL_TEST_RESUMES));
	EXPECT_TRUE(power_is(&self->node, "suspended"));
	/* Once more, asleep already. */
	ASSERT_EQ(0, sleep_now());
	EXPECT_EQ(self->suspends + 1, power_count(self->observer, ACCEL_TEST_SUSPENDS));
	EXPECT_EQ(0, powered_add(self->user));
	EXPECT_EQ(self->resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
}

TEST_F(suspend, one_that_is_busy_keeps_the_system_awake)
{
	ASSERT_EQ(0, power_set(self->observer, EBUSY, 0));
	EXPECT_EQ(-EBUSY, sleep_now());
	EXPECT_EQ(self->suspends, power_count(self->observer, ACCEL_TEST_SUSPENDS));
	EXPECT_EQ(0, powered_add(self->user));
}

TEST_F(suspend, one_that_does_not_wake_is_wedged)
{
	struct caller caller = sleeper(self->user, ACCEL_TEST_IOC_POWERED_SLEEP);
	struct accel_info_status status;

	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, power_fail_resume(self->observer, EIO));
	ASSERT_EQ(0, sleep_now());
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-EIO, caller.ret);
	read_status(_metadata, self->observer, &status);
	EXPECT_EQ(ACCEL_STATE_WEDGED, status.state);
	EXPECT_EQ(ACCEL_ERROR_POWER_FAILED, status.last_error);

	/* Nor is it woken when the system is another time. */
	ASSERT_EQ(0, power_fail_resume(self->observer, 0));
	ASSERT_EQ(0, sleep_now());
	EXPECT_EQ(-EIO, powered_add(self->user));
	EXPECT_EQ(self->resumes, power_count(self->observer, ACCEL_TEST_RESUMES));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(0, powered_add(self->user));
}

TEST_F(suspend, a_reset_comes_first)
{
	struct caller admin = {
		.call = call_reset, .syscall_nr = SYS_write, .n = self->node.minor,
	};
	__u32 before, resets;

	ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 0, 0, &before));
	ASSERT_EQ(0, test_set_reset(self->observer, false, 1000));
	ASSERT_EQ(0, caller_start(&admin));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_RESETTING));
	ASSERT_EQ(0, sleep_now());
	/* It was neither interrupted, nor asleep in between. */
	ASSERT_EQ(0, caller_join(&admin));
	EXPECT_EQ(0, admin.ret);
	ASSERT_EQ(0, test_call(self->observer, ACCEL_TEST_IOC_RESETS, 0, 0, &resets));
	EXPECT_EQ(before + 1, resets);
	EXPECT_EQ(0, powered_add(self->user));
}

/* Registers of a device, and buffers in memory of the system and of the device. */
struct used {
	int fd;
	__u32 *registers;
	__u32 handles[2];
	char *maps[2];
};

static void use_memory(struct __test_metadata *_metadata, const struct node *pci,
		       struct used *used)
{
	size_t i, page = sysconf(_SC_PAGESIZE);

	used->fd = test_open(pci, O_RDWR);
	ASSERT_LE(0, used->fd);
	used->registers = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, used->fd,
			       ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, used->registers);
	used->registers[0] = PATTERN;
	for (i = 0; i < ARRAY_SIZE(used->maps); i++) {
		ASSERT_EQ(0, buffer_create_in(used->fd, i, page, &used->handles[i]));
		ASSERT_EQ(0, buffer_map(used->fd, used->handles[i], page,
					(void **)&used->maps[i]));
		memset(used->maps[i], PATTERN, page);
	}
}

static void check_memory(struct __test_metadata *_metadata, struct used *used)
{
	size_t i, page = sysconf(_SC_PAGESIZE);

	EXPECT_EQ(PATTERN, used->registers[0]);
	EXPECT_EQ(0, used->registers[4]);
	for (i = 0; i < ARRAY_SIZE(used->maps); i++) {
		EXPECT_EQ(PATTERN, used->maps[i][0]);
		EXPECT_EQ(PATTERN, used->maps[i][page - 1]);
		munmap(used->maps[i], page);
		EXPECT_EQ(0, buffer_close(used->fd, used->handles[i]));
	}
	munmap(used->registers, page);
	close(used->fd);
}

TEST_F(suspend, memory)
{
	struct node pci;
	struct used used;

	if (!setup_pci_node(_metadata, &pci))
		return;
	use_memory(_metadata, &pci, &used);
	ASSERT_EQ(0, sleep_now());
	check_memory(_metadata, &used);
}

/* Its devices are put to sleep for the sake of the image, and woken to be used again. */
TEST_F_TIMEOUT(suspend, hibernates, 300)
{
	const char *hibernate = getenv("ACCEL_HIBERNATE");
	struct sleepers sleepers;
	struct used used;
	struct node pci;

	if (!hibernate || strcmp(hibernate, "1"))
		SKIP(return, "ACCEL_HIBERNATE is not 1");
	if (!setup_pci_node(_metadata, &pci))
		return;
	use_memory(_metadata, &pci, &used);
	start_sleepers(_metadata, &sleepers, self->user, self->observer);
	ASSERT_EQ(0, hibernate_now());

	await_sleepers(_metadata, &sleepers);
	/* What is known of the sleep is what was known when the image was made. */
	EXPECT_EQ(self->suspends + 1, power_count(self->observer, ACCEL_TEST_SUSPENDS));
	EXPECT_EQ(self->resumes + 1, power_count(self->observer, ACCEL_TEST_RESUMES));
	EXPECT_TRUE(power_is(&self->node, "active"));
	end_sleepers(_metadata, &sleepers, self->user);
	check_memory(_metadata, &used);
	EXPECT_EQ(0, powered_add(self->user));
}

TEST_HARNESS_MAIN
