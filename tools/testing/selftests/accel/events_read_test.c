// SPDX-License-Identifier: GPL-2.0
/*
 * Reading events into memory that is not there, and by several threads at a time.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"
#include "stalled_page.h"

/* Where a reader puts what it reads, on a page that takes for ever to write. */
static struct accel_event *stalled_events;

FIXTURE(read) {
	struct node node;
	int user;
	int subscriber;
	struct accel_event events[EVENTS_MAX];
};

FIXTURE_SETUP(read)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
	self->subscriber = test_open(&self->node, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->subscriber);
	ASSERT_EQ(0, events_subscribe(self->subscriber, ACCEL_EVENT_CLASS_DRIVER, -1));
}

FIXTURE_TEARDOWN(read)
{
	close(self->subscriber);
	close(self->user);
}

static int send_events(int fd, __u32 count)
{
	return test_call(fd, ACCEL_TEST_IOC_SEND, 0, count, NULL);
}

/* Records that there is no memory for are not lost. */
TEST_F(read, memory_that_ends)
{
	size_t page = sysconf(_SC_PAGESIZE), size = sizeof(struct accel_event);
	int i, fd = self->subscriber;
	char *pages, *end;

	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	end = pages + page;
	ASSERT_EQ(0, munmap(end, page));
	ASSERT_EQ(0, send_events(self->user, 30));

	EXPECT_EQ(-1, read(fd, end - size / 2, size));
	EXPECT_EQ(EFAULT, errno);
	/* The twelfth is the one that does not fit. */
	ASSERT_EQ(11 * size, read(fd, end - 11 * size - size / 2, 30 * size));
	memcpy(self->events, end - 11 * size - size / 2, 11 * size);
	for (i = 0; i < 11; i++)
		EXPECT_EQ(i, self->events[i].data[0]);
	ASSERT_EQ(19, events_read(fd, self->events, EVENTS_MAX));
	for (i = 0; i < 19; i++)
		EXPECT_EQ(11 + i, self->events[i].data[0]);
	munmap(pages, page);
}

static int read_to_stalled(struct caller *caller)
{
	return events_read(caller->fd, stalled_events, 2);
}

/* While one is stopped in a page fault, another one reads what it would have read. */
TEST_F(read, readers_share_a_file)
{
	struct caller stalled = { .call = read_to_stalled, .syscall_nr = SYS_read };
	struct stalled_page page;
	int i;

	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, stalled_page_map(&page));
	stalled_events = (struct accel_event *)page.address;
	stalled.fd = self->subscriber;
	ASSERT_EQ(0, send_events(self->user, 4));
	ASSERT_EQ(0, caller_start(&stalled));
	ASSERT_EQ(0, stalled_page_wait(&page));
	ASSERT_EQ(3, events_read(stalled.fd, self->events, 3));
	ASSERT_EQ(0, stalled_page_release(&page));
	ASSERT_EQ(0, caller_join(&stalled));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, self->events[i].data[0]);
	EXPECT_EQ(1, stalled.ret);
	EXPECT_EQ(3, stalled_events[0].data[0]);
	EXPECT_EQ(-EAGAIN, events_read(stalled.fd, self->events, 1));
	stalled_page_unmap(&page);
}

TEST_HARNESS_MAIN
