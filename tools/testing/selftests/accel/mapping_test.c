// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a device, mapped by processes, and what they see when it goes away.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "harness.h"

#define SIZE (4UL << 20)
#define PAGES 16
#define MAPPERS 3
#define CYCLES 10

FIXTURE(mapping) {
	struct node node;
	long page;
	int fd;
};

static sigjmp_buf escape;

static void on_sigbus(int number)
{
	siglongjmp(escape, number);
}

/* -EFAULT: the access ended in SIGBUS. */
static int load(const __u32 *word, __u32 *value)
{
	if (sigsetjmp(escape, 1))
		return -EFAULT;
	*value = __atomic_load_n(word, __ATOMIC_RELAXED);
	return 0;
}

static int store(__u32 *word, __u32 value)
{
	if (sigsetjmp(escape, 1))
		return -EFAULT;
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
	return 0;
}

/* An error is returned as a negative number in the pointer. */
static void *map(int fd, int protection, int flags, size_t length, __u64 offset)
{
	void *address = mmap(NULL, length, protection, flags, fd, offset);

	return address == MAP_FAILED ? (void *)(intptr_t)-errno : address;
}

static __u32 *map_memory(struct __test_metadata *_metadata, int fd, size_t length)
{
	void *address = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, length, ACCEL_TEST_PCI_MEMORY);

	ASSERT_LT(0, (intptr_t)address)
		TH_LOG("mmap: %s", strerror(-(intptr_t)address));
	return address;
}

static int peek(int fd, __u32 offset, __u32 *value)
{
	struct accel_test_pci_peek arg = { .size = sizeof(arg), .offset = offset };
	int ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_PEEK, &arg);

	*value = arg.value;
	return ret;
}

FIXTURE_SETUP(mapping)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, sigaction(SIGBUS, &action, NULL));
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(mapping)
{
	if (!node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

TEST_F(mapping, shows_the_memory)
{
	__u32 *first, *second, value;

	first = map_memory(_metadata, self->fd, SIZE);
	second = map_memory(_metadata, self->fd, SIZE);
	first[1] = 0x11223344;
	EXPECT_EQ(0x11223344, second[1]);
	EXPECT_EQ(0, peek(self->fd, 4, &value));
	EXPECT_EQ(0x11223344, value);
	/* The last page is not the first. */
	second[SIZE / 4 - 1] = 0x55667788;
	EXPECT_EQ(0x55667788, first[SIZE / 4 - 1]);
	second[self->page / 4 - 1] = 1;
	EXPECT_EQ(0x55667788, first[SIZE / 4 - 1]);
	EXPECT_EQ(0, munmap(first, SIZE));
	EXPECT_EQ(1, second[self->page / 4 - 1]);
}

TEST_F(mapping, begins_where_it_was_asked_to)
{
	__u32 *whole, *part;

	whole = map_memory(_metadata, self->fd, SIZE);
	part = map(self->fd, PROT_READ, MAP_SHARED, self->page, SIZE - self->page);
	ASSERT_LT(0, (intptr_t)part);
	whole[(SIZE - self->page) / 4] = 42;
	EXPECT_EQ(42, part[0]);

	/* What is left of it begins where it did. */
	part = map_memory(_metadata, self->fd, SIZE);
	part[self->page / 4] = 43;
	ASSERT_EQ(0, munmap(whole, self->page));
	EXPECT_EQ(43, whole[self->page / 4]);
}

TEST_F(mapping, refuses)
{
	static const int rw = PROT_READ | PROT_WRITE;
	const struct {
		int protection;
		int flags;
		size_t length;
		__u64 offset;
		const char *what;
	} bad[] = {
		{ rw, MAP_PRIVATE, SIZE, 0, "a private mapping" },
		{ PROT_READ, MAP_PRIVATE, SIZE, 0, "a private mapping to read" },
		{ PROT_READ | PROT_EXEC, MAP_SHARED, SIZE, 0, "memory to execute" },
		{ rw, MAP_SHARED, 2 * SIZE, 0, "more than there is" },
		{ rw, MAP_SHARED, self->page, SIZE, "what is behind the end" },
		{ rw, MAP_SHARED, self->page, ACCEL_TEST_PCI_REGISTERS - self->page,
		  "what is far behind the end" },
		{ rw, MAP_SHARED, self->page, ACCEL_TEST_PCI_REGISTERS, "less than a page" },
		{ rw, MAP_SHARED, self->page, ACCEL_TEST_PCI_TOO_MUCH, "a driver's mistake" },
		{ rw, MAP_SHARED, self->page, INT64_MAX & -self->page, "the end of the file" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		intptr_t ret = (intptr_t)map(self->fd, bad[i].protection, bad[i].flags,
					     bad[i].length, bad[i].offset);

		/* The kernel itself says EOVERFLOW of what ends behind the last file offset. */
		EXPECT_TRUE(ret == -EINVAL || (ret == -EOVERFLOW && i == ARRAY_SIZE(bad) - 1))
			TH_LOG("%s: %s", bad[i].what, ret < 0 ? strerror(-ret) : "mapped");
	}
}

TEST_F(mapping, is_not_for_observers)
{
	int observer = test_open(&self->node, O_RDONLY);

	ASSERT_LE(0, observer);
	EXPECT_EQ(-EACCES, (intptr_t)map(observer, PROT_READ, MAP_SHARED, self->page, 0));
}

TEST_F(mapping, is_not_supported_by_others)
{
	struct node node;
	int fd;

	if (!setup_test_node(_metadata, &node, "shared"))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, (intptr_t)map(fd, PROT_READ, MAP_SHARED, self->page, 0));
}

TEST_F(mapping, does_not_grow_or_become_executable)
{
	__u32 *memory = map_memory(_metadata, self->fd, self->page);

	EXPECT_EQ(MAP_FAILED, mremap(memory, self->page, 2 * self->page, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, mprotect(memory, self->page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, mprotect(memory, self->page, PROT_NONE));
	EXPECT_EQ(0, mprotect(memory, self->page, PROT_READ));
	memory = mremap(memory, self->page, self->page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, memory);
}

TEST_F(mapping, is_gone_with_the_device)
{
	__u32 *seen, *unseen, value;

	seen = map_memory(_metadata, self->fd, SIZE);
	unseen = map_memory(_metadata, self->fd, SIZE);
	ASSERT_EQ(0, store(seen, 7));
	ASSERT_EQ(0, node_unbind(&self->node));

	EXPECT_EQ(-EFAULT, load(seen, &value));
	EXPECT_EQ(-EFAULT, store(seen, 8));
	EXPECT_EQ(-EFAULT, load(unseen, &value));
	EXPECT_EQ(-ENODEV, (intptr_t)map(self->fd, PROT_READ, MAP_SHARED, self->page, 0));
	EXPECT_EQ(0, munmap(unseen, SIZE));

	/* The same hardware, but the old file and what it mapped stay dead. */
	ASSERT_EQ(0, node_bind(&self->node));
	EXPECT_EQ(-EFAULT, load(seen, &value));
	unseen = map_memory(_metadata, test_open(&self->node, O_RDWR), SIZE);
	EXPECT_EQ(0, store(unseen, 9));
	EXPECT_EQ(-EFAULT, load(seen, &value));
	EXPECT_EQ(0, munmap(seen, SIZE));
}

/* Its own exit status is the answer. */
static int child_sees_it_go(struct node *node, __u32 *memory, int ready)
{
	__u32 value;

	if (load(memory, &value) || value != 7)
		return 2;
	if (write(ready, "", 1) != 1)
		return 3;
	for (int i = 0; i < TIMEOUT_MS; i++) {
		if (load(memory, &value))
			return node_bound(node) ? 4 : 0;
		sleep_ms(1);
	}
	return 5;
}

TEST_F(mapping, is_gone_from_children_and_without_a_descriptor)
{
	int status, ready[2];
	__u32 *memory, value;
	char byte;
	pid_t child;

	memory = map_memory(_metadata, self->fd, self->page);
	ASSERT_EQ(0, store(memory, 7));
	/* The mapping has a reference to the file. */
	ASSERT_EQ(0, close(self->fd));
	ASSERT_EQ(0, load(memory, &value));
	ASSERT_EQ(0, pipe(ready));

	child = fork_child();
	ASSERT_LE(0, child);
	if (!child)
		_exit(child_sees_it_go(&self->node, memory, ready[1]));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_EQ(-EFAULT, load(memory, &value));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("status 0x%x", status);
}

/**
 * struct storm - what mappers share
 * @stop: they shall end
 * @seen: how often they saw memory
 * @gone: how often there was nothing any more
 * @wrong: how often there was anything else, an error or another's number
 */
struct storm {
	atomic_bool stop;
	atomic_int seen;
	atomic_int gone;
	atomic_int wrong;
};

/* Returns whether the device is still there. */
static bool map_once(struct storm *storm, int fd, __u32 number, long page)
{
	size_t size = PAGES * page;
	__u32 *memory, value;
	int ret;

	memory = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, size, number * size);
	if ((intptr_t)memory < 0) {
		atomic_fetch_add((intptr_t)memory == -ENODEV ? &storm->gone : &storm->wrong, 1);
		return false;
	}
	for (int i = 0; i < PAGES; i++) {
		__u32 *word = memory + i * (page / 4);

		ret = store(word, number);
		if (!ret)
			ret = load(word, &value);
		if (ret) {
			atomic_fetch_add(&storm->gone, 1);
			break;
		}
		atomic_fetch_add(value == number ? &storm->seen : &storm->wrong, 1);
	}
	munmap(memory, size);
	return !ret;
}

/* Maps the device, whichever node it has, until it goes. */
static void open_and_map(struct storm *storm, const struct node *device, __u32 number, long page)
{
	struct node node = *device;
	int fd;

	if (node_lookup(&node))
		return;
	fd = test_open(&node, O_RDWR);
	if (fd < 0)
		return;
	while (!atomic_load(&storm->stop) && map_once(storm, fd, number, page))
		;
	close(fd);
}

TEST_F_TIMEOUT(mapping, goes_in_the_middle_of_faults, 120)
{
	pid_t mappers[MAPPERS];
	struct storm *storm;
	int status, seen;

	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, storm);
	for (int i = 0; i < MAPPERS; i++) {
		mappers[i] = fork_child();
		ASSERT_LE(0, mappers[i]);
		if (mappers[i])
			continue;
		while (!atomic_load(&storm->stop))
			open_and_map(storm, &self->node, i, self->page);
		_exit(0);
	}
	for (int i = 0; i < CYCLES; i++) {
		/* Somebody is at work. */
		seen = atomic_load(&storm->seen);
		while (atomic_load(&storm->seen) == seen)
			sleep_ms(1);
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(0, node_bind(&self->node));
	}
	atomic_store(&storm->stop, true);
	for (int i = 0; i < MAPPERS; i++) {
		ASSERT_EQ(mappers[i], waitpid(mappers[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_LE(CYCLES, atomic_load(&storm->seen));
	EXPECT_LE(CYCLES, atomic_load(&storm->gone));
	EXPECT_EQ(0, atomic_load(&storm->wrong));
}

TEST_HARNESS_MAIN
