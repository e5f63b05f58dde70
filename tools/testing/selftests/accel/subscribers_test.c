// SPDX-License-Identifier: GPL-2.0
/*
 * How many may subscribe to events, and who pays for what they take.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "events.h"
#include "harness.h"

/* As include/uapi/accel/accel.h promises. */
#define MAX_PER_USER 4096
#define NOBODY 65534
#define FILES 4000

FIXTURE(subscribers) {
	struct node node;
};

FIXTURE_SETUP(subscribers)
{
	const struct rlimit limit = { MAX_PER_USER + 64, MAX_PER_USER + 64 };

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "shared"))
		return;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

FIXTURE_TEARDOWN(subscribers)
{
}

static void become_nobody(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
}

/* Subscribes with a new file. Returns it, or an error. */
static int subscriber(const struct node *node)
{
	int ret, fd = test_open(node, O_RDONLY);

	if (fd < 0)
		return fd;
	ret = events_subscribe(fd, ALL_CLASSES, -1);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

TEST_F(subscribers, are_limited_for_each_user)
{
	int fd, last = -1, child;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		become_nobody(_metadata);
		for (int i = 0; i < MAX_PER_USER; i++) {
			last = subscriber(&self->node);
			ASSERT_LE(0, last)
				TH_LOG("subscriber %d", i);
		}
		EXPECT_EQ(-ENOMEM, subscriber(&self->node));
		/* One that has subscribed may do so again. */
		EXPECT_EQ(0, events_subscribe(last, ACCEL_EVENT_CLASS_STATE, -1));
		/* Its place is free when it has closed the file, or does not want it any more. */
		close(last);
		last = subscriber(&self->node);
		EXPECT_LE(0, last);
		EXPECT_EQ(-ENOMEM, subscriber(&self->node));
		EXPECT_EQ(0, events_subscribe(last, 0, -1));
		EXPECT_LE(0, subscriber(&self->node));
		/* To look is not limited. */
		EXPECT_LE(0, test_open(&self->node, O_RDONLY));
		_exit(_metadata->exit_code);
	}
	/* Others are not concerned, whether there are many or not. */
	fd = subscriber(&self->node);
	EXPECT_LE(0, fd);
	close(fd);
	ASSERT_EQ(child, waitpid(child, &last, 0));
	EXPECT_EQ(0, last);
}

TEST_F(subscribers, are_not_limited_for_root)
{
	int fds[MAX_PER_USER + 1];

	for (int i = 0; i <= MAX_PER_USER; i++) {
		fds[i] = subscriber(&self->node);
		ASSERT_LE(0, fds[i]);
	}
	for (int i = 0; i <= MAX_PER_USER; i++)
		close(fds[i]);
}

FIXTURE(charged) {
	struct node node;
};

FIXTURE_SETUP(charged)
{
	const struct rlimit limit = { FILES + 64, FILES + 64 };

	if (!setup_root(_metadata) || !setup_test_node(_metadata, &self->node, "shared"))
		return;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(0, cgroup_begin());
	ASSERT_EQ(0, cgroup_make("subscriber"));
}

FIXTURE_TEARDOWN_PARENT(charged)
{
	cgroup_remove("subscriber");
	cgroup_end();
}

TEST_F_TIMEOUT(charged, to_who_subscribes, 120)
{
	long long slab, charged;
	int child, status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		ASSERT_EQ(0, cgroup_enter("subscriber"));
		/* What there is once, whoever comes first. */
		ASSERT_LE(0, subscriber(&self->node));
		slab = slab_in_use();
		ASSERT_LT(0, slab);
		charged = cgroup_charged("subscriber");
		ASSERT_LE(0, charged);
		for (int i = 1; i < FILES; i++)
			ASSERT_LE(0, subscriber(&self->node));
		charged = cgroup_charged("subscriber") - charged;
		slab = slab_in_use() - slab;
		EXPECT_LT(FILES * 200, slab);
		/* 95 in a hundred. */
		EXPECT_LE(slab / 100 * 95, charged);
		TH_LOG("%lld bytes of %d subscribers: %lld charged", slab, FILES, charged);
		_exit(_metadata->exit_code);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
