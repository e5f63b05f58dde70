// SPDX-License-Identifier: GPL-2.0
/*
 * Which ioctl commands exist, for whom, and which error comes first.
 */
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(command) {
	struct node node;
	int user;
	int observer;
	bool known[256];
};

FIXTURE_SETUP(command)
{
	struct accel_info_ioctl ioctls[256];
	int i, count;

	if (!setup_node(_metadata, &self->node))
		return;
	self->user = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->user);
	self->observer = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->observer);

	/* A command that the device does not admit to counts as unknown. */
	count = info_read(self->observer, ACCEL_INFO_UAPI, ioctls, sizeof(ioctls[0]), 256);
	ASSERT_LT(0, count);
	for (i = 0; i < count; i++)
		self->known[_IOC_NR(ioctls[i].command)] = true;
}

FIXTURE_TEARDOWN(command)
{
	close(self->observer);
	close(self->user);
}

/* Those of the headers. */
static bool is_known(unsigned int nr)
{
	static const unsigned int known[] = {
		ACCEL_IOC_INFO, ACCEL_IOC_BO_CREATE, ACCEL_IOC_BO_INFO, ACCEL_IOC_BO_CLOSE,
		ACCEL_IOC_BO_MMAP_OFFSET, ACCEL_IOC_BO_USERPTR, ACCEL_IOC_BO_EXPORT,
		ACCEL_IOC_BO_IMPORT, ACCEL_IOC_EVENTS, ACCEL_IOC_TIMELINE_CREATE,
		ACCEL_IOC_TIMELINE_CLOSE, ACCEL_IOC_TIMELINE_QUERY, ACCEL_IOC_TIMELINE_SIGNAL,
		ACCEL_IOC_TIMELINE_WAIT, ACCEL_IOC_TIMELINE_EXPORT, ACCEL_IOC_TIMELINE_IMPORT,
		ACCEL_IOC_TIMELINE_ATTACH, ACCEL_IOC_TIMELINE_SYNC_FILE,
		ACCEL_IOC_TIMELINE_EVENTFD,
		ACCEL_EDU_IOC_FACTORIAL, ACCEL_EDU_IOC_LIVENESS, ACCEL_EDU_IOC_COPY,
		ACCEL_EDU_IOC_RESET, ACCEL_EDU_IOC_SET_EVENTFD,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (nr == _IOC_NR(known[i]))
			return true;
	}
	return false;
}

/* Unknown comes before the role, and before any look at the argument. */
static void expect_unknown(struct __test_metadata *_metadata,
			   struct _test_data_command *self, unsigned int command)
{
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->user, command, NULL))
		TH_LOG("user, command 0x%08x", command);
	EXPECT_EQ(-ENOTTY, sys_ioctl(self->observer, command, NULL))
		TH_LOG("observer, command 0x%08x", command);
}

TEST_F(command, known_are_those_of_the_headers)
{
	unsigned int nr;

	for (nr = 0; nr < 256; nr++)
		EXPECT_EQ(is_known(nr), self->known[nr])
			TH_LOG("number 0x%02x", nr);
}

TEST_F(command, unknown_numbers)
{
	__u32 words[64], before[64];
	unsigned int nr;

	/* With an argument that would be valid if the command were. */
	memset(words, 0, sizeof(words));
	words[0] = sizeof(words);
	memcpy(before, words, sizeof(words));
	for (nr = 0; nr < 256; nr++) {
		unsigned int command = _IO(ACCEL_IOC_TYPE, nr);

		if (self->known[nr])
			continue;
		expect_unknown(_metadata, self, command);
		EXPECT_EQ(-ENOTTY, sys_ioctl(self->user, command, words))
			TH_LOG("command 0x%08x", command);
	}
	EXPECT_EQ(0, memcmp(before, words, sizeof(words)));
}

TEST_F(command, other_directions_and_sizes)
{
	unsigned int sizes[] = { 0, 1, 4, 8, 16, 40, _IOC_SIZEMASK };
	unsigned int nr, dir;
	size_t i;

	/* The number alone does not make the command. */
	for (nr = 0; nr < 256; nr++) {
		if (!self->known[nr])
			continue;
		for (dir = 0; dir <= _IOC_DIRMASK; dir++) {
			for (i = 0; i < ARRAY_SIZE(sizes); i++) {
				if (dir == _IOC_NONE && !sizes[i])
					continue;
				expect_unknown(_metadata, self,
					       _IOC(dir, ACCEL_IOC_TYPE, nr, sizes[i]));
			}
		}
	}
}

/* The few that the kernel answers for every file, whatever its driver does. */
static bool for_all_files(unsigned int command)
{
	switch (command) {
	case FIOCLEX:
	case FIONCLEX:
	case FIONBIO:
	case FIOASYNC:
	case FIOQSIZE:
	case FIGETBSZ:
		return true;
	default:
		return false;
	}
}

TEST_F_TIMEOUT(command, other_types, 300)
{
	unsigned int type, nr;

	for (type = 0; type < 256; type++) {
		if (type == ACCEL_IOC_TYPE)
			continue;
		for (nr = 0; nr < 256; nr++) {
			if (!for_all_files(_IO(type, nr)))
				expect_unknown(_metadata, self, _IO(type, nr));
		}
	}
}

TEST_F(command, observer_is_refused_before_any_copy)
{
	unsigned int commands[] = { ACCEL_EDU_IOC_FACTORIAL, ACCEL_EDU_IOC_LIVENESS };
	__u32 words[64] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EACCES, sys_ioctl(self->observer, commands[i], NULL));
		/* With the size zero, with a non-zero tail, and valid. */
		words[0] = 0;
		EXPECT_EQ(-EACCES, sys_ioctl(self->observer, commands[i], words));
		words[0] = sizeof(words);
		words[63] = 1;
		EXPECT_EQ(-EACCES, sys_ioctl(self->observer, commands[i], words));
		words[0] = 16;
		EXPECT_EQ(-EACCES, sys_ioctl(self->observer, commands[i], words));
		/* The user's own errors are as if there were no roles. */
		EXPECT_EQ(-EFAULT, sys_ioctl(self->user, commands[i], NULL));
	}
	EXPECT_EQ(-EFAULT, sys_ioctl(self->observer, ACCEL_IOC_INFO, NULL));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->user, ACCEL_IOC_INFO, NULL));
}

TEST_HARNESS_MAIN
