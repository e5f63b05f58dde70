// SPDX-License-Identifier: GPL-2.0
/*
 * ACCEL_IOC_INFO: how records are counted, cut and laid out, and bad arguments.
 *
 * UAPI is the topic of choice, since it has several records and none changes.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define GUARD 0xa5
#define TOTAL 24
#define RECORD sizeof(struct accel_info_ioctl)
/* The widest distance from a record to the next that is tried. */
#define WIDEST 300

/*
 * @data is at the end of accessible memory: a byte too much is a fault. GUARD
 * shows a byte that was written though it need not be.
 */
FIXTURE(record) {
	struct node node;
	int fd;
	size_t size;
	char *data;
	char *end;
	struct accel_info_ioctl expected[TOTAL];
	struct accel_info info;
};

FIXTURE_SETUP(record)
{
	size_t page = sysconf(_SC_PAGESIZE), accessible;
	char *memory;

	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = open(self->node.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(TOTAL, info_read(self->fd, ACCEL_INFO_UAPI, self->expected, RECORD, TOTAL));

	self->size = (TOTAL + 1) * WIDEST;
	accessible = (self->size + page - 1) / page * page;
	memory = mmap(NULL, accessible + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, mprotect(memory + page, accessible, PROT_READ | PROT_WRITE));
	self->end = memory + page + accessible;
	self->data = self->end - self->size;
	memset(self->data, GUARD, self->size);
	self->info = (struct accel_info) {
		.size = sizeof(self->info),
		.topic = ACCEL_INFO_UAPI,
		.data_ptr = (uintptr_t)self->data,
		.data_len = self->size,
	};
}

FIXTURE_TEARDOWN(record)
{
	close(self->fd);
}

static bool is_byte(const char *from, const char *to, unsigned char byte)
{
	while (from < to)
		if ((unsigned char)*from++ != byte)
			return false;
	return true;
}

/*
 * Asks with @info, and expects the records from its index on that fit, at the
 * distance and of the length that it asks for.
 */
static void expect_records(struct __test_metadata *_metadata, struct _test_data_record *self,
			   struct accel_info info)
{
	__u32 stride = info.record_size ? info.record_size : RECORD;
	__u32 index = info.index, left = index < TOTAL ? TOTAL - index : 0;
	__u64 fit = info.data_len / stride;
	__u32 i, written = left < fit ? left : fit;
	char *record = (char *)(uintptr_t)info.data_ptr;

	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_INFO, &info));
	EXPECT_EQ(written, info.count);
	EXPECT_EQ(RECORD, info.record_size);
	EXPECT_EQ((__u64)left * stride, info.data_len);
	for (i = 0; i < written; i++, record += stride) {
		__u32 len = stride < RECORD ? stride : RECORD;

		EXPECT_EQ(0, memcmp(record, &self->expected[index + i], len))
			TH_LOG("record %u of stride %u", index + i, stride);
		EXPECT_TRUE(is_byte(record + len, record + stride, 0))
			TH_LOG("record %u of stride %u is not filled up", index + i, stride);
	}
	EXPECT_TRUE(!record || is_byte(record, self->end, GUARD))
		TH_LOG("written behind record %u of stride %u", index + i, stride);
}

static void expect_info_error(struct __test_metadata *_metadata,
			      struct _test_data_record *self, struct accel_info info, int error)
{
	struct accel_info before = info;

	EXPECT_EQ(-error, sys_ioctl(self->fd, ACCEL_IOC_INFO, &info));
	EXPECT_EQ(0, memcmp(&before, &info, sizeof(info)))
		TH_LOG("it failed, but it has written");
}

TEST_F(record, all)
{
	expect_records(_metadata, self, self->info);
}

TEST_F(record, only_sizes)
{
	/* Without room, the pointer does not matter. */
	self->info.data_len = 0;
	expect_records(_metadata, self, self->info);
	self->info.record_size = RECORD;
	expect_records(_metadata, self, self->info);
	self->info.data_ptr = 0;
	expect_records(_metadata, self, self->info);
	self->info.record_size = 0;
	expect_records(_metadata, self, self->info);
	/* It may even be one that leads nowhere. */
	self->info.data_ptr = (uintptr_t)self->end;
	self->info.index = TOTAL;
	expect_records(_metadata, self, self->info);
}

TEST_F(record, cut_and_filled_up)
{
	static const __u32 sizes[] = {
		1, 3, 4, 16, 100, RECORD - 1, RECORD, RECORD + 1, RECORD + 8, WIDEST,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(self->data, GUARD, self->size);
		self->info.record_size = sizes[i];
		expect_records(_metadata, self, self->info);
	}
}

TEST_F(record, index)
{
	static const __u32 indices[] = {
		0, 1, TOTAL - 1, TOTAL, TOTAL + 1, 1000, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	size_t i;

	/* At and beyond the end there are no records, which is no error. */
	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		memset(self->data, GUARD, self->size);
		self->info.index = indices[i];
		expect_records(_metadata, self, self->info);
	}
}

TEST_F(record, one_by_one)
{
	self->info.data_len = RECORD;
	for (self->info.index = 0; self->info.index <= TOTAL; self->info.index++) {
		memset(self->data, GUARD, self->size);
		expect_records(_metadata, self, self->info);
	}
}

TEST_F(record, whole_records_only)
{
	static const __u64 rooms[] = {
		1, RECORD - 1, RECORD, RECORD + 1, 2 * RECORD - 1, 2 * RECORD,
		TOTAL * RECORD - 1, TOTAL * RECORD,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		memset(self->data, GUARD, self->size);
		self->info.data_len = rooms[i];
		self->info.record_size = 0;
		expect_records(_metadata, self, self->info);
		self->info.record_size = RECORD;
		expect_records(_metadata, self, self->info);
	}
	/* Room is counted in the array's records, not in the kernel's. */
	memset(self->data, GUARD, self->size);
	self->info.record_size = 16;
	self->info.data_len = 2 * 16 + 15;
	expect_records(_metadata, self, self->info);
	memset(self->data, GUARD, self->size);
	self->info.record_size = WIDEST;
	self->info.data_len = 2 * WIDEST - 1;
	expect_records(_metadata, self, self->info);
}

TEST_F(record, exactly_at_the_end_of_memory)
{
	self->info.data_len = TOTAL * RECORD;
	self->info.data_ptr = (uintptr_t)(self->end - TOTAL * RECORD);
	expect_records(_metadata, self, self->info);

	/* At an odd address, in records of an odd size. */
	self->info.record_size = RECORD - 1;
	self->info.data_len = TOTAL * (RECORD - 1);
	self->info.data_ptr = (uintptr_t)(self->end - self->info.data_len);
	expect_records(_metadata, self, self->info);
}

TEST_F(record, bad_data)
{
	__u64 pointers[] = {
		0, 1, (uintptr_t)self->end, (uintptr_t)self->end - 1,
		(uintptr_t)self->end - RECORD + 1, ULONG_MAX / 2, ULONG_MAX - 4095, ULONG_MAX,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pointers); i++) {
		self->info.data_ptr = pointers[i];
		self->info.data_len = RECORD;
		expect_info_error(_metadata, self, self->info, EFAULT);
		self->info.data_len = TOTAL * RECORD;
		expect_info_error(_metadata, self, self->info, EFAULT);
	}
	/* Room for the record, but none to fill it up. */
	self->info.data_ptr = (uintptr_t)(self->end - RECORD);
	self->info.record_size = RECORD + 1;
	self->info.data_len = RECORD + 1;
	expect_info_error(_metadata, self, self->info, EFAULT);
	self->info.record_size = 4096;
	self->info.data_len = 4096;
	expect_info_error(_metadata, self, self->info, EFAULT);
}

TEST_F(record, absurd_record_size)
{
	static const __u32 sizes[] = { 1 << 20, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t i;
	int ret;

	/* It is refused, or faults where memory ends; it does not wrap around. */
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct accel_info info = self->info;

		info.record_size = sizes[i];
		info.data_len = TOTAL * (__u64)sizes[i];
		ret = sys_ioctl(self->fd, ACCEL_IOC_INFO, &info);
		EXPECT_TRUE(ret == -EINVAL || ret == -EFAULT)
			TH_LOG("%s", strerror(-ret));
	}
}

TEST_F(record, read_only_data)
{
	static const struct accel_info_ioctl constant[TOTAL];

	self->info.data_ptr = (uintptr_t)constant;
	self->info.data_len = sizeof(constant);
	expect_info_error(_metadata, self, self->info, EFAULT);
}

TEST_F(record, reserved_members)
{
	struct accel_info info = self->info;

	info.flags = 1;
	expect_info_error(_metadata, self, info, EINVAL);
	info.flags = 0x80000000;
	expect_info_error(_metadata, self, info, EINVAL);
	info = self->info;
	info.count = 1;
	expect_info_error(_metadata, self, info, EINVAL);
	info.count = 0xffffffff;
	expect_info_error(_metadata, self, info, EINVAL);
	EXPECT_TRUE(is_byte(self->data, self->end, GUARD));
}

TEST_F(record, absurd_lengths)
{
	static const __u64 lengths[] = {
		1ULL << 31, 1ULL << 32, (1ULL << 32) + RECORD, 1ULL << 63,
		(1ULL << 63) - 1, -1ULL, -(__u64)RECORD, -4096ULL,
	};
	static const __u32 sizes[] = { 0, 1, RECORD, WIDEST, 0x7fffffff, 0xffffffff };
	size_t i, j;
	int ret;

	/*
	 * More room than there can be is the caller's mistake: it may be refused,
	 * or it may work as far as there are records. It must do no harm.
	 */
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			struct accel_info info = self->info;

			memset(self->data, GUARD, self->size);
			info.data_len = lengths[i];
			info.record_size = sizes[j];
			ret = sys_ioctl(self->fd, ACCEL_IOC_INFO, &info);
			EXPECT_TRUE(!ret || ret == -EFAULT || ret == -EINVAL)
				TH_LOG("%s", strerror(-ret));
			EXPECT_TRUE(ret || sizes[j] <= WIDEST || !info.count)
				TH_LOG("%u records of %u bytes", info.count, sizes[j]);
		}
	}
	/* Afterwards, all is well. */
	memset(self->data, GUARD, self->size);
	expect_records(_metadata, self, self->info);
}

TEST_HARNESS_MAIN
