// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of the device of tools/npu of which the process has the rings and the
 * doorbell: what takes no call, what the device does not let commands do, and how
 * callers wait nevertheless. For a machine with such a device: see npu.h.
 */
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "harness.h"
#include "npu.h"
#include "sigbus.h"

FIXTURE(npu_ring) {
	struct node node;
	struct npu_ring ring;
	struct npu_user other;
};

FIXTURE_SETUP(npu_ring)
{
	int ret = npu_find(&self->node);

	if (ret == -ENOENT && !node_required())
		SKIP(return, "no device of " NPU_DRIVER);
	ASSERT_EQ(0, ret)
		TH_LOG("the device of ACCEL_NPU: %s", strerror(-ret));
	ASSERT_EQ(0, npu_ring_open(&self->ring, &self->node));
	ASSERT_EQ(0, npu_open(&self->other, &self->node));
}

FIXTURE_TEARDOWN(npu_ring)
{
	npu_ring_close(&self->ring);
	npu_close(&self->other);
}

/* Whether a product is what it should be, after so many turns of the ring. */
static bool computes(struct npu_ring *ring)
{
	struct accel_npu_command nop = { };
	struct accel_npu_command product = npu_product(&ring->user, 7);

	for (unsigned int i = 0; i < 3 * ring->entries; i++) {
		npu_ring_push(ring, &nop);
		npu_ring_bell(ring);
		if (npu_ring_next(ring) != NPU_OK)
			return false;
	}
	npu_ring_push(ring, &product);
	npu_ring_bell(ring);
	return npu_ring_next(ring) == NPU_OK && npu_check_product(&ring->user);
}

TEST_F(npu_ring, takes_no_system_call)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		/* All but exit(), read() and write() is the end from here on. */
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			syscall(SYS_exit, 2);
		syscall(SYS_exit, computes(&self->ring) ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status))
		TH_LOG("signal %d", WTERMSIG(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_F(npu_ring, is_confined)
{
	struct accel_npu_command fill = npu_fill(NPU_AT - 4, 4, 1);

	npu_ring_push(&self->ring, &fill);
	fill.destination = 1ULL << 63;
	npu_ring_push(&self->ring, &fill);
	npu_ring_bell(&self->ring);
	EXPECT_EQ(NPU_PAGE, npu_ring_next(&self->ring));
	EXPECT_EQ(NPU_PAGE, npu_ring_next(&self->ring));
	EXPECT_TRUE(computes(&self->ring));
}

TEST_F(npu_ring, can_be_waited_for)
{
	struct pollfd pollfd = { .fd = self->ring.user.fd, .events = POLLIN };
	struct accel_npu_command nop = { };

	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, npu_wait(&self->ring.user, 1, 20, NULL));
	npu_ring_push(&self->ring, &nop);
	npu_ring_push(&self->ring, &nop);
	npu_ring_bell(&self->ring);
	EXPECT_EQ(1, poll(&pollfd, 1, TIMEOUT_MS));
	EXPECT_EQ(0, npu_wait(&self->ring.user, 2, TIMEOUT_MS, NULL));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, npu_wait(&self->ring.user, 3, 20, NULL));
}

TEST_F(npu_ring, coalesces)
{
	struct accel_npu_command nop = { };
	/* Never, but for the time that this takes: 50 ms. */
	int ret = npu_ring_restart(&self->ring, 50000 << 16 | 255);

	if (ret == -EOPNOTSUPP)
		SKIP(return, "the device does not");
	ASSERT_EQ(0, ret);
	npu_ring_push(&self->ring, &nop);
	npu_ring_bell(&self->ring);
	EXPECT_EQ(0, npu_wait(&self->ring.user, 1, TIMEOUT_MS, NULL));
}

TEST_F(npu_ring, halts_if_the_doorbell_is_wrong)
{
	struct pollfd pollfd = { .fd = self->ring.user.fd, .events = POLLIN };
	struct accel_npu_wait result;

	self->ring.tail = self->ring.entries;
	npu_ring_bell(&self->ring);
	EXPECT_EQ(1, poll(&pollfd, 1, TIMEOUT_MS));
	EXPECT_EQ(0, npu_wait(&self->ring.user, 1, TIMEOUT_MS, &result));
	EXPECT_EQ(-EIO, result.error);
	EXPECT_EQ(NPU_HALTED_DOORBELL, result.status);
	EXPECT_EQ(0, npu_compute(&self->other, 1));

	ASSERT_EQ(0, npu_ring_restart(&self->ring, 0));
	ASSERT_EQ(0, npu_map(&self->ring.user, self->ring.user.handle, NPU_AT, NPU_SIZE));
	EXPECT_TRUE(computes(&self->ring));
}

TEST_F(npu_ring, has_one_doorbell)
{
	int fd = self->ring.user.fd;
	__u64 job;

	for (int page = 0; page < 5; page++) {
		void *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096 * page);

		EXPECT_EQ(page == self->ring.user.context, memory != MAP_FAILED)
			TH_LOG("page %d", page);
		if (memory != MAP_FAILED)
			munmap(memory, 4096);
	}
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->other.fd,
				   4096 * self->other.context));
	EXPECT_EQ(-EINVAL, npu_submit(&self->ring.user, self->ring.rings, 1, 0, &job));
}

/* A mapping of the doorbell beside that of the ring, which a new ring replaces. */
static const __u32 *map_doorbell(struct __test_metadata *_metadata, const struct npu_ring *ring)
{
	__u32 head, *memory;

	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring->user.fd,
		      4096 * ring->user.context);
	ASSERT_NE(MAP_FAILED, (void *)memory);
	/* RING_HEAD. */
	EXPECT_EQ(0, load_word(memory + 2, &head));
	return memory;
}

/* It may be the next file's. */
TEST_F(npu_ring, loses_its_doorbell)
{
	struct npu_ring *ring = &self->ring;
	const __u32 *first, *second, *third;
	__u32 head;

	ASSERT_EQ(0, catch_sigbus());
	first = map_doorbell(_metadata, ring);
	ASSERT_EQ(0, npu_ring_restart(ring, 0));
	EXPECT_EQ(-EFAULT, load_word(first + 2, &head))
		TH_LOG("the file has opened a context anew");
	second = map_doorbell(_metadata, ring);
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(-EFAULT, load_word(second + 2, &head))
		TH_LOG("the device was reset");
	ASSERT_EQ(0, npu_ring_restart(ring, 0));
	third = map_doorbell(_metadata, ring);
	/* The ring is the driver's now. */
	ASSERT_EQ(0, npu_open_context(&ring->user));
	EXPECT_EQ(-EFAULT, load_word(third + 2, &head))
		TH_LOG("the ring is the driver's");
	EXPECT_EQ(-EFAULT, load_word(first + 2, &head));
	munmap((void *)first, 4096);
	munmap((void *)second, 4096);
	munmap((void *)third, 4096);
}

TEST_F(npu_ring, is_lost_in_a_reset)
{
	struct accel_npu_command nop = { };

	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(-ESTALE, npu_wait(&self->ring.user, 1, TIMEOUT_MS, NULL));
	EXPECT_EQ(-ESTALE, npu_run(&self->other, &nop));
	ASSERT_EQ(0, npu_ring_restart(&self->ring, 0));
	ASSERT_EQ(0, npu_map(&self->ring.user, self->ring.user.handle, NPU_AT, NPU_SIZE));
	EXPECT_TRUE(computes(&self->ring));
}

TEST_HARNESS_MAIN
