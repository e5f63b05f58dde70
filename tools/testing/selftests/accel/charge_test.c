// SPDX-License-Identifier: GPL-2.0
/*
 * Who is charged for what open files keep in the kernel, and how much there can be
 * of it.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "buffer.h"
#include "cgroup.h"
#include "harness.h"
#include "movable.h"
#include "timelines.h"

/* So many that what else happens meanwhile does not matter. */
#define MANY 4000
#define BUFFERS 8
#define MIB (1024ULL * 1024)

/* Of what is taken, what is to be charged. */
#define MOST(bytes) ((bytes) / 100 * 95)
/* MEMCG_CHARGE_BATCH of the kernel. */
#define IN_ADVANCE (64 * sysconf(_SC_PAGESIZE) * sysconf(_SC_NPROCESSORS_ONLN))

FIXTURE(charge) {
	struct node node;
	long page;
};

FIXTURE_SETUP(charge)
{
	struct rlimit limit = { .rlim_cur = 2 * MANY, .rlim_max = 2 * MANY };

	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(0, cgroup_begin());
	ASSERT_EQ(0, cgroup_make("taker"));
}

FIXTURE_TEARDOWN_PARENT(charge)
{
	cgroup_remove("taker");
	cgroup_end();
}

static int open_many(const struct node *node, int flags)
{
	int i, fd;

	for (i = 0; i < MANY; i++) {
		fd = test_open(node, flags);
		if (fd < 0)
			return fd;
	}
	return 0;
}

/* A timeline, with a point that is not signalled, by a fence that is there. */
static int create_timeline(int fd, int fence)
{
	__u32 handle;
	int ret;

	ret = timeline_create(fd, 0, &handle);
	return ret ? ret : timeline_attach(fd, handle, 1, fence);
}

/*
 * Opens files, or makes timelines for the file of a fence, or buffers of a page each. It is
 * the process that pays for them, and not the one that has opened the device.
 */
static int take(const struct node *node, int flags, int fd, int fence)
{
	__u32 handle;
	int i, ret;

	if (fd < 0)
		return open_many(node, flags);
	for (i = 0; i < MANY; i++) {
		if (fence < 0)
			ret = buffer_create(fd, 1, &handle, NULL);
		else
			ret = create_timeline(fd, fence);
		if (ret)
			return ret;
	}
	return 0;
}

static void expect_charged(struct __test_metadata *_metadata, const struct node *node, int flags,
			   int fd, int fence, long long pages)
{
	long long slab, charged;
	int status;
	pid_t child;

	child = fork_child();
	ASSERT_LE(0, child);
	if (child) {
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
		return;
	}
	ASSERT_EQ(0, cgroup_enter("taker"));
	slab = slab_in_use();
	ASSERT_LT(0, slab);
	charged = cgroup_charged("taker");
	ASSERT_LE(0, charged);
	ASSERT_EQ(0, take(node, flags, fd, fence));
	charged = cgroup_charged("taker") - charged;
	slab = slab_in_use() - slab;
	/* Each of them takes something. */
	EXPECT_LT(MANY * 200, slab);
	/* A part may have been charged in advance: a batch on each processor. */
	EXPECT_LE(MOST(slab + pages) - IN_ADVANCE, charged);
	TH_LOG("%lld bytes of slabs and %lld of pages: %lld charged", slab, pages, charged);
	_exit(!_metadata->exit_code ? 0 : 1);
}

TEST_F_TIMEOUT(charge, observers, 120)
{
	expect_charged(_metadata, &self->node, O_RDONLY, -1, -1, 0);
}

TEST_F_TIMEOUT(charge, users, 120)
{
	expect_charged(_metadata, &self->node, O_RDWR, -1, -1, 0);
}

TEST_F_TIMEOUT(charge, buffers, 120)
{
	int fd = test_open(&self->node, O_RDWR);

	ASSERT_LE(0, fd);
	expect_charged(_metadata, &self->node, O_RDWR, fd, -1, MANY * self->page);
	close(fd);
}

TEST_F_TIMEOUT(charge, timelines, 120)
{
	int fd = test_open(&self->node, O_RDWR);
	__u32 fence = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_call(fd, ACCEL_TEST_IOC_FENCE, 0, 0, &fence));
	expect_charged(_metadata, &self->node, O_RDWR, fd, fence, 0);
	close(fence);
	close(fd);
}

/* With buffers that can be moved, which fill the memory of the device. */
FIXTURE(moved) {
	struct node node;
	__u32 handles[BUFFERS];
	int fd;
};

FIXTURE_SETUP(moved)
{
	int i, status;
	pid_t owner;

	if (!setup_pci_node(_metadata, &self->node) || !setup_root(_metadata))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, cgroup_begin());
	ASSERT_EQ(0, cgroup_make("owner"));
	ASSERT_EQ(0, cgroup_make("other"));
	owner = fork_child();
	ASSERT_LE(0, owner);
	if (!owner) {
		status = cgroup_enter("owner");
		for (i = 0; i < BUFFERS && !status; i++)
			status = movable_create(self->fd, MOVABLE_TOTAL / BUFFERS,
						&self->handles[i]);
		_exit(status ? 1 : 0);
	}
	ASSERT_EQ(owner, waitpid(owner, &status, 0));
	ASSERT_EQ(0, status);
	/* They are the first in this file. */
	for (i = 0; i < BUFFERS; i++)
		self->handles[i] = i + 1;
	ASSERT_EQ(MOVABLE_TOTAL, region_in_use(self->fd, MOVABLE_REGION));
}

FIXTURE_TEARDOWN_PARENT(moved)
{
	cgroup_remove("owner");
	cgroup_remove("other");
	cgroup_end();
}

/* Somebody of another group needs all of the memory of the device. */
static void take_room(struct __test_metadata *_metadata, const struct node *node)
{
	__u32 handle;
	int status;
	pid_t other;

	other = fork_child();
	ASSERT_LE(0, other);
	if (!other) {
		int fd = test_open(node, O_RDWR);

		if (fd < 0 || cgroup_enter("other"))
			_exit(1);
		_exit(movable_create_in(fd, MOVABLE_REGION, MOVABLE_TOTAL, 0, &handle) ? 2 : 0);
	}
	ASSERT_EQ(other, waitpid(other, &status, 0));
	ASSERT_EQ(0, status);
}

TEST_F_TIMEOUT(moved, stays_with_its_owner, 60)
{
	long long owner, other;
	int i;

	owner = cgroup_charged("owner");
	other = cgroup_charged("other");
	take_room(_metadata, &self->node);
	for (i = 0; i < BUFFERS; i++)
		ASSERT_EQ(0, movable_region(self->fd, self->handles[i]));
	owner = cgroup_charged("owner") - owner;
	other = cgroup_charged("other") - other;
	EXPECT_LE(MOST((long long)MOVABLE_TOTAL) - IN_ADVANCE, owner);
	/* What the process itself takes, and what is charged in advance. */
	EXPECT_GT((long long)MOVABLE_TOTAL / 2, other)
		TH_LOG("%lld bytes charged to the owner, %lld to the other", owner, other);
}

/* An owner that has no room keeps its place, and the other one is told so. */
TEST_F_TIMEOUT(moved, stays_if_the_owner_has_no_room, 60)
{
	__u32 handle;

	/* Nor is there anything that it has in advance. */
	ASSERT_LE(0, cgroup_charged("owner"));
	ASSERT_EQ(0, cgroup_limit("owner", "0"));
	EXPECT_EQ(-ENOSPC, movable_create_in(self->fd, MOVABLE_REGION, MOVABLE_TOTAL, 0, &handle));
	EXPECT_EQ(1, movable_region(self->fd, self->handles[0]));
	ASSERT_EQ(0, cgroup_limit("owner", "max"));
	take_room(_metadata, &self->node);
	EXPECT_EQ(0, movable_region(self->fd, self->handles[0]));
}

TEST_F_TIMEOUT(moved, outlives_the_group_of_its_owner, 60)
{
	int i;

	ASSERT_EQ(0, cgroup_remove("owner"));
	take_room(_metadata, &self->node);
	for (i = 0; i < BUFFERS; i++) {
		EXPECT_EQ(0, movable_region(self->fd, self->handles[i]));
		EXPECT_EQ(1, movable_place(self->fd, self->handles[i]));
	}
}

/* With the module accel loaded so that buffers may have little. */
FIXTURE(share) {
	struct node node;
	__u64 most;
	bool reloaded;
};

FIXTURE_SETUP(share)
{
	int ret;

	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_module(_metadata, "ACCEL_KO"))
		return;
	self->reloaded = true;
	ret = module_reload_all("max_memory_percent=1");
	ASSERT_EQ(0, ret)
		TH_LOG("%s", strerror(-ret));
	ASSERT_EQ(0, test_node_find(&self->node, "shared"));
	self->most = sysconf(_SC_PHYS_PAGES) / 100 * sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN_PARENT(share)
{
	if (self->reloaded)
		EXPECT_EQ(0, module_reload_all(""))
			TH_LOG("the modules are not loaded as they were");
}

/* Whichever file and device they are of. */
TEST_F_TIMEOUT(share, is_of_all_buffers_together, 120)
{
	__u64 half = self->most / 2 + self->most / 20;
	int fds[3], i;
	__u32 handle, other;
	struct node sim;

	ASSERT_EQ(0, sim_find(&sim, 0));
	for (i = 0; i < 2; i++)
		fds[i] = test_open(&self->node, O_RDWR);
	fds[2] = test_open(&sim, O_RDWR);
	for (i = 0; i < 3; i++)
		ASSERT_LE(0, fds[i]);
	EXPECT_EQ(-ENOMEM, buffer_create(fds[0], 2 * half, &handle, NULL));
	ASSERT_EQ(0, buffer_create(fds[0], half, &handle, NULL));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ENOMEM, buffer_create(fds[i], half, &other, NULL));
	EXPECT_EQ(0, buffer_close(fds[0], handle));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, buffer_create(fds[i], half, &other, NULL));
		ASSERT_EQ(0, buffer_close(fds[i], other));
	}
}

/* The default, of which one process alone must not have more either. */
TEST(half_of_the_memory_is_the_default)
{
	__u64 system = (__u64)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct node node;
	__u32 handle;
	int fd;

	if (!setup_test_node(_metadata, &node, "shared"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create(fd, 16 * MIB, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, system / 2 - 8 * MIB, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, system / 2 + MIB, &handle, NULL));
	close(fd);
}

TEST_HARNESS_MAIN
