// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of a device that processes have mapped until its driver revokes that.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "caller.h"
#include "events.h"
#include "harness.h"
#include "sigbus.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 4
#define ROUNDS 200
/* Longer than it takes, to see that nothing happens. */
#define SHORT_MS 50

FIXTURE(window) {
	struct node node;
	size_t page;
	size_t size;
	int fd;
	int other;
	/* All of the memory, from where the window begins on. */
	__u32 *memory;
};

static int make_window(int fd, __u64 offset, __u64 bytes)
{
	struct accel_test_pci_window args = {
		.size = sizeof(args), .offset = offset, .bytes = bytes,
	};

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_WINDOW, &args);
}

static int wait_unmapped(int fd, __u32 timeout_ms)
{
	struct accel_test_pci_unmapped args = {
		.size = sizeof(args), .timeout_ms = timeout_ms,
	};

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_UNMAPPED, &args);
}

/* MAP_FAILED and errno, as mmap(). */
static __u32 *map(int fd, int protection, __u64 offset, size_t bytes)
{
	return mmap(NULL, bytes, protection, MAP_SHARED, fd, offset);
}

static __u32 *map_window(struct __test_metadata *_metadata, int fd, __u64 offset, size_t bytes)
{
	__u32 *memory = map(fd, RW, ACCEL_TEST_PCI_WINDOW + offset, bytes);

	ASSERT_NE(MAP_FAILED, memory);
	return memory;
}

/* -EFAULT: it is gone. */
static int load(const __u32 *memory)
{
	__u32 value;

	return load_word(memory, &value);
}

FIXTURE_SETUP(window)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->page = sysconf(_SC_PAGESIZE);
	self->size = PAGES * self->page;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->other = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->other);
	self->memory = map(self->fd, RW, ACCEL_TEST_PCI_MEMORY + self->page, self->size);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, make_window(self->fd, self->page, self->size));
}

FIXTURE_TEARDOWN(window)
{
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

TEST_F(window, shows_its_part)
{
	__u32 *whole = map_window(_metadata, self->fd, 0, self->size);
	__u32 *last = map_window(_metadata, self->fd, self->size - self->page, self->page);

	self->memory[0] = 7;
	EXPECT_EQ(7, whole[0]);
	last[0] = 8;
	EXPECT_EQ(8, whole[(self->size - self->page) / 4]);
	EXPECT_EQ(8, self->memory[(self->size - self->page) / 4]);
}

TEST_F(window, refuses)
{
	/* More than it has, and what is behind it. */
	EXPECT_EQ(MAP_FAILED, map(self->fd, RW, ACCEL_TEST_PCI_WINDOW, self->size + self->page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map(self->fd, RW, ACCEL_TEST_PCI_WINDOW + self->size, self->page));
	EXPECT_EQ(EINVAL, errno);
	/* The window of one file is not that of another. */
	EXPECT_EQ(MAP_FAILED, map(self->other, RW, ACCEL_TEST_PCI_WINDOW, self->page));
	EXPECT_EQ(ENXIO, errno);
	/* A refused mapping is none. */
	EXPECT_EQ(0, wait_unmapped(self->fd, 0));
}

TEST_F(window, is_one_of_a_part)
{
	EXPECT_EQ(-EBUSY, make_window(self->other, self->page, self->size));
	EXPECT_EQ(-EBUSY, make_window(self->other, 0, 2 * self->page));
	EXPECT_EQ(-EBUSY, make_window(self->other, self->size, self->size));
	EXPECT_EQ(0, make_window(self->other, 0, self->page));
	EXPECT_EQ(-EINVAL, make_window(self->other, 1, self->page));
	EXPECT_EQ(-EINVAL, make_window(self->other, 0, self->page - 1));
}

TEST_F(window, is_revoked)
{
	__u32 *seen = map_window(_metadata, self->fd, 0, self->size);
	__u32 *unseen = map_window(_metadata, self->fd, 0, self->size);
	__u32 *others;

	seen[0] = 7;
	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	EXPECT_EQ(-EFAULT, load(seen));
	EXPECT_EQ(-EFAULT, load(unseen));

	/* The part is somebody else's now, who has no part in what was mapped. */
	ASSERT_EQ(0, make_window(self->other, self->page, self->size));
	others = map_window(_metadata, self->other, 0, self->size);
	EXPECT_EQ(7, others[0]);
	EXPECT_EQ(-EFAULT, load(seen));
	EXPECT_EQ(-EFAULT, load(unseen));
}

TEST_F(window, is_revoked_and_no_other)
{
	__u32 *others;

	ASSERT_EQ(0, make_window(self->other, 0, self->page));
	/* At the same offset in its file. */
	others = map_window(_metadata, self->other, 0, self->page);
	others[0] = 9;
	ASSERT_EQ(0, load(map_window(_metadata, self->fd, 0, self->size)));
	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	EXPECT_EQ(0, load(others));
	EXPECT_EQ(0, load(self->memory));
	EXPECT_EQ(ETIMEDOUT, -wait_unmapped(self->other, 0));
}

/* However a process has moved and divided what it had mapped. */
TEST_F(window, is_revoked_where_it_was_moved_to)
{
	__u32 *whole = map_window(_metadata, self->fd, 0, self->size);
	__u32 *moved, *last = whole + (self->size - self->page) / 4;

	for (int i = 0; i < PAGES; i++)
		whole[i * self->page / 4] = i;
	ASSERT_EQ(0, munmap(whole + self->page / 4, self->page));
	ASSERT_EQ(0, mprotect(whole, self->page, PROT_READ));
	moved = mremap(last, self->page, self->page, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (char *)self->memory - 16 * self->page);
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_EQ(PAGES - 1, moved[0]);
	EXPECT_EQ(2, whole[2 * self->page / 4]);
	EXPECT_EQ(ETIMEDOUT, -wait_unmapped(self->fd, 0));

	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	EXPECT_EQ(-EFAULT, load(moved));
	EXPECT_EQ(-EFAULT, load(whole));
	EXPECT_EQ(-EFAULT, load(whole + 2 * self->page / 4));
}

/* Its own exit status is the answer. */
static int child_sees_it_go(__u32 *memory, int ready)
{
	if (load(memory))
		return 2;
	if (write(ready, "", 1) != 1)
		return 3;
	for (int i = 0; i < TIMEOUT_MS; i++) {
		if (load(memory))
			return 0;
		sleep_ms(1);
	}
	return 4;
}

TEST_F(window, is_revoked_from_children)
{
	__u32 *memory = map_window(_metadata, self->fd, 0, self->size);
	int status, ready[2];
	pid_t child;
	char byte;

	memory[0] = 7;
	ASSERT_EQ(0, pipe(ready));
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child)
		_exit(child_sees_it_go(memory, ready[1]));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("status 0x%x", status);
	EXPECT_EQ(-EFAULT, load(memory));
}

static int call_wait_unmapped(struct caller *caller)
{
	return wait_unmapped(caller->fd, TIMEOUT_MS);
}

TEST_F(window, says_when_the_last_mapping_is_gone)
{
	struct caller caller = {
		.call = call_wait_unmapped, .syscall_nr = SYS_ioctl, .fd = self->fd,
	};
	__u32 *memory;
	int stop[2];
	pid_t child;

	EXPECT_EQ(0, wait_unmapped(self->fd, 0));
	memory = map_window(_metadata, self->fd, 0, self->size);
	ASSERT_EQ(0, pipe(stop));
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		char byte;

		close(stop[1]);
		_exit(read(stop[0], &byte, 1));
	}
	close(stop[0]);

	ASSERT_EQ(0, caller_start(&caller));
	/* A part is left, and then that of the child. */
	ASSERT_EQ(0, munmap(memory, self->page));
	EXPECT_EQ(ETIMEDOUT, -wait_unmapped(self->fd, SHORT_MS));
	ASSERT_EQ(0, munmap(memory, self->size));
	EXPECT_EQ(ETIMEDOUT, -wait_unmapped(self->fd, SHORT_MS));
	close(stop[1]);
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
}

/* It is mapped, if only to raise a signal. */
TEST_F(window, is_revoked_with_the_file)
{
	__u32 *memory = map_window(_metadata, self->fd, 0, self->size);

	ASSERT_EQ(0, load(memory));
	/* The mapping has the file, which has the window. */
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(0, load(memory));
	EXPECT_EQ(-EBUSY, make_window(self->other, self->page, self->size));
	ASSERT_EQ(0, munmap(memory, self->size));
	ASSERT_EQ(0, munmap(self->memory, self->size));
	EXPECT_EQ(0, make_window(self->other, self->page, self->size));
}

TEST_F(window, is_there_again_after_a_reset)
{
	__u32 *memory = map_window(_metadata, self->fd, 0, self->size);

	memory[0] = 7;
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(7, memory[0]);
	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	EXPECT_EQ(-EFAULT, load(memory));
}

TEST_F(window, is_gone_with_the_device)
{
	__u32 *memory = map_window(_metadata, self->fd, 0, self->size);
	int fd;

	ASSERT_EQ(0, load(memory));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-EFAULT, load(memory));
	ASSERT_EQ(0, node_bind(&self->node));
	/* Nobody has the part, even if the old file is still there. */
	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, make_window(fd, self->page, self->size));
	EXPECT_EQ(0, load(map_window(_metadata, fd, 0, self->size)));
	EXPECT_EQ(-EFAULT, load(memory));
}

/**
 * struct storm - what the one who touches a window shares with its owner
 * @stop: it shall end
 * @seen: how often it has found its number there
 * @gone: how often the window was revoked
 * @wrong: how often it has found another's number
 */
struct storm {
	atomic_bool stop;
	atomic_int seen;
	atomic_int gone;
	atomic_int wrong;
};

/* In each page there is its number; the page behind belongs to somebody else. */
static void touch_window(struct storm *storm, int fd, size_t page, size_t size)
{
	__u32 *memory, value;

	while (!atomic_load(&storm->stop)) {
		memory = map(fd, RW, ACCEL_TEST_PCI_WINDOW, size);
		if (memory == MAP_FAILED)
			continue;
		for (__u32 i = 0; i < size / page; i++) {
			if (load_word(memory + i * (page / 4), &value))
				atomic_fetch_add(&storm->gone, 1);
			else
				atomic_fetch_add(value == i ? &storm->seen : &storm->wrong, 1);
		}
		munmap(memory, size);
	}
}

TEST_F_TIMEOUT(window, is_revoked_in_the_middle_of_faults, 120)
{
	struct storm *storm;
	int status, seen;
	pid_t child;

	storm = mmap(NULL, sizeof(*storm), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, storm);
	for (int i = 0; i < PAGES; i++)
		self->memory[i * self->page / 4] = i;
	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		touch_window(storm, self->fd, self->page, self->size);
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		seen = atomic_load(&storm->seen);
		while (atomic_load(&storm->seen) == seen)
			sched_yield();
		ASSERT_EQ(0, make_window(self->fd, 0, 0));
		/* Whoever has a page now has it against the will of its owner. */
		ASSERT_EQ(0, make_window(self->other, self->page, self->size));
		for (int j = 0; j < PAGES; j++)
			self->memory[j * self->page / 4] = ~j;
		sched_yield();
		for (int j = 0; j < PAGES; j++)
			self->memory[j * self->page / 4] = j;
		ASSERT_EQ(0, make_window(self->other, 0, 0));
		ASSERT_EQ(0, make_window(self->fd, self->page, self->size));
	}
	atomic_store(&storm->stop, true);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_LE(ROUNDS, atomic_load(&storm->seen));
	EXPECT_EQ(0, atomic_load(&storm->wrong))
		TH_LOG("%d, and %d times it was gone", atomic_load(&storm->wrong),
		       atomic_load(&storm->gone));
}

TEST_F(window, is_only_read)
{
	__u32 *memory;

	EXPECT_EQ(MAP_FAILED, map(self->fd, RW, ACCEL_TEST_PCI_WINDOW_READ_ONLY, self->page));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, wait_unmapped(self->fd, 0));
	memory = map(self->fd, PROT_READ, ACCEL_TEST_PCI_WINDOW_READ_ONLY, self->page);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_EQ(0, load(memory));
	EXPECT_EQ(-1, mprotect(memory, self->page, RW));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, make_window(self->fd, 0, 0));
	EXPECT_EQ(-EFAULT, load(memory));
}

TEST_HARNESS_MAIN
