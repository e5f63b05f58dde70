// SPDX-License-Identifier: GPL-2.0
/*
 * What <accel/accel.h> promises of any node: roles, who may open, ioctls. For
 * information and events, see conformance_info_test; for buffers,
 * conformance_buffer_test; for what happens when the device goes,
 * conformance_unbind_test.
 */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "conformance.h"

/* How many users of a device that admits any number, or very many. */
#define MANY 16

#define KNOWN_FLAGS (ACCEL_IOCTL_IN | ACCEL_IOCTL_OUT | ACCEL_IOCTL_OBSERVER | \
		     ACCEL_IOCTL_CAPABILITY | ACCEL_IOCTL_PASSTHROUGH | ACCEL_IOCTL_POWERED | \
		     ACCEL_IOCTL_CONFINED)

TEST_F(conformance, node_is_that_of_class)
{
	struct subject *s;
	char text[64], dev[64];
	struct stat st;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		ASSERT_EQ(0, stat(s->node.path, &st));
		EXPECT_OF(s, S_IFCHR, st.st_mode & S_IFMT);
		EXPECT_OF(s, s->node.minor, minor(st.st_rdev));
		ASSERT_EQ(0, read_file(s->node.class_dir, "dev", text, sizeof(text)));
		snprintf(dev, sizeof(dev), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
		EXPECT_OF(s, 0, strcmp(dev, text));
		ASSERT_EQ(0, link_name(s->node.class_dir, "subsystem", text, sizeof(text)));
		EXPECT_OF(s, 0, strcmp("accelerator", text));
	}
}

static void expect_one_line(struct __test_metadata *_metadata, const struct subject *s,
			    const char *name)
{
	char path[PATH_MAX], text[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->node.class_dir, name);
	/* The core's own, which has a line for each variable. */
	if (!strcmp(name, "uevent") || lstat(path, &st) || !S_ISREG(st.st_mode) ||
	    !(st.st_mode & 0444))
		return;
	EXPECT_EQ(0, read_file(s->node.class_dir, name, text, sizeof(text)))
		TH_LOG("%s", path);
	EXPECT_FALSE(!*text || strchr(text, '\n'))
		TH_LOG("%s: %s", path, text);
}

/* A file in sysfs has one value; the information topics have the tables. */
TEST_F(conformance, attributes_are_one_value_each)
{
	struct dirent *entry;
	struct subject *s;
	DIR *dir;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		dir = opendir(s->node.class_dir);
		ASSERT_NE(NULL, dir);
		while ((entry = readdir(dir)))
			expect_one_line(_metadata, s, entry->d_name);
		closedir(dir);
	}
}

TEST_F(conformance, opens_in_two_roles)
{
	struct subject *s;
	int user, observer;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		user = test_open(&s->node, O_RDWR);
		EXPECT_OF(s, true, user >= 0);
		EXPECT_OF(s, -EINVAL, test_open(&s->node, O_WRONLY));
		/* Who looks is let in beside any user. */
		observer = test_open(&s->node, O_RDONLY);
		EXPECT_OF(s, true, observer >= 0);
		close(observer);
		close(user);
	}
}

TEST_F(conformance, users_are_admitted_by_policy)
{
	int users[MANY], limit, count, copy, i;
	struct accel_info_status status;
	struct subject *s;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		/* Zero is any number. */
		limit = s->driver.open_limit;
		count = limit && limit < MANY ? limit : MANY;
		for (i = 0; i < count; i++) {
			users[i] = test_open(&s->node, O_RDWR);
			EXPECT_OF(s, true, users[i] >= 0);
		}
		read_status(_metadata, s->observer, &status);
		EXPECT_OF(s, count, status.users);
		if (count == limit) {
			EXPECT_OF(s, -EBUSY, test_open(&s->node, O_RDWR));
			/* A file that is open twice is one file, until both are closed. */
			copy = dup(users[0]);
			close(copy);
			EXPECT_OF(s, -EBUSY, test_open(&s->node, O_RDWR));
			close(users[0]);
			users[0] = test_open(&s->node, O_RDWR);
			EXPECT_OF(s, true, users[0] >= 0);
		}
		for (i = 0; i < count; i++)
			close(users[i]);
		read_status(_metadata, s->observer, &status);
		EXPECT_OF(s, 0, status.users);
	}
}

/* Whether a call may be refused for want of a right. A call of a passthrough counts, too. */
static bool needs_right(const struct accel_info_ioctl *io)
{
	return io->flags & ACCEL_IOCTL_PASSTHROUGH ||
	       (io->flags & ACCEL_IOCTL_CAPABILITY && geteuid());
}

TEST_F(conformance, observers_only_look)
{
	long page = sysconf(_SC_PAGESIZE);
	const struct accel_info_ioctl *io;
	struct subject *s;
	int ret;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		for (io = s->ioctls; io < s->ioctls + s->ioctl_count; io++) {
			if (io->flags & ACCEL_IOCTL_OBSERVER && needs_right(io))
				continue;
			ret = sys_ioctl(s->observer, io->command, NULL);
			EXPECT_EQ(io->flags & ACCEL_IOCTL_OBSERVER ? -EFAULT : -EACCES, ret)
				TH_LOG("%s: %s", s->node.path, io->name);
		}
		EXPECT_OF(s, -EACCES, try_map(s->observer, 0, page, MAP_SHARED));
	}
}

TEST_F(conformance, table_of_ioctls_is_sound)
{
	const struct accel_info_ioctl *io, *other;
	struct subject *s;
	unsigned int nr;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		EXPECT_OF(s, true, !!subject_ioctl(s, ACCEL_IOC_INFO));
		EXPECT_OF(s, true, !!subject_ioctl(s, ACCEL_IOC_EVENTS));
		for (io = s->ioctls; io < s->ioctls + s->ioctl_count; io++) {
			nr = _IOC_NR(io->command);
			EXPECT_OF(s, _IO(ACCEL_IOC_TYPE, nr), io->command);
			EXPECT_OF(s, true, nr < ACCEL_IOC_DRIVER_END);
			EXPECT_OF(s, true, io->min_size >= sizeof(__u32));
			EXPECT_OF(s, true, io->min_size <= io->size);
			EXPECT_OF(s, 0, io->size % sizeof(__u32));
			EXPECT_OF(s, 0, io->flags & ~KNOWN_FLAGS);
			EXPECT_OF(s, 0, io->reserved);
			EXPECT_OF(s, true, is_text(io->name, sizeof(io->name)));
			EXPECT_OF(s, true, is_text(io->description, sizeof(io->description)));
			EXPECT_OF(s, false, !!strchr(io->description, '\n'));
			for (other = s->ioctls; other < io; other++) {
				EXPECT_OF(s, true, other->command != io->command);
				EXPECT_OF(s, true, !!strcmp(other->name, io->name));
			}
		}
	}
}

TEST_F(conformance, other_commands_do_not_exist)
{
	/* Of a device without buffers, those on buffers are known, but not supported. */
	const unsigned int buffers_end = _IOC_NR(ACCEL_IOC_BO_IMPORT) + 1;
	unsigned int nr, command;
	struct subject *s;
	int user;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		user = test_open(&s->node, O_RDWR);
		ASSERT_LE(0, user)
			TH_LOG("%s", s->node.path);
		for (nr = 0; nr < 256; nr++) {
			command = _IO(ACCEL_IOC_TYPE, nr);
			if (!subject_ioctl(s, command) && (!nr || nr >= buffers_end)) {
				EXPECT_EQ(-ENOTTY, sys_ioctl(user, command, NULL))
					TH_LOG("%s: number 0x%02x", s->node.path, nr);
			}
			command = _IOC(_IOC_READ, ACCEL_IOC_TYPE, nr, 16);
			EXPECT_OF(s, -ENOTTY, sys_ioctl(user, command, NULL));
			command = _IO(ACCEL_IOC_TYPE ^ 1, nr);
			EXPECT_OF(s, -ENOTTY, sys_ioctl(user, command, NULL));
		}
		close(user);
	}
}

/* Memory that ends where the next page is not there. */
struct memory {
	char *start;
	char *end;
};

static struct memory map_memory(struct __test_metadata *_metadata, size_t size)
{
	struct memory memory;

	memory.start = mmap(NULL, size + sysconf(_SC_PAGESIZE), PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory.start);
	ASSERT_EQ(0, mprotect(memory.start, size, PROT_READ | PROT_WRITE));
	memory.end = memory.start + size;
	return memory;
}

/* Makes a call of which nothing is right but the size, and expects it to change nothing. */
static void expect_refused(struct __test_metadata *_metadata, const struct subject *s,
			   const struct accel_info_ioctl *io, int user, char *arg, __u32 size,
			   int error)
{
	char before[2 * 4096];

	memcpy(arg, &size, sizeof(size));
	memcpy(before, arg, size < sizeof(before) ? size : sizeof(size));
	EXPECT_EQ(-error, sys_ioctl(user, io->command, arg))
		TH_LOG("%s: %s with size %u", s->node.path, io->name, size);
	EXPECT_EQ(0, memcmp(before, arg, size < sizeof(before) ? size : sizeof(size)))
		TH_LOG("%s: %s has written", s->node.path, io->name);
}

TEST_F(conformance, structures_are_checked)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct memory memory = map_memory(_metadata, 2 * page);
	const struct accel_info_ioctl *io;
	struct subject *s;
	int user;
	char *arg;

	for (s = self->subjects; s < self->subjects + self->count; s++) {
		user = test_open(&s->node, O_RDWR);
		ASSERT_LE(0, user)
			TH_LOG("%s", s->node.path);
		for (io = s->ioctls; io < s->ioctls + s->ioctl_count; io++) {
			if (needs_right(io))
				continue;
			memset(memory.start, 0, 2 * page);
			arg = memory.start;
			expect_refused(_metadata, s, io, user, arg, 0, EINVAL);
			expect_refused(_metadata, s, io, user, arg, io->min_size - 1, EINVAL);
			expect_refused(_metadata, s, io, user, arg, page + 1, E2BIG);
			expect_refused(_metadata, s, io, user, arg, UINT_MAX, E2BIG);
			arg[io->size + 7] = 1;
			expect_refused(_metadata, s, io, user, arg, io->size + 8, E2BIG);
			/* One that is nothing but its size would be called. */
			if (io->size > sizeof(__u32)) {
				arg = memory.end - sizeof(__u32);
				memcpy(arg, &io->size, sizeof(io->size));
				EXPECT_OF(s, -EFAULT, sys_ioctl(user, io->command, arg));
			}
			EXPECT_OF(s, -EFAULT, sys_ioctl(user, io->command, NULL));
			EXPECT_OF(s, -EFAULT, sys_ioctl(user, io->command, memory.end));
		}
		close(user);
	}
	munmap(memory.start, 3 * page);
}

/* Who has put down the capabilities of root is refused what needs one. */
TEST_F(conformance, capabilities_are_needed)
{
	const struct accel_info_ioctl *io;
	struct subject *s;
	int *users, i;

	if (!setup_root(_metadata))
		return;
	users = calloc(self->count, sizeof(*users));
	ASSERT_NE(NULL, users);
	for (i = 0; i < self->count; i++) {
		users[i] = test_open(&self->subjects[i].node, O_RDWR);
		ASSERT_LE(0, users[i]);
	}
	/* The test runs in a process of its own, which ends as nobody. */
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	for (i = 0; i < self->count; i++) {
		s = &self->subjects[i];
		for (io = s->ioctls; io < s->ioctls + s->ioctl_count; io++) {
			if (!needs_right(io))
				continue;
			EXPECT_EQ(-EPERM, sys_ioctl(users[i], io->command, NULL))
				TH_LOG("%s: %s", s->node.path, io->name);
		}
		close(users[i]);
	}
	free(users);
}

TEST_HARNESS_MAIN
