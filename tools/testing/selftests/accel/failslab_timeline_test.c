// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation for timelines fails once, as in failslab_test: the call says so,
 * and has changed nothing.
 */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"
#include "timelines.h"

/* No operation makes as many. */
#define TOO_MANY 500

FIXTURE(failslab_timeline) {
	struct node node;
	int fd;
	int fence;
	int exported;
	int eventfd;
	__u32 handle;
};

typedef int (*operation)(struct _test_data_failslab_timeline *self);

FIXTURE_VARIANT(failslab_timeline) {
	operation run;
	/* The timeline afterwards; work that was submitted before has brought it to 5. */
	__u64 submitted;
	/* What the call makes is a descriptor. */
	bool is_fd;
};

static int create(struct _test_data_failslab_timeline *self)
{
	__u32 handle = 0;
	int ret = timeline_create(self->fd, 0, &handle);

	return ret ? ret : timeline_close(self->fd, handle);
}

static int import(struct _test_data_failslab_timeline *self)
{
	__u32 handle = 0;
	int ret = timeline_import(self->fd, self->exported, &handle);

	return ret ? ret : timeline_close(self->fd, handle);
}

static int signal_behind_work(struct _test_data_failslab_timeline *self)
{
	return timeline_signal(self->fd, self->handle, 9);
}

static int attach(struct _test_data_failslab_timeline *self)
{
	return timeline_attach(self->fd, self->handle, 9, self->fence);
}

static int submit(struct _test_data_failslab_timeline *self)
{
	return test_submit(self->fd, self->handle, 9);
}

static int export(struct _test_data_failslab_timeline *self)
{
	return timeline_export(self->fd, self->handle, O_CLOEXEC);
}

/* Of two fences. */
static int sync_file(struct _test_data_failslab_timeline *self)
{
	return timeline_sync_file(self->fd, self->handle, 5);
}

static int watch(struct _test_data_failslab_timeline *self)
{
	return timeline_eventfd(self->fd, self->handle, 5, self->eventfd, 0);
}

/* Sleeps, a little. */
static int wait_for_work(struct _test_data_failslab_timeline *self)
{
	int ret = timeline_wait_one(self->fd, self->handle, 5, 0, 2);

	return ret == -ETIMEDOUT ? 0 : ret;
}

FIXTURE_VARIANT_ADD(failslab_timeline, create) {
	.run = create, .submitted = 5,
};

FIXTURE_VARIANT_ADD(failslab_timeline, import) {
	.run = import, .submitted = 5,
};

FIXTURE_VARIANT_ADD(failslab_timeline, signal_behind_work) {
	.run = signal_behind_work, .submitted = 9,
};

FIXTURE_VARIANT_ADD(failslab_timeline, attach) {
	.run = attach, .submitted = 9,
};

FIXTURE_VARIANT_ADD(failslab_timeline, submit) {
	.run = submit, .submitted = 9,
};

FIXTURE_VARIANT_ADD(failslab_timeline, export) {
	.run = export, .submitted = 5, .is_fd = true,
};

FIXTURE_VARIANT_ADD(failslab_timeline, sync_file) {
	.run = sync_file, .submitted = 5, .is_fd = true,
};

FIXTURE_VARIANT_ADD(failslab_timeline, eventfd) {
	.run = watch, .submitted = 5,
};

FIXTURE_VARIANT_ADD(failslab_timeline, wait) {
	.run = wait_for_work, .submitted = 5,
};

FIXTURE_SETUP(failslab_timeline)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_fail_nth(_metadata))
		return;
	/* It opens a file of its own. */
	ASSERT_EQ(0, fail_nth_arm(TOO_MANY));
	ASSERT_EQ(0, fail_nth_disarm());
	self->eventfd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, self->eventfd);
}

FIXTURE_TEARDOWN(failslab_timeline)
{
	close(self->eventfd);
}

/* A timeline of its own file, with two pieces of work, whose fences have no order. */
static void begin(struct __test_metadata *_metadata, struct _test_data_failslab_timeline *self,
		  int other)
{
	__u32 fence = 0;

	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, timeline_create(self->fd, 0, &self->handle));
	ASSERT_EQ(0, test_call(other, ACCEL_TEST_IOC_FENCE, 0, 0, &fence));
	self->fence = fence;
	ASSERT_EQ(0, timeline_attach(self->fd, self->handle, 3, self->fence));
	ASSERT_EQ(0, test_submit(self->fd, self->handle, 5));
	self->exported = timeline_export(self->fd, self->handle, O_CLOEXEC);
	ASSERT_LE(0, self->exported);
}

TEST_F_TIMEOUT(failslab_timeline, an_allocation_fails, 300)
{
	int ret, other, failed = 1;
	unsigned int n;
	__u64 last;

	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		other = test_open(&self->node, O_RDWR);
		ASSERT_LE(0, other);
		begin(_metadata, self, other);
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = variant->run(self);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		if (variant->is_fd && ret >= 0)
			ret = close(ret);
		EXPECT_TRUE(!ret || (failed && (ret == -ENOMEM || ret == -EFAULT)))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		/* What has succeeded and cannot be written back is lost. */
		last = ret ? 5 : variant->submitted;
		if (ret == -EFAULT && !timeline_is_at(self->fd, self->handle, 0, last))
			last = variant->submitted;
		EXPECT_TRUE(timeline_is_at(self->fd, self->handle, 0, last))
			TH_LOG("failure %u: %s", n, strerror(-ret));
		/* Nothing is left half done: all that is submitted is signalled. */
		ASSERT_EQ(0, test_finish(other, false));
		ASSERT_EQ(0, test_finish(self->fd, false));
		test_finish(self->fd, false);
		EXPECT_EQ(0, timeline_wait_one(self->fd, self->handle, last, 0, TIMEOUT_MS));
		close(self->exported);
		close(self->fence);
		close(self->fd);
		close(other);
	}
	TH_LOG("%u", n - 2);
	EXPECT_LT(2, n);
}

TEST_HARNESS_MAIN
