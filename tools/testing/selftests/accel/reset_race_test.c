// SPDX-License-Identifier: GPL-2.0
/*
 * Resets of a device that is in use by several processes, or that goes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "caller.h"
#include "events.h"
#include "harness.h"

#define USERS 3
#define RESETS 40
#define CYCLES 15
/* A removal that waited for a reset would take so long. */
#define LONG_MS 20000

/* Calls the driver until told to stop; its exit status says what was wrong. */
static void use(const struct node *node, const atomic_bool *stop)
{
	__u32 i, sum;
	int fd;

	fd = test_open(node, O_RDWR);
	if (fd < 0)
		_exit(1);
	for (i = 0; !atomic_load(stop); i++) {
		if (test_call(fd, ACCEL_TEST_IOC_ADD, i, 1, &sum) || sum != i + 1)
			_exit(2);
		if (test_call(fd, ACCEL_TEST_IOC_STAY_INSIDE, 50, 0, NULL))
			_exit(3);
	}
	_exit(i ? 0 : 4);
}

TEST(users_are_never_inside)
{
	atomic_bool *stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, status, observer;
	__u32 before, after;
	struct node node;
	pid_t pids[USERS];

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &node, "shared"))
		return;
	ASSERT_NE(MAP_FAILED, stop);
	observer = test_open(&node, O_RDONLY);
	ASSERT_LE(0, observer);
	ASSERT_EQ(0, test_call(observer, ACCEL_TEST_IOC_RESETS, 0, 0, &before));
	for (i = 0; i < USERS; i++) {
		pids[i] = fork_child();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			use(&node, stop);
	}
	for (i = 0; i < RESETS; i++) {
		EXPECT_EQ(0, admin_reset(&node, "force"));
		sleep_ms(i % 4);
	}
	atomic_store(stop, true);
	for (i = 0; i < USERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	ASSERT_EQ(0, test_call(observer, ACCEL_TEST_IOC_RESETS, 0, 0, &after));
	EXPECT_EQ(before + RESETS, after);
	ASSERT_EQ(0, test_call(observer, ACCEL_TEST_IOC_RESETS, 1, 0, &after));
	EXPECT_EQ(0, after);
	close(observer);
}

FIXTURE(going) {
	struct node node;
	int user;
	int observer;
};

FIXTURE_SETUP(going)
{
	if (!setup_test_device(_metadata, &self->node, &self->user, &self->observer))
		return;
	ASSERT_EQ(0, events_subscribe(self->observer, ACCEL_EVENT_CLASS_STATE, -1));
}

FIXTURE_TEARDOWN_PARENT(going)
{
	EXPECT_EQ(0, test_device_remove());
}

static int call_add(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL);
}

/* The node that call_force() is about. */
static const struct node *forced;

static int call_force(struct caller *caller)
{
	(void)caller;
	return admin_reset(forced, "force");
}

static void expect_last_states(struct __test_metadata *_metadata, int fd)
{
	struct accel_event event;

	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(fd, &event));
	EXPECT_EQ(ACCEL_STATE_RESETTING, event.data[0]);
	ASSERT_EQ(ACCEL_EVENT_STATE, events_next(fd, &event));
	EXPECT_EQ(ACCEL_STATE_GONE, event.data[0]);
	EXPECT_EQ(ACCEL_STATE_RESETTING, event.data[1]);
	EXPECT_EQ(-ENODEV, events_next(fd, &event));
}

/* The reset is because of an error, in a thread of the kernel. */
TEST_F(going, during_a_reset)
{
	struct caller waiting = { .call = call_add, .syscall_nr = SYS_ioctl, .fd = self->user };
	__u64 begin;

	ASSERT_EQ(0, test_set_reset(self->observer, false, 2 * LONG_MS));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_RESET, 0, 0, NULL));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_RESETTING));
	ASSERT_EQ(0, caller_start(&waiting));
	begin = now_ns();
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_GT(LONG_MS * 1000000ULL, now_ns() - begin);
	ASSERT_EQ(0, caller_join(&waiting));
	EXPECT_EQ(-ENODEV, waiting.ret);
	expect_last_states(_metadata, self->observer);
}

/* It is by the administrator, who is in the middle of a write to sysfs. */
TEST_F(going, during_a_write_to_reset)
{
	struct caller writer = { .call = call_force, .syscall_nr = SYS_write };
	__u64 begin;

	forced = &self->node;
	ASSERT_EQ(0, test_set_reset(self->observer, false, 2 * LONG_MS));
	ASSERT_EQ(0, caller_start(&writer));
	ASSERT_EQ(0, wait_state(self->observer, ACCEL_STATE_RESETTING));
	begin = now_ns();
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_GT(LONG_MS * 1000000ULL, now_ns() - begin);
	ASSERT_EQ(0, caller_join(&writer));
	EXPECT_EQ(-ENODEV, writer.ret);
	expect_last_states(_metadata, self->observer);
}

/* At any moment before, during and after a reset, of either kind. */
TEST_F_TIMEOUT(going, at_any_moment, 120)
{
	struct caller writer;
	int cycle, user;

	ASSERT_EQ(0, node_unbind(&self->node));
	close(self->user);
	close(self->observer);
	for (cycle = 0; cycle < CYCLES; cycle++) {
		ASSERT_EQ(0, node_bind(&self->node));
		user = test_open(&self->node, O_RDWR);
		ASSERT_LE(0, user);
		ASSERT_EQ(0, test_set_reset(user, cycle % 3 == 2, cycle % 4));
		EXPECT_EQ(0, test_call(user, ACCEL_TEST_IOC_RESET, 0, 0, NULL));
		forced = &self->node;
		writer = (struct caller) { .call = call_force, .syscall_nr = SYS_write };
		caller_start(&writer);
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(0, caller_join(&writer));
		EXPECT_EQ(-ENODEV, test_call(user, ACCEL_TEST_IOC_ADD, 0, 0, NULL));
		close(user);
	}
}

TEST_HARNESS_MAIN
