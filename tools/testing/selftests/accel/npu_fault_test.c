// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a process, and of others on the same device, when the device of
 * tools/npu fails: each case of the table in accel-npu.rst. For a machine with such
 * a device: see npu.h.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "events.h"
#include "fences.h"
#include "harness.h"
#include "npu.h"

/* All of the device's memory. */
#define MEMORY (64 << 20)

FIXTURE(npu_fault) {
	struct node node;
	struct npu_user user, other;
};

FIXTURE_SETUP(npu_fault)
{
	int ret = npu_find(&self->node);

	if (ret == -ENOENT && !node_required())
		SKIP(return, "no device of " NPU_DRIVER);
	ASSERT_EQ(0, ret)
		TH_LOG("the device of ACCEL_NPU: %s", strerror(-ret));
	ASSERT_EQ(0, npu_open(&self->user, &self->node));
	ASSERT_EQ(0, npu_open(&self->other, &self->node));
	ASSERT_EQ(0, events_subscribe(self->user.fd, ACCEL_EVENT_CLASS_DRIVER, -1));
}

FIXTURE_TEARDOWN(npu_fault)
{
	npu_order("slow 0");
	npu_order("heat 0");
	npu_close(&self->user);
	npu_close(&self->other);
	/* So many in a minute would be too many. */
	admin_reset(&self->node, "1");
}

/* How often the device was reset, or an error. */
static long resets(const struct node *node)
{
	long number = 0;
	int ret = read_number(node->class_dir, "resets", &number);

	return ret ? ret : number;
}

static struct accel_npu_counters counters(struct __test_metadata *_metadata,
					  const struct npu_user *user)
{
	struct accel_npu_counters counters;

	EXPECT_EQ(0, npu_counters(user->fd, &counters));
	return counters;
}

/* Has a file open its context again, which was lost. */
static void reopen(struct __test_metadata *_metadata, struct npu_user *user)
{
	__u64 job;
	struct accel_npu_command nop = { };

	EXPECT_EQ(-ESTALE, npu_submit(user, &nop, 1, 0, &job));
	EXPECT_EQ(-ESTALE, npu_map(user, user->handle, 0, 4096));
	ASSERT_EQ(0, npu_open_context(user));
	ASSERT_EQ(0, npu_map(user, user->handle, NPU_AT, NPU_SIZE));
	EXPECT_EQ(0, npu_compute(user, 1));
}

TEST_F(npu_fault, hang_of_a_context)
{
	long before = resets(&self->node);
	struct accel_npu_command nop = { };
	struct accel_npu_wait result;
	struct accel_event event;
	__u64 first, second;

	ASSERT_EQ(0, npu_order("hang %u", self->user.context));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 300, &first));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 300, &second));
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, npu_compute(&self->other, i));
	EXPECT_EQ(0, npu_wait(&self->user, first, TIMEOUT_MS, &result));
	EXPECT_EQ(-ETIMEDOUT, result.error);
	EXPECT_EQ(0, npu_wait(&self->user, second, TIMEOUT_MS, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	EXPECT_EQ(ACCEL_NPU_EVENT_RESET, events_next(self->user.fd, &event));
	EXPECT_EQ(self->user.context, event.data[0]);
	EXPECT_EQ(ETIMEDOUT, event.data[1]);
	/* What was mapped still is, and the device was not reset. */
	EXPECT_EQ(0, npu_compute(&self->user, 1));
	EXPECT_EQ(0, npu_compute(&self->other, 1));
	EXPECT_EQ(before, resets(&self->node));
}

TEST_F(npu_fault, hang_of_all)
{
	long before = resets(&self->node);
	struct accel_npu_command nop = { };
	struct accel_npu_wait result;
	__u64 job, other;

	ASSERT_EQ(0, npu_order("hang all"));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 300, &job));
	ASSERT_EQ(0, npu_submit(&self->other, &nop, 1, 60000, &other));
	EXPECT_EQ(0, npu_wait(&self->user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	EXPECT_EQ(0, npu_wait(&self->other, other, TIMEOUT_MS, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	reopen(_metadata, &self->user);
	reopen(_metadata, &self->other);
	EXPECT_EQ(before + 1, resets(&self->node));
}

TEST_F(npu_fault, crash_of_the_firmware)
{
	long before = resets(&self->node);
	struct accel_npu_command nop = { };
	struct accel_npu_wait result;
	__u64 job;

	ASSERT_EQ(0, npu_order("slow 10000"));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 60000, &job));
	ASSERT_EQ(0, npu_await("running"));
	ASSERT_EQ(0, npu_order("slow 0"));
	ASSERT_EQ(0, npu_order("crash"));
	EXPECT_EQ(0, npu_wait(&self->user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	reopen(_metadata, &self->user);
	reopen(_metadata, &self->other);
	EXPECT_EQ(before + 1, resets(&self->node));
}

TEST_F(npu_fault, wrong_record)
{
	struct accel_npu_command nop = { };

	ASSERT_EQ(0, npu_order("wrong %u", self->user.context));
	EXPECT_EQ(-EBADMSG, npu_run(&self->user, &nop));
	EXPECT_EQ(0, npu_compute(&self->user, 1));
	EXPECT_EQ(0, npu_compute(&self->other, 1));
}

TEST_F(npu_fault, record_that_comes_twice)
{
	__u64 before = counters(_metadata, &self->user).records_twice;

	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(0, npu_order("duplicate %u", self->user.context));
		ASSERT_EQ(0, npu_compute(&self->user, i));
	}
	EXPECT_EQ(0, npu_compute(&self->other, 1));
	/* The last may not have been seen yet. */
	EXPECT_LE(before + 49, counters(_metadata, &self->user).records_twice);
}

TEST_F(npu_fault, spurious_interrupt)
{
	for (int source = 0; source < 17; source++) {
		ASSERT_EQ(0, npu_order("spurious %d", source));
		ASSERT_EQ(0, npu_compute(&self->user, source));
	}
	EXPECT_EQ(0, npu_compute(&self->other, 1));
}

TEST_F(npu_fault, lost_interrupt)
{
	__u64 before = counters(_metadata, &self->user).late_interrupts;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, npu_order("lose %u 1", 1 + 4 * self->user.context));
		ASSERT_EQ(0, npu_compute(&self->user, i));
		ASSERT_EQ(0, npu_compute(&self->user, i));
	}
	EXPECT_EQ(0, npu_compute(&self->other, 1));
	EXPECT_LT(before, counters(_metadata, &self->user).late_interrupts);
}

TEST_F(npu_fault, slow_answers)
{
	struct accel_npu_command nop = { };
	struct accel_npu_wait result;
	__u64 job;

	ASSERT_EQ(0, npu_order("slow 200"));
	EXPECT_EQ(0, npu_compute(&self->user, 1));
	ASSERT_EQ(0, npu_order("slow 5000"));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 200, &job));
	EXPECT_EQ(0, npu_wait(&self->user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-ETIMEDOUT, result.error);
	ASSERT_EQ(0, npu_order("slow 0"));
	EXPECT_EQ(0, npu_compute(&self->user, 1));
	EXPECT_EQ(0, npu_compute(&self->other, 1));
}

TEST_F(npu_fault, memory_that_is_bad)
{
	struct accel_npu_command fill = npu_fill(0, 4096, 0x0f0f0f0f);
	struct accel_npu_command copy = {
		.code = NPU_COPY,
		.destination = NPU_AT,
		.length = 4096,
	};
	struct accel_npu_wait result;
	__u32 handle;
	__u64 job;

	ASSERT_EQ(0, buffer_create_in(self->user.fd, NPU_DEVICE, 4096, &handle));
	ASSERT_EQ(0, npu_map(&self->user, handle, 0, 4096));
	ASSERT_EQ(0, npu_run(&self->user, &fill));
	/* What is corrupted nobody notices, but who looks. */
	ASSERT_EQ(0, npu_order("corrupt 0 %d", MEMORY));
	ASSERT_EQ(0, npu_run(&self->user, &copy));
	EXPECT_EQ(0xf0f0f0f0, *(__u32 *)self->user.memory);

	ASSERT_EQ(0, npu_order("poison 0 %d", MEMORY));
	ASSERT_EQ(0, npu_submit(&self->user, &copy, 1, 0, &job));
	EXPECT_EQ(0, npu_wait(&self->user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-EIO, result.error);
	EXPECT_EQ(NPU_MEMORY, result.status);
	EXPECT_EQ(0, result.address);
	EXPECT_EQ(0, npu_compute(&self->other, 1));
	/* What is written is good again. */
	EXPECT_EQ(0, npu_run(&self->user, &fill));
	EXPECT_EQ(0, npu_run(&self->user, &copy));
}

TEST_F(npu_fault, heat)
{
	long before = resets(&self->node);
	struct accel_npu_command nop = { };
	struct accel_npu_wait result;
	__u64 job;

	/* Throttled, it goes on. */
	ASSERT_EQ(0, npu_order("heat 96000"));
	EXPECT_EQ(0, npu_compute(&self->user, 1));
	EXPECT_EQ(before, resets(&self->node));

	ASSERT_EQ(0, npu_order("slow 10000"));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 60000, &job));
	ASSERT_EQ(0, npu_await("running"));
	ASSERT_EQ(0, npu_order("slow 0"));
	ASSERT_EQ(0, npu_order("heat 106000"));
	ASSERT_EQ(0, npu_await("Overheated"));
	/* Calls wait until it is cool enough. */
	ASSERT_EQ(0, npu_order("heat 0"));
	EXPECT_EQ(0, npu_wait(&self->user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-ECANCELED, result.error);
	reopen(_metadata, &self->user);
	reopen(_metadata, &self->other);
}

/* The device is wedged, and the administrator brings it back. */
static void revive(struct __test_metadata *_metadata, const struct node *node,
		   struct npu_user *user)
{
	struct accel_npu_command nop = { };
	char state[32];

	EXPECT_EQ(-EIO, npu_run(user, &nop));
	ASSERT_LE(0, read_file(node->class_dir, "state", state, sizeof(state)));
	EXPECT_STREQ("wedged", state);
	ASSERT_EQ(0, admin_reset(node, "force"));
	reopen(_metadata, user);
}

/* Longer than the driver waits for that. */
TEST_F_TIMEOUT(npu_fault, heat_that_stays, 120)
{
	long before = resets(&self->node);
	struct accel_npu_command nop = { };
	__u64 job;

	ASSERT_EQ(0, npu_order("slow 10000"));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 60000, &job));
	ASSERT_EQ(0, npu_await("running"));
	ASSERT_EQ(0, npu_order("slow 0"));
	ASSERT_EQ(0, npu_order("heat 106000"));
	/* The call waits until it is clear what becomes of the device. */
	EXPECT_EQ(-EIO, npu_wait(&self->user, job, TIMEOUT_MS, NULL));
	ASSERT_EQ(0, npu_order("heat 0"));
	revive(_metadata, &self->node, &self->user);
	/* That of the administrator is one, too. */
	EXPECT_EQ(before + 2, resets(&self->node));
}

/* Of the framework's limit, one more. */
TEST_F_TIMEOUT(npu_fault, too_many_crashes, 120)
{
	long before = resets(&self->node);

	for (int crash = 1; crash <= 6; crash++) {
		long state = -1;
		char text[32];

		/* Not lost in the reset because of the last one. */
		ASSERT_EQ(0, npu_await("Ready"));
		ASSERT_EQ(0, npu_order("crash"));
		for (int ms = 0; ms < TIMEOUT_MS && state < 0; ms += 10) {
			ASSERT_LE(0, read_file(self->node.class_dir, "state", text, sizeof(text)));
			if (!strcmp(text, crash == 6 ? "wedged" : "running") &&
			    resets(&self->node) - before == (crash < 6 ? crash : 5))
				state = crash;
			sleep_ms(10);
		}
		ASSERT_EQ(crash, state)
			TH_LOG("crash %d: %s, %ld resets", crash, text,
			       resets(&self->node) - before);
	}
	revive(_metadata, &self->node, &self->user);
}

TEST_HARNESS_MAIN
