// SPDX-License-Identifier: GPL-2.0
/*
 * An ioctl whose structure has grown, one that only takes arguments, and what
 * a driver keeps for each open file.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd_pass.h"
#include "harness.h"

#define FIRST_SIZE sizeof(struct accel_test_words)
#define SIZE sizeof(struct accel_test_grown)
#define FILLER 0xa5

/* The structure, what a later version may have after it, and what is not its. */
union room {
	struct accel_test_grown arg;
	unsigned char bytes[64];
};

FIXTURE(grown) {
	struct node node;
	int fd;
	union room room;
};

FIXTURE_SETUP(grown)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(grown)
{
	close(self->fd);
}

/* Calls with a structure of @size bytes, of which c is the given one if it fits. */
static int grown_add(int fd, union room *room, __u32 size, __u32 c)
{
	struct accel_test_grown arg = { .size = size, .a = 100, .b = 20, .c = c };

	memset(room, FILLER, sizeof(*room));
	/* Zeros up to the size; beyond, bytes that the kernel has to leave alone. */
	memset(room, 0, size);
	memcpy(room, &arg, size < SIZE ? size : SIZE);
	return sys_ioctl(fd, ACCEL_TEST_IOC_GROWN_ADD, room);
}

static void expect_untouched(struct __test_metadata *_metadata, const union room *room,
			     __u32 size)
{
	size_t i;

	for (i = size; i < sizeof(*room); i++)
		EXPECT_EQ(FILLER, room->bytes[i])
			TH_LOG("byte %zu after a call with %u", i, size);
	EXPECT_EQ(size, room->arg.size);
}

TEST_F(grown, first_version)
{
	/* c counts as zero, whatever is in memory there. */
	EXPECT_EQ(0, grown_add(self->fd, &self->room, FIRST_SIZE, 3));
	EXPECT_EQ(120, self->room.arg.result);
	expect_untouched(_metadata, &self->room, FIRST_SIZE);
}

TEST_F(grown, today)
{
	EXPECT_EQ(0, grown_add(self->fd, &self->room, SIZE, 3));
	EXPECT_EQ(123, self->room.arg.result);
	EXPECT_EQ(3, self->room.arg.echo);
	expect_untouched(_metadata, &self->room, SIZE);
}

/* Sizes in between are those of versions in between. */
TEST_F(grown, between)
{
	__u32 size, c;

	for (size = FIRST_SIZE + 1; size < SIZE; size++) {
		/* Of c, as many bytes as there are. The machine is little-endian. */
		c = 0x04030201;
		if (size < FIRST_SIZE + sizeof(c))
			c &= (1U << 8 * (size - FIRST_SIZE)) - 1;
		EXPECT_EQ(0, grown_add(self->fd, &self->room, size, 0x04030201))
			TH_LOG("size %u", size);
		EXPECT_EQ(120 + c, self->room.arg.result)
			TH_LOG("size %u", size);
		expect_untouched(_metadata, &self->room, size);
	}
}

TEST_F(grown, too_small)
{
	__u32 size;

	for (size = 4; size < FIRST_SIZE; size++) {
		EXPECT_EQ(-EINVAL, grown_add(self->fd, &self->room, size, 3))
			TH_LOG("size %u", size);
		expect_untouched(_metadata, &self->room, size);
	}
	/* The size itself is always there. */
	self->room.arg.size = 0;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_GROWN_ADD, &self->room));
}

TEST_F(grown, later_versions)
{
	__u32 size, i;

	for (size = SIZE + 1; size <= sizeof(self->room); size++) {
		EXPECT_EQ(0, grown_add(self->fd, &self->room, size, 3))
			TH_LOG("size %u", size);
		EXPECT_EQ(123, self->room.arg.result);
		EXPECT_EQ(3, self->room.arg.echo);
		for (i = SIZE; i < size; i++)
			EXPECT_EQ(0, self->room.bytes[i]);
		expect_untouched(_metadata, &self->room, size);
	}
}

TEST_F(grown, later_versions_that_ask_for_more)
{
	struct accel_test_grown arg = { .size = 28, .a = 100, .b = 20, .c = 3 };
	__u32 i;

	for (i = SIZE; i < 28; i++) {
		memset(&self->room, 0, sizeof(self->room));
		self->room.arg = arg;
		self->room.bytes[i] = 1;
		EXPECT_EQ(-E2BIG, sys_ioctl(self->fd, ACCEL_TEST_IOC_GROWN_ADD, &self->room))
			TH_LOG("byte %u", i);
		EXPECT_EQ(0, memcmp(&arg, &self->room, sizeof(arg)));
		EXPECT_EQ(1, self->room.bytes[i]);
	}
}

TEST_F(grown, reserved_members)
{
	self->room.arg = (struct accel_test_grown) { .size = SIZE, .echo = 1 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_GROWN_ADD, &self->room));
	self->room.arg = (struct accel_test_grown) { .size = SIZE, .result = 1 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_GROWN_ADD, &self->room));
	/* Neither is it part of the first version, nor looked at. */
	self->room.arg = (struct accel_test_grown) { .size = FIRST_SIZE, .a = 7, .echo = 1 };
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_GROWN_ADD, &self->room));
	EXPECT_EQ(7, self->room.arg.result);
	EXPECT_EQ(1, self->room.arg.echo);
}

TEST_F(grown, input_only)
{
	struct accel_test_words words = { .size = sizeof(words), .a = 40, .b = 2 };
	long page = sysconf(_SC_PAGESIZE);
	struct accel_test_words *read_only;

	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_INPUT_ONLY, &words));
	EXPECT_EQ(sizeof(words), words.size);
	EXPECT_EQ(40, words.a);
	EXPECT_EQ(2, words.b);
	EXPECT_EQ(0, words.result);

	/* So it can be memory that cannot be written; for others, it cannot. */
	read_only = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, read_only);
	*read_only = words;
	ASSERT_EQ(0, mprotect(read_only, page, PROT_READ));
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_INPUT_ONLY, read_only));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_ADD, read_only));
	words.result = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_INPUT_ONLY, &words));
}

static __u32 file_add(struct __test_metadata *_metadata, int fd, __u32 n)
{
	__u32 sum;

	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_FILE_ADD, n, 0, &sum));
	return sum;
}

TEST_F(grown, state_of_files)
{
	int copy, other, sockets[2], passed;
	pid_t pid;
	int status;

	other = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, other);
	copy = dup(self->fd);
	ASSERT_LE(0, copy);
	EXPECT_EQ(1, file_add(_metadata, self->fd, 1));
	EXPECT_EQ(11, file_add(_metadata, copy, 10));
	EXPECT_EQ(1000, file_add(_metadata, other, 1000));
	EXPECT_EQ(111, file_add(_metadata, self->fd, 100));

	/* What a child does to it is there in the parent. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		EXPECT_EQ(112, file_add(_metadata, self->fd, 1));
		_exit(_metadata->exit_code);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(113, file_add(_metadata, self->fd, 1));

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	ASSERT_EQ(0, fd_send(sockets[0], self->fd));
	close(self->fd);
	close(copy);
	passed = fd_receive(sockets[1]);
	ASSERT_LE(0, passed);
	EXPECT_EQ(114, file_add(_metadata, passed, 1));
	EXPECT_EQ(1001, file_add(_metadata, other, 1));

	/* It goes with the last of them. */
	close(passed);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(1, file_add(_metadata, self->fd, 1));
}

TEST_HARNESS_MAIN
