// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: their handles, their sizes, who may have how many.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "buffer.h"
#include "cgroup.h"
#include "harness.h"

#define THREADS 4
#define ROUNDS 200
#define MANY 500
#define MIB (1024UL * 1024)

FIXTURE(buffer) {
	struct node node;
	long page;
	int fd;
};

FIXTURE_SETUP(buffer)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(buffer)
{
	close(self->fd);
}

TEST_F(buffer, has_the_size_that_was_asked_for)
{
	const __u64 page = self->page;
	const struct {
		__u64 size;
		__u64 bytes;
	} sizes[] = {
		{ 1, page }, { page - 1, page }, { page, page }, { page + 1, 2 * page },
		{ 3 * page, 3 * page }, { 2 * MIB - 1, 2 * MIB }, { 2 * MIB + 1, 2 * MIB + page },
	};
	__u64 bytes, sum;
	__u32 handle;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, buffer_create(self->fd, sizes[i].size, &handle, &bytes))
			TH_LOG("%llu bytes", sizes[i].size);
		EXPECT_EQ(sizes[i].bytes, bytes);
		EXPECT_EQ(0, buffer_info(self->fd, handle, &bytes));
		EXPECT_EQ(sizes[i].bytes, bytes);
		EXPECT_EQ(0, buffer_sum(self->fd, handle, 0, bytes, &sum));
		EXPECT_EQ(0, sum);
		EXPECT_EQ(-EINVAL, buffer_sum(self->fd, handle, 0, bytes + 1, &sum));
		/* What comes next is not to be clean by accident. */
		EXPECT_EQ(0, buffer_fill(self->fd, handle, 0, bytes, 0xa5));
		EXPECT_EQ(0, buffer_close(self->fd, handle));
	}
}

TEST_F(buffer, of_impossible_size)
{
	static const __u64 invalid[] = { 0, 1ULL << 63, (1ULL << 63) - 1, (1ULL << 63) + 1, -1ULL };
	static const __u64 too_large[] = { 1ULL << 40, 1ULL << 62 };
	__u32 handle;

	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		EXPECT_EQ(-EINVAL, buffer_create(self->fd, invalid[i], &handle, NULL))
			TH_LOG("%llu bytes", invalid[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(too_large); i++) {
		EXPECT_EQ(-ENOMEM, buffer_create(self->fd, too_large[i], &handle, NULL))
			TH_LOG("%llu bytes", too_large[i]);
	}
}

TEST_F(buffer, of_invalid_arguments)
{
	const struct accel_bo_create good = { .size = sizeof(good), .bytes = self->page };
	struct accel_bo_mmap_offset offset = { .size = sizeof(offset), .handle = 1, .offset = 1 };
	struct accel_bo_info info = { .size = sizeof(info), .handle = 1, .flags = 1 };
	struct accel_bo_create create;
	__u32 handle;

	ASSERT_EQ(0, buffer_create(self->fd, self->page, &handle, NULL));
	ASSERT_EQ(1, handle);
	create = good;
	create.flags = 2;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_CREATE, &create));
	create = good;
	create.handle = 2;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_CREATE, &create));
	create = good;
	create.region = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_CREATE, &create));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	info = (struct accel_bo_info) { .size = sizeof(info), .handle = 1, .bytes = 1 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	info = (struct accel_bo_info) { .size = sizeof(info), .handle = 1, .region = 1 };
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_INFO, &info));
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_IOC_BO_MMAP_OFFSET, &offset));
}

TEST_F(buffer, is_not_for_observers)
{
	int observer = test_open(&self->node, O_RDONLY);
	__u32 handle;
	__u64 value;

	ASSERT_LE(0, observer);
	EXPECT_EQ(-EACCES, buffer_create(observer, self->page, &handle, NULL));
	EXPECT_EQ(-EACCES, buffer_info(observer, 1, &value));
	EXPECT_EQ(-EACCES, buffer_close(observer, 1));
	EXPECT_EQ(-EACCES, buffer_offset(observer, 1, &value));
}

TEST_F(buffer, is_not_supported_by_all)
{
	struct accel_info_memory memory;
	struct node node;
	__u32 handle;
	__u64 value;
	int fd;

	ASSERT_EQ(0, test_node_find(&node, "limited"));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EOPNOTSUPP, buffer_create(fd, self->page, &handle, NULL));
	EXPECT_EQ(-EOPNOTSUPP, buffer_info(fd, 1, &value));
	EXPECT_EQ(-EOPNOTSUPP, buffer_close(fd, 1));
	EXPECT_EQ(-EOPNOTSUPP, buffer_offset(fd, 1, &value));
	EXPECT_EQ(-EOPNOTSUPP, buffer_sum(fd, 1, 0, 0, &value));
	EXPECT_EQ(0, info_read(fd, ACCEL_INFO_MEMORY, &memory, sizeof(memory), 1));
}

static void expect_no_handle(struct __test_metadata *_metadata, int fd, __u32 handle)
{
	__u64 value;

	EXPECT_EQ(-ENOENT, buffer_info(fd, handle, &value))
		TH_LOG("handle %u", handle);
	EXPECT_EQ(-ENOENT, buffer_close(fd, handle))
		TH_LOG("handle %u", handle);
	EXPECT_EQ(-ENOENT, buffer_offset(fd, handle, &value))
		TH_LOG("handle %u", handle);
	EXPECT_EQ(-ENOENT, buffer_sum(fd, handle, 0, 0, &value))
		TH_LOG("handle %u", handle);
}

TEST_F(buffer, is_only_known_by_its_handle)
{
	static const __u32 none[] = { 0, 3, 4, 1000000, 0x7fffffff, 0x80000000, 0xffffffff };
	__u32 first, second, third, other_handle;
	__u64 bytes;
	int other;

	ASSERT_EQ(0, buffer_create(self->fd, self->page, &first, NULL));
	ASSERT_EQ(0, buffer_create(self->fd, 2 * self->page, &second, NULL));
	EXPECT_EQ(1, first);
	EXPECT_EQ(2, second);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		expect_no_handle(_metadata, self->fd, none[i]);

	/* Of another file of the same device. */
	other = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, other);
	expect_no_handle(_metadata, other, first);
	ASSERT_EQ(0, buffer_create(other, 3 * self->page, &other_handle, NULL));
	EXPECT_EQ(first, other_handle);
	expect_no_handle(_metadata, other, second);
	EXPECT_EQ(0, buffer_close(other, first));
	EXPECT_EQ(0, buffer_info(self->fd, first, &bytes));
	EXPECT_EQ(self->page, bytes);

	/* The lowest that is free is the next one. */
	EXPECT_EQ(0, buffer_close(self->fd, first));
	expect_no_handle(_metadata, self->fd, first);
	ASSERT_EQ(0, buffer_create(self->fd, 4 * self->page, &third, NULL));
	EXPECT_EQ(first, third);
	EXPECT_EQ(0, buffer_info(self->fd, second, &bytes));
	EXPECT_EQ(2 * self->page, bytes);
}

TEST_F(buffer, is_counted_while_it_is_used)
{
	long long before = buffers_in_use(self->fd);
	__u32 handles[MANY];
	void *memory;

	ASSERT_LE(0, before);
	for (int i = 0; i < MANY; i++)
		ASSERT_EQ(0, buffer_create(self->fd, self->page, &handles[i], NULL));
	EXPECT_EQ(before + MANY * self->page, buffers_in_use(self->fd));
	ASSERT_EQ(0, buffer_map(self->fd, handles[0], self->page, &memory));
	for (int i = MANY - 1; i >= 0; i--)
		ASSERT_EQ(0, buffer_close(self->fd, handles[i]));
	/* What is mapped is still there. */
	EXPECT_EQ(before + self->page, buffers_in_use(self->fd));
	munmap(memory, self->page);
	EXPECT_EQ(before, buffers_in_use(self->fd));
}

TEST_F(buffer, goes_with_its_file)
{
	int observer = test_open(&self->node, O_RDONLY);
	long long before = buffers_in_use(observer);
	__u32 handle;

	ASSERT_EQ(0, buffer_create(self->fd, 4 * MIB, &handle, NULL));
	EXPECT_EQ(before + (long long)(4 * MIB), buffers_in_use(observer));
	ASSERT_EQ(0, close(self->fd));
	EXPECT_EQ(before, buffers_in_use(observer));
	self->fd = observer;
}

TEST_F(buffer, of_which_there_are_too_many)
{
	__u32 handles[4], handle;
	struct node node;
	int fd;

	/* At most 4, with at most 1 MiB. */
	ASSERT_EQ(0, test_node_find(&node, "exclusive"));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, buffer_create(fd, self->page, &handles[i], NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, self->page, &handle, NULL));
	EXPECT_EQ(0, buffer_close(fd, handles[2]));
	EXPECT_EQ(0, buffer_create(fd, self->page, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, self->page, &handle, NULL));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, buffer_close(fd, handles[i]));

	ASSERT_EQ(0, buffer_create(fd, MIB - self->page, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, 2 * self->page, &handles[0], NULL));
	EXPECT_EQ(0, buffer_create(fd, self->page, &handles[0], NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, 1, &handles[1], NULL));
	EXPECT_EQ(0, buffer_close(fd, handle));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, (1ULL << 32) - 1, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, 1ULL << 32, &handle, NULL));
	EXPECT_EQ(-ENOMEM, buffer_create(fd, (1ULL << 32) + 1, &handle, NULL));
	EXPECT_EQ(0, buffer_create(fd, MIB - self->page, &handle, NULL));
	close(fd);
}

struct worker {
	pthread_t thread;
	int fd;
	unsigned char byte;
	int error;
};

/* Its own buffers are what it left in them, whatever the others do. */
static void *work(void *arg)
{
	struct worker *worker = arg;
	__u32 handle;
	__u64 sum;
	int ret;

	for (int i = 0; i < ROUNDS && !worker->error; i++) {
		__u64 size = 1 + i % 7 * 1000;

		ret = buffer_create(worker->fd, size, &handle, NULL);
		if (!ret)
			ret = buffer_fill(worker->fd, handle, 0, size, worker->byte);
		if (!ret)
			ret = buffer_sum(worker->fd, handle, 0, size, &sum);
		if (!ret && sum != size * worker->byte)
			ret = -EBADMSG;
		if (!ret)
			ret = buffer_close(worker->fd, handle);
		worker->error = ret;
	}
	return NULL;
}

TEST_F(buffer, of_many_threads)
{
	long long before = buffers_in_use(self->fd);
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker) { .fd = self->fd, .byte = 1 + i };
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].error);
	}
	EXPECT_EQ(before, buffers_in_use(self->fd));
}

TEST_F(buffer, of_a_process_that_dies)
{
	long long before = buffers_in_use(self->fd);
	__u64 deadline;
	__u32 handle;
	pid_t child;

	for (int i = 0; i < 10; i++) {
		child = fork_child();
		ASSERT_LE(0, child);
		if (!child) {
			int fd = test_open(&self->node, O_RDWR);

			while (!buffer_create(fd, MIB, &handle, NULL) &&
			       (handle % 8 || !buffer_close(fd, handle - 4)))
				;
			_exit(0);
		}
		sleep_ms(3 * i);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, NULL, 0));
	}
	/* The last of them may still be letting go. */
	deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	while (buffers_in_use(self->fd) != before && now_ns() < deadline)
		sleep_ms(1);
	EXPECT_EQ(before, buffers_in_use(self->fd));
}

TEST_F(buffer, is_charged_to_the_cgroup)
{
	__u32 handle;
	int status;
	pid_t child;

	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, cgroup_begin());
	ASSERT_EQ(0, cgroup_make("small"));
	EXPECT_EQ(0, cgroup_limit("small", "16777216"));

	child = fork_child();
	ASSERT_LE(0, child);
	if (!child) {
		if (cgroup_enter("small"))
			_exit(1);
		if (buffer_create(self->fd, 4 * MIB, &handle, NULL))
			_exit(2);
		_exit(buffer_create(self->fd, 64 * MIB, &handle, NULL) == -ENOMEM ? 0 : 3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("status 0x%x", status);
	/* What was not charged to the others is there. */
	EXPECT_EQ(0, buffer_create(self->fd, 64 * MIB, &handle, NULL));
	EXPECT_EQ(0, buffer_close(self->fd, handle));
	cgroup_remove("small");
	cgroup_end();
}

TEST_HARNESS_MAIN
