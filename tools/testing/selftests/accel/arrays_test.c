// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays that the structure of a driver's ioctl points to.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

#define FILLER 0xa5a5a5a5a5a5a5a5ULL
#define NOWHERE 0x10ULL

FIXTURE(arrays) {
	struct node node;
	int fd;
	struct accel_test_squares call;
	__u32 numbers[ACCEL_TEST_MAX_SQUARES + 1];
	__u64 squares[ACCEL_TEST_MAX_SQUARES + 1];
};

FIXTURE_SETUP(arrays)
{
	int i;

	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	for (i = 0; i <= ACCEL_TEST_MAX_SQUARES; i++) {
		self->numbers[i] = i + 70000;
		self->squares[i] = FILLER;
	}
	self->call = (struct accel_test_squares){
		.size = sizeof(self->call),
		.numbers_ptr = (uintptr_t)self->numbers,
		.squares_ptr = (uintptr_t)self->squares,
	};
}

FIXTURE_TEARDOWN(arrays)
{
	close(self->fd);
}

static __u64 square_of(__u32 number)
{
	return (__u64)number * number;
}

/* Whether nothing was written from element @first on. */
static bool untouched_from(const __u64 *squares, int first)
{
	int i;

	for (i = first; i <= ACCEL_TEST_MAX_SQUARES; i++) {
		if (squares[i] != FILLER)
			return false;
	}
	return true;
}

TEST_F(arrays, of_any_length)
{
	static const int counts[] = { 1, 2, 3, 511, 512, 513, ACCEL_TEST_MAX_SQUARES };
	__u64 sum;
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		self->call.count = counts[i];
		self->call.sum = 0;
		ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
		sum = 0;
		for (n = 0; n < counts[i]; n++) {
			ASSERT_EQ(square_of(self->numbers[n]), self->squares[n])
				TH_LOG("element %d of %d", n, counts[i]);
			sum += self->squares[n];
		}
		EXPECT_EQ(sum, self->call.sum);
		EXPECT_TRUE(untouched_from(self->squares, counts[i]))
			TH_LOG("with %d elements", counts[i]);
	}
}

TEST_F(arrays, without_elements)
{
	self->call.numbers_ptr = NOWHERE;
	self->call.squares_ptr = ~0ULL;
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
	EXPECT_EQ(0, self->call.sum);
}

TEST_F(arrays, with_too_many_elements)
{
	static const __u32 counts[] = { ACCEL_TEST_MAX_SQUARES + 1, 1U << 30, 1U << 31, ~0U };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		self->call.count = counts[i];
		EXPECT_EQ(-E2BIG, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call))
			TH_LOG("%u elements", counts[i]);
	}
	EXPECT_TRUE(untouched_from(self->squares, 0));
}

TEST_F(arrays, in_no_memory)
{
	static const __u64 nowhere[] = { 0, NOWHERE, 1ULL << 47, 1ULL << 63, ~0ULL - 2 };
	size_t i;

	self->call.count = 2;
	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		self->call.sum = 0;
		self->call.numbers_ptr = nowhere[i];
		EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call))
			TH_LOG("numbers at %llx", nowhere[i]);
		EXPECT_TRUE(untouched_from(self->squares, 0));
		self->call.numbers_ptr = (uintptr_t)self->numbers;
		self->call.squares_ptr = nowhere[i];
		EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call))
			TH_LOG("squares at %llx", nowhere[i]);
		/* What cannot be written is lost, and with it the structure. */
		EXPECT_EQ(0, self->call.sum);
		self->call.squares_ptr = (uintptr_t)self->squares;
	}
}

TEST_F(arrays, in_memory_that_ends)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_EQ(0, munmap(memory + page, page));
	self->call.count = 3;
	self->call.numbers_ptr = (uintptr_t)(memory + page - 2 * sizeof(__u32));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
	self->call.count = 2;
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
	EXPECT_EQ(0, munmap(memory, page));
}

TEST_F(arrays, of_a_call_that_fails)
{
	self->call.count = 2;
	self->call.sum = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
	EXPECT_TRUE(untouched_from(self->squares, 0));
}

TEST_F(arrays, of_a_structure_of_another_version)
{
	struct {
		struct accel_test_squares call;
		__u64 tail;
	} longer = {};

	self->call.count = 2;
	longer.call = self->call;
	longer.call.size = sizeof(longer);
	EXPECT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &longer));
	EXPECT_EQ(square_of(70000) + square_of(70001), longer.call.sum);
	longer.tail = 1;
	longer.call.sum = 0;
	EXPECT_EQ(-E2BIG, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &longer));
	self->call.size = sizeof(self->call) - 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_SQUARES, &self->call));
}

TEST_F(arrays, are_changed)
{
	struct accel_test_double call = {
		.size = sizeof(call),
		.count = 1000,
		.numbers_ptr = (uintptr_t)self->numbers,
	};
	int i;

	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_DOUBLE, &call));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(2 * (i + 70000), self->numbers[i]);
	EXPECT_EQ(71000, self->numbers[1000]);
	/* If it fails, nothing is written. */
	self->numbers[999] = 1U << 31;
	EXPECT_EQ(-EOVERFLOW, sys_ioctl(self->fd, ACCEL_TEST_IOC_DOUBLE, &call));
	EXPECT_EQ(140000, self->numbers[0]);
}

static struct accel_test_rows rows_of(const struct accel_test_row *rows, __u32 count)
{
	return (struct accel_test_rows) {
		.size = sizeof(struct accel_test_rows),
		.count = count,
		.rows_ptr = (uintptr_t)rows,
		.stride = sizeof(*rows),
	};
}

TEST_F(arrays, of_arrays)
{
	struct accel_test_row rows[4] = {
		{ 2, 0, (uintptr_t)self->numbers },
		{ 0, 0, NOWHERE },
		{ 1, 0, (uintptr_t)&self->numbers[5] },
		{ 1, 0, NOWHERE },
	};
	struct accel_test_rows call = rows_of(rows, 3);

	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	EXPECT_EQ(70000 + 70001 + 70005, call.sum);
	/* Every other one. */
	call = rows_of(rows, 2);
	call.stride = 2 * sizeof(*rows);
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	EXPECT_EQ(70000 + 70001 + 70005, call.sum);

	call = rows_of(rows, 4);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	EXPECT_EQ(0, call.reserved);
	call = rows_of(rows, 2);
	call.stride = sizeof(*rows) - 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	call = rows_of(rows, (1 << 20) / sizeof(*rows) + 1);
	EXPECT_EQ(-E2BIG, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	call = rows_of(rows, 2);
	call.stride = ~0U;
	EXPECT_EQ(-E2BIG, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	call = rows_of((void *)-8, 1);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
}

/* None of it is there yet, as in a file that was just mapped. */
TEST_F(arrays, are_brought)
{
	const size_t size = 512 << 10;
	struct accel_test_row row = { .count = size / sizeof(__u32) };
	struct accel_test_rows call = rows_of(&row, 1);
	char *memory;

	memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	row.numbers_ptr = (uintptr_t)memory;
	ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
	EXPECT_EQ(0, call.sum);
	munmap(memory, size);
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, ACCEL_TEST_IOC_SUM_ROWS, &call));
}

TEST_HARNESS_MAIN
