// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a device, and of buffers in its memory, while it is reset.
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
#include "movable.h"
#include "sigbus.h"
#include "stalled_page.h"

FIXTURE(reset_mapping) {
	struct node node;
	int fd;
	size_t page;
	__u32 *memory;
};

FIXTURE_SETUP(reset_mapping)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	self->page = sysconf(_SC_PAGESIZE);
	self->memory = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
			    ACCEL_TEST_PCI_MEMORY);
	ASSERT_NE(MAP_FAILED, self->memory);
}

FIXTURE_TEARDOWN(reset_mapping)
{
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	munmap(self->memory, self->page);
	close(self->fd);
}

/* The node that call_force() is about. */
static const struct node *forced;
/* Where the structure of call_sum() is. */
static struct stalled_page stalled;

static int call_force(struct caller *caller)
{
	(void)caller;
	return admin_reset(forced, "force");
}

TEST_F(reset_mapping, accesses_wait)
{
	struct caller writer = { .call = call_force, .syscall_nr = SYS_write };
	struct accel_info_status status;
	__u32 value;

	forced = &self->node;
	self->memory[0] = 5;
	self->memory[1] = 6;
	ASSERT_EQ(0, caller_start(&writer));
	ASSERT_EQ(0, wait_state(self->fd, ACCEL_STATE_RESETTING));
	/* What is read is of before the driver's hook or of afterwards. */
	do {
		ASSERT_EQ(0, load_word(&self->memory[1], &value));
		ASSERT_NE(ACCEL_TEST_PCI_IN_RESET, value);
		read_status(_metadata, self->fd, &status);
	} while (value == 6 && status.state != ACCEL_STATE_WEDGED);
	EXPECT_EQ(0, value);
	EXPECT_EQ(ACCEL_STATE_RUNNING, status.state);
	EXPECT_EQ(5, self->memory[0]);
	ASSERT_EQ(0, caller_join(&writer));
	EXPECT_EQ(0, writer.ret);
}

static int call_sum(struct caller *caller)
{
	return sys_ioctl(caller->fd, ACCEL_TEST_PCI_IOC_SUM, stalled.address);
}

/*
 * The array is memory of the device that is reset, so the copy waits for the reset,
 * which must not wait for the caller in turn.
 */
TEST_F_TIMEOUT(reset_mapping, arrays_wait, 120)
{
	struct caller caller = { .call = call_sum, .syscall_nr = SYS_ioctl, .fd = self->fd };
	struct caller writer = { .call = call_force, .syscall_nr = SYS_write };
	struct accel_test_pci_sum args = {
		.size = sizeof(args),
		.count = 3,
		.numbers_ptr = (uintptr_t)&self->memory[8],
	};

	forced = &self->node;
	for (int i = 0; i < 3; i++)
		self->memory[8 + i] = 10 + i;
	/* It is admitted before the reset, and comes to the array during it. */
	ASSERT_EQ(0, stalled_page_map(&stalled));
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, stalled_page_wait(&stalled));
	ASSERT_EQ(0, caller_start(&writer));
	ASSERT_EQ(0, wait_state(self->fd, ACCEL_STATE_RESETTING));
	ASSERT_EQ(0, stalled_page_fill(&stalled, &args, sizeof(args)));

	ASSERT_EQ(0, caller_join(&writer))
		TH_LOG("the reset waits for the caller");
	EXPECT_EQ(0, writer.ret);
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(0, caller.ret);
	memcpy(&args, stalled.address, sizeof(args));
	EXPECT_EQ(10 + 11 + 12, args.sum);
	stalled_page_unmap(&stalled);
}

TEST_F(reset_mapping, accesses_to_a_wedged_device)
{
	__u32 value;

	self->memory[0] = ACCEL_TEST_PCI_FAIL_RESET;
	EXPECT_EQ(-EIO, admin_reset(&self->node, "force"));
	EXPECT_EQ(-EFAULT, load_word(&self->memory[0], &value));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd,
				   ACCEL_TEST_PCI_MEMORY));
	EXPECT_EQ(EIO, errno);

	/* It is there again with the device. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, load_word(&self->memory[0], &value));
	EXPECT_EQ(0, value);
}

/**
 * struct shown - a mapping of a buffer in memory of the device
 * @name: what it is
 * @flags: of the buffer
 * @exported: it is one of its dma-buf
 * @touched: it has been accessed before
 * @memory: the mapping
 */
struct shown {
	const char *name;
	__u32 flags;
	bool exported;
	bool touched;
	__u32 *memory;
};

static const struct shown all_shown[] = {
	{ "touched before", 0, false, true, NULL },
	{ "not touched before", 0, false, false, NULL },
	{ "movable, touched before", ACCEL_BO_MOVABLE, false, true, NULL },
	{ "movable, not touched before", ACCEL_BO_MOVABLE, false, false, NULL },
	{ "dma-buf, touched before", 0, true, true, NULL },
	{ "dma-buf of a movable one, touched before", ACCEL_BO_MOVABLE, true, true, NULL },
};

#define SHOWN ARRAY_SIZE(all_shown)

static void map_all(struct __test_metadata *_metadata, int fd, size_t page,
		    struct shown shown[SHOWN])
{
	void *memory;
	__u32 handle;
	int dmabuf;

	memcpy(shown, all_shown, sizeof(all_shown));
	for (struct shown *it = shown; it < shown + SHOWN; it++) {
		ASSERT_EQ(0, movable_create_in(fd, MOVABLE_REGION, page, it->flags, &handle));
		if (it->exported) {
			ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &dmabuf));
			memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
			ASSERT_NE(MAP_FAILED, memory);
			close(dmabuf);
		} else {
			ASSERT_EQ(0, buffer_map(fd, handle, page, &memory));
		}
		it->memory = memory;
		if (it->touched)
			*it->memory = 7;
	}
}

/* Whether the driver's hook for a reset runs, or an error. */
static int hook_runs(int fd)
{
	struct accel_test_pci_hook arg = { .size = sizeof(arg) };
	int ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_HOOK, &arg);

	return ret ? ret : (int)arg.running;
}

/* While the hook runs, the memory of the device is the driver's. */
TEST_F_TIMEOUT(reset_mapping, accesses_to_buffers_wait, 120)
{
	struct caller writer;
	struct shown shown[SHOWN];
	__u32 value;
	int ret;

	forced = &self->node;
	map_all(_metadata, self->fd, self->page, shown);
	for (struct shown *it = shown; it < shown + SHOWN; it++) {
		writer = (struct caller){ .call = call_force, .syscall_nr = SYS_write };
		ASSERT_EQ(0, caller_start(&writer));
		do {
			ret = hook_runs(self->fd);
			ASSERT_LE(0, ret);
		} while (!ret);
		EXPECT_EQ(0, load_word(it->memory, &value));
		EXPECT_EQ(0, hook_runs(self->fd))
			TH_LOG("%s: it was accessed during the reset", it->name);
		EXPECT_EQ(it->touched ? 7 : 0, value);
		ASSERT_EQ(0, caller_join(&writer));
		EXPECT_EQ(0, writer.ret);
	}
}

TEST_F(reset_mapping, accesses_to_buffers_of_a_wedged_device)
{
	struct shown shown[SHOWN];
	__u32 value;

	map_all(_metadata, self->fd, self->page, shown);
	self->memory[0] = ACCEL_TEST_PCI_FAIL_RESET;
	EXPECT_EQ(-EIO, admin_reset(&self->node, "force"));
	for (struct shown *it = shown; it < shown + SHOWN; it++) {
		EXPECT_EQ(-EFAULT, load_word(it->memory, &value))
			TH_LOG("%s", it->name);
	}

	/* They are there again with the device. */
	ASSERT_EQ(0, admin_reset(&self->node, "force"));
	for (struct shown *it = shown; it < shown + SHOWN; it++) {
		ASSERT_EQ(0, load_word(it->memory, &value))
			TH_LOG("%s", it->name);
		EXPECT_EQ(it->touched ? 7 : 0, value);
	}
}

TEST_HARNESS_MAIN
