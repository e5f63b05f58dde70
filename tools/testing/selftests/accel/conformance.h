/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests of what is true of any node, whatever its driver.
 *
 * The nodes must not be in use. Each test goes through all of them, and says of
 * which one it is when something is wrong.
 */
#ifndef _ACCEL_SELFTEST_CONFORMANCE_H
#define _ACCEL_SELFTEST_CONFORMANCE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "subject.h"

/* Compares, and says of which node a difference is. */
#define EXPECT_OF(subject, expected, seen) \
	expect_of(_metadata, subject, expected, seen, #seen)

static inline void expect_of(struct __test_metadata *_metadata, const struct subject *subject,
			     long long expected, long long seen, const char *what)
{
	EXPECT_EQ(expected, seen)
		TH_LOG("%s of %s: %s", subject->node.path, subject->driver.name, what);
}

/* Maps memory of a file, or returns why not. */
static inline int try_map(int fd, __u64 offset, size_t size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ, flags, fd, offset);

	if (memory == MAP_FAILED)
		return -errno;
	munmap(memory, size);
	return 0;
}

static inline bool is_filled(const void *memory, size_t size, unsigned char byte)
{
	const unsigned char *bytes = memory;

	return bytes[0] == byte && !memcmp(bytes, bytes + 1, size - 1);
}

/* A text of the kernel is not empty, and ends within its array. */
static inline bool is_text(const char *text, size_t size)
{
	return text[0] && memchr(text, 0, size);
}

/* Says once which nodes are tested. */
static void __attribute__((constructor)) say_what_is_tested(void)
{
	struct node nodes[SUBJECTS_MAX];
	struct subject subject;
	int i, count = subjects_find(nodes, SUBJECTS_MAX);

	for (i = 0; i < count; i++) {
		if (subject_open(&subject, &nodes[i]))
			continue;
		printf("# tests %s: %s of driver %s, version %.*s\n", nodes[i].path,
		       node_address(&nodes[i]), subject.driver.name,
		       (int)sizeof(subject.driver.version), subject.driver.version);
		close(subject.observer);
	}
	fflush(stdout);
}

FIXTURE(conformance) {
	struct subject *subjects;
	int count;
};

FIXTURE_SETUP(conformance)
{
	struct node nodes[SUBJECTS_MAX];
	struct accel_info_status status;
	int i, ret, user;

	ret = subjects_find(nodes, SUBJECTS_MAX);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "there is no node in " DEV_DIR);
	ASSERT_LT(0, ret)
		TH_LOG("%s", node_why());
	self->count = ret;
	self->subjects = calloc(self->count, sizeof(*self->subjects));
	ASSERT_NE(NULL, self->subjects);
	for (i = 0; i < self->count; i++) {
		ASSERT_EQ(0, subject_open(&self->subjects[i], &nodes[i]))
			TH_LOG("%s", nodes[i].path);
		read_status(_metadata, self->subjects[i].observer, &status);
		ASSERT_EQ(0, status.users)
			TH_LOG("%s is in use", nodes[i].path);
		user = test_open(&nodes[i], O_RDWR);
		if (user == -EACCES && !node_required())
			SKIP(return, "%s: needs root, or a user who may write to it",
			     nodes[i].path);
		ASSERT_LE(0, user)
			TH_LOG("%s: %s", nodes[i].path, strerror(-user));
		close(user);
	}
}

FIXTURE_TEARDOWN(conformance)
{
	int i;

	for (i = 0; i < self->count; i++)
		close(self->subjects[i].observer);
	free(self->subjects);
}

#endif /* _ACCEL_SELFTEST_CONFORMANCE_H */
