// SPDX-License-Identifier: GPL-2.0
/*
 * What is left in the hands of a process when the device of any node goes, and
 * that it comes back as another one: the driver is unbound, and bound again.
 *
 * Environment:
 *  ACCEL_CONFORMANCE_UNBIND  if 1, this is done; without it, devices stay
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "caller.h"
#include "conformance.h"
#include "events.h"

#define GONE (POLLHUP | POLLERR)

/**
 * struct held - what a process has of a device
 * @user: a file, as are the next two
 * @observer: asleep in poll()
 * @subscriber: asleep in read()
 * @eventfd: of @observer, for what does not happen but to the driver
 * @poller: who is
 * @reader: who is
 * @memory: of a buffer, if the device has any
 * @bytes: how much
 * @dmabuf: the same buffer
 */
struct held {
	int user;
	int observer;
	int subscriber;
	int eventfd;
	struct caller poller;
	struct caller reader;
	unsigned char *memory;
	__u64 bytes;
	int dmabuf;
};

/* By the number of the call: the library may make another one than it says. */
static int call_read(struct caller *caller)
{
	struct accel_event event = {};
	long ret = syscall(SYS_read, caller->fd, &event, sizeof(event));

	caller->result = event.data[0];
	return ret < 0 ? -errno : (int)event.kind;
}

static void take_hold(struct __test_metadata *_metadata, const struct subject *s,
		      struct held *held)
{
	__u32 handle;

	*held = (struct held) {
		.user = test_open(&s->node, O_RDWR),
		.observer = test_open(&s->node, O_RDONLY),
		.subscriber = test_open(&s->node, O_RDONLY),
		.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.dmabuf = -1,
	};
	ASSERT_LE(0, held->user);
	ASSERT_LE(0, held->observer);
	ASSERT_LE(0, held->subscriber);
	ASSERT_LE(0, held->eventfd);
	ASSERT_EQ(0, events_subscribe(held->subscriber, ACCEL_EVENT_CLASS_STATE, -1));
	ASSERT_EQ(0, events_subscribe(held->observer, ACCEL_EVENT_CLASS_DRIVER, held->eventfd));
	held->poller = poll_caller(held->observer, 0, 8 * TIMEOUT_MS);
	ASSERT_EQ(0, caller_start(&held->poller));
	held->reader = (struct caller) {
		.call = call_read,
		.syscall_nr = SYS_read,
		.fd = held->subscriber,
	};
	ASSERT_EQ(0, caller_start(&held->reader));
	if (!subject_ioctl(s, ACCEL_IOC_BO_CREATE))
		return;
	ASSERT_EQ(0, buffer_create(held->user, 1, &handle, &held->bytes));
	ASSERT_EQ(0, buffer_map(held->user, handle, held->bytes, (void **)&held->memory));
	memset(held->memory, 0x77, held->bytes);
	ASSERT_EQ(0, buffer_export(held->user, handle, O_RDWR | O_CLOEXEC, &held->dmabuf));
}

static void expect_gone(struct __test_metadata *_metadata, const struct subject *s, int fd)
{
	const struct accel_info_ioctl *io;

	for (io = s->ioctls; io < s->ioctls + s->ioctl_count; io++)
		EXPECT_EQ(-ENODEV, sys_ioctl(fd, io->command, NULL))
			TH_LOG("%s: %s", s->node.path, io->name);
	EXPECT_OF(s, -ENODEV, sys_ioctl(fd, _IO(ACCEL_IOC_TYPE, 0xff), NULL));
	EXPECT_OF(s, GONE, poll_now(fd) & GONE);
	EXPECT_OF(s, -ENODEV, try_map(fd, 0, sysconf(_SC_PAGESIZE), MAP_SHARED));
}

/* What a process has of a device that is gone, but for the files. */
static void check_rest(struct __test_metadata *_metadata, const struct subject *s,
		       struct held *held)
{
	struct accel_event event;
	unsigned char *memory;
	__u64 number;

	ASSERT_EQ(0, caller_join(&held->poller));
	EXPECT_OF(s, 1, held->poller.ret);
	EXPECT_OF(s, GONE, held->poller.result & GONE);
	ASSERT_EQ(0, caller_join(&held->reader));
	EXPECT_OF(s, ACCEL_EVENT_STATE, held->reader.ret);
	EXPECT_OF(s, ACCEL_STATE_GONE, held->reader.result);
	EXPECT_OF(s, -ENODEV, events_read(held->subscriber, &event, 1));
	/* Whatever they have subscribed to. */
	EXPECT_OF(s, (long)sizeof(number), read(held->eventfd, &number, sizeof(number)));
	close(held->eventfd);
	if (!held->memory)
		return;
	EXPECT_OF(s, 0x77, held->memory[held->bytes - 1]);
	munmap(held->memory, held->bytes);
	memory = mmap(NULL, held->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, held->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_OF(s, 0x77, memory[0]);
	munmap(memory, held->bytes);
	close(held->dmabuf);
}

static void unbind_and_bind(struct __test_metadata *_metadata, struct subject *s)
{
	struct node again = s->node;
	struct held held;
	int fd;

	close(s->observer);
	take_hold(_metadata, s, &held);
	ASSERT_EQ(0, node_unbind(&s->node))
		TH_LOG("%s", s->node.path);
	EXPECT_OF(s, -ENOENT, test_open(&s->node, O_RDONLY));
	EXPECT_OF(s, -1, access(s->node.class_dir, F_OK));
	expect_gone(_metadata, s, held.user);
	expect_gone(_metadata, s, held.observer);
	check_rest(_metadata, s, &held);

	/* What comes back is another device than that of the open files. */
	ASSERT_EQ(0, node_bind(&again))
		TH_LOG("%s", s->node.path);
	EXPECT_OF(s, true, again.minor != s->node.minor);
	expect_gone(_metadata, s, held.user);
	fd = test_open(&again, O_RDWR);
	EXPECT_OF(s, true, fd >= 0);
	close(fd);

	/* And when they are closed, its number is free. The lowest is taken. */
	close(held.user);
	close(held.observer);
	close(held.subscriber);
	ASSERT_EQ(0, node_unbind(&again));
	ASSERT_EQ(0, node_bind(&again));
	EXPECT_OF(s, true, again.minor <= s->node.minor);
	s->observer = test_open(&again, O_RDONLY);
}

TEST_F_TIMEOUT(conformance, device_goes_and_comes_back, 300)
{
	const char *wanted = getenv("ACCEL_CONFORMANCE_UNBIND");
	char unbind[PATH_MAX + 16];
	struct subject *s;
	int tested = 0;

	if (!wanted || strcmp(wanted, "1"))
		SKIP(return, "ACCEL_CONFORMANCE_UNBIND is not 1");
	if (!setup_root(_metadata))
		return;
	for (s = self->subjects; s < self->subjects + self->count; s++) {
		/* Not all buses let their drivers be unbound. */
		snprintf(unbind, sizeof(unbind), "%s/unbind", s->node.driver_dir);
		if (access(unbind, W_OK))
			continue;
		unbind_and_bind(_metadata, s);
		tested++;
	}
	if (!tested && !node_required())
		SKIP(return, "no driver here can be unbound");
	EXPECT_LT(0, tested);
}

TEST_HARNESS_MAIN
