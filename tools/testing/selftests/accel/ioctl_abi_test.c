// SPDX-License-Identifier: GPL-2.0
/*
 * The general ioctl format of <accel/accel.h>, for every structure: sizes,
 * reserved members and bad pointers.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ioctl_abi.h"

#define GUARD 0xa5

/*
 * Two accessible pages between two that are not. What a call must not touch is
 * either filled with GUARD, or not there.
 */
FIXTURE(abi) {
	struct node node;
	int fd;
	size_t page;
	char *memory;
	char *end;
	char *before;
};

FIXTURE_VARIANT(abi) {
	const struct ioctl_abi *ioctl;
};

FIXTURE_VARIANT_ADD(abi, info) {
	.ioctl = &info_abi,
};

FIXTURE_VARIANT_ADD(abi, edu_factorial) {
	.ioctl = &edu_factorial_abi,
};

FIXTURE_VARIANT_ADD(abi, edu_liveness) {
	.ioctl = &edu_liveness_abi,
};

FIXTURE_SETUP(abi)
{
	char *pages;

	if (!setup_node(_metadata, &self->node))
		return;
	self->fd = open(self->node.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 4 * self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	self->memory = pages + self->page;
	self->end = self->memory + 2 * self->page;
	ASSERT_EQ(0, mprotect(self->memory, 2 * self->page, PROT_READ | PROT_WRITE));
	self->before = malloc(2 * self->page);
	ASSERT_NE(NULL, self->before);
}

FIXTURE_TEARDOWN(abi)
{
	free(self->before);
	close(self->fd);
}

static void set_u32(char *memory, size_t offset, __u32 value)
{
	memcpy(memory + offset, &value, sizeof(value));
}

static __u32 get_u32(const char *memory, size_t offset)
{
	__u32 value;

	memcpy(&value, memory + offset, sizeof(value));
	return value;
}

/* A valid request at @arg that claims @size; what is around it is GUARD. */
static void fill(struct _test_data_abi *self, const struct _fixture_variant_abi *variant,
		 char *arg, size_t size)
{
	char request[64] = {};
	size_t room = self->end - arg;

	variant->ioctl->fill(request);
	set_u32(request, 0, size);
	memset(self->memory, GUARD, 2 * self->page);
	if (size < sizeof(__u32))
		size = sizeof(__u32);
	memset(arg, 0, size < room ? size : room);
	if (size > variant->ioctl->size)
		size = variant->ioctl->size;
	memcpy(arg, request, size < room ? size : room);
}

/* Calls, and expects to fail without having changed anything. */
static void expect_error(struct __test_metadata *_metadata, struct _test_data_abi *self,
			 const struct _fixture_variant_abi *variant, char *arg, int error)
{
	memcpy(self->before, self->memory, 2 * self->page);
	EXPECT_EQ(-error, sys_ioctl(self->fd, variant->ioctl->command, arg))
		TH_LOG("with size %u", get_u32(arg, 0));
	EXPECT_EQ(0, memcmp(self->before, self->memory, 2 * self->page))
		TH_LOG("it failed, but it has written");
}

/* Calls, and expects an answer in the known part and nothing written elsewhere. */
static void expect_answer(struct __test_metadata *_metadata, struct _test_data_abi *self,
			  const struct _fixture_variant_abi *variant, char *arg)
{
	__u32 size = get_u32(arg, 0);
	size_t known = size < variant->ioctl->size ? size : variant->ioctl->size;
	size_t start = arg - self->memory;
	char answer[64] = {};

	memcpy(self->before, self->memory, 2 * self->page);
	ASSERT_EQ(0, sys_ioctl(self->fd, variant->ioctl->command, arg))
		TH_LOG("with size %u", size);
	/* The members that a short structure lacks are read as zero. */
	memcpy(answer, arg, known);
	EXPECT_TRUE(variant->ioctl->answered(answer))
		TH_LOG("wrong answer with size %u", size);
	EXPECT_EQ(size, get_u32(arg, 0));
	/* Apart from the known part, all is as it was. */
	memcpy(self->before + start, arg, known);
	EXPECT_EQ(0, memcmp(self->before, self->memory, 2 * self->page))
		TH_LOG("written outside of the structure with size %u", size);
}

TEST_F(abi, header_has_first_version)
{
	/* The tests below rely on it: that the fields are of the first version. */
	EXPECT_LE(variant->ioctl->min_size, variant->ioctl->size);
}

TEST_F(abi, too_small)
{
	size_t size;

	for (size = 0; size < variant->ioctl->min_size; size++) {
		/* At the end of the page, the rest does not even exist. */
		char *arg = self->end - (size < sizeof(__u32) ? sizeof(__u32) : size);

		fill(self, variant, arg, size);
		expect_error(_metadata, self, variant, arg, EINVAL);
		fill(self, variant, self->memory, size);
		expect_error(_metadata, self, variant, self->memory, EINVAL);
	}
}

TEST_F(abi, all_versions_so_far)
{
	size_t size;

	/* Structures grow by whole members, which keep their alignment. */
	for (size = variant->ioctl->min_size; size <= variant->ioctl->size; size += sizeof(__u32)) {
		fill(self, variant, self->end - size, size);
		expect_answer(_metadata, self, variant, self->end - size);
		fill(self, variant, self->memory, size);
		expect_answer(_metadata, self, variant, self->memory);
	}
}

TEST_F(abi, misaligned)
{
	char *arg = self->memory + self->page - variant->ioctl->size / 2 - 1;

	/* Across a page border, at an odd address. */
	fill(self, variant, arg, variant->ioctl->size);
	expect_answer(_metadata, self, variant, arg);
}

TEST_F(abi, zero_tail)
{
	size_t sizes[] = {
		variant->ioctl->size + 1, variant->ioctl->size + 3, variant->ioctl->size + 4,
		variant->ioctl->size + 8, 2 * variant->ioctl->size, 1024, 4095, 4096,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(self, variant, self->end - sizes[i], sizes[i]);
		expect_answer(_metadata, self, variant, self->end - sizes[i]);
		/* What follows the claimed size is not even looked at. */
		fill(self, variant, self->memory, sizes[i]);
		expect_answer(_metadata, self, variant, self->memory);
	}
}

TEST_F(abi, nonzero_tail)
{
	size_t tails[] = { 1, 2, 3, 4, 7, 8, 9, 64, 4096 - variant->ioctl->size };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		size_t size = variant->ioctl->size + tails[i];
		char *arg = self->end - size;

		fill(self, variant, arg, size);
		arg[variant->ioctl->size] = 0x80;
		expect_error(_metadata, self, variant, arg, E2BIG);

		fill(self, variant, arg, size);
		arg[size - 1] = 0x01;
		expect_error(_metadata, self, variant, arg, E2BIG);
	}
}

TEST_F(abi, larger_than_a_page)
{
	__u32 sizes[] = { self->page + 1, 2 * self->page, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t i;

	/* No structure is that large; the kernel does not search it for zeros. */
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(self, variant, self->memory, 2 * self->page);
		set_u32(self->memory, 0, sizes[i]);
		expect_error(_metadata, self, variant, self->memory, E2BIG);
	}
}

TEST_F(abi, reserved_members)
{
	__u32 values[] = { 1, 0x100, 0x80000000, 0xffffffff };
	char *arg = self->end - variant->ioctl->size;
	size_t i, j;

	for (i = 0; variant->ioctl->zero[i]; i++) {
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			fill(self, variant, arg, variant->ioctl->size);
			set_u32(arg, variant->ioctl->zero[i], values[j]);
			expect_error(_metadata, self, variant, arg, EINVAL);
		}
	}
}

TEST_F(abi, bad_addresses)
{
	/* Nothing is mapped at the ends of the user half, nor is the kernel's ours. */
	char * const addresses[] = {
		NULL, (char *)1, self->memory - self->page, self->end, self->end + 1,
		(char *)(ULONG_MAX / 2), (char *)(ULONG_MAX / 2 - 2),
		(char *)(ULONG_MAX - 4095), (char *)(ULONG_MAX - 3), (char *)ULONG_MAX,
#ifdef __x86_64__
		(char *)0x00007ffffffffffc, (char *)0x0000800000000000,
		(char *)0xffff888000000000, (char *)0xffffffff81000000,
#endif
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, variant->ioctl->command, addresses[i]))
			TH_LOG("at %p", addresses[i]);
	}
}

TEST_F(abi, reaches_into_unmapped_page)
{
	size_t room;

	/* Down to a size member of which only one byte is there. */
	for (room = 1; room < variant->ioctl->size; room++) {
		char *arg = self->end - room;

		fill(self, variant, arg, variant->ioctl->size);
		memcpy(self->before, self->memory, 2 * self->page);
		EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, variant->ioctl->command, arg))
			TH_LOG("with %zu bytes of room", room);
		EXPECT_EQ(0, memcmp(self->before, self->memory, 2 * self->page));
	}
	/* The structure is there, its tail is not. */
	fill(self, variant, self->end - variant->ioctl->size, variant->ioctl->size);
	set_u32(self->end - variant->ioctl->size, 0, variant->ioctl->size + 8);
	expect_error(_metadata, self, variant, self->end - variant->ioctl->size, EFAULT);
}

TEST_F(abi, read_only_memory)
{
	char *second = self->memory + self->page;

	fill(self, variant, second - variant->ioctl->size / 2, variant->ioctl->size);
	ASSERT_EQ(0, mprotect(second, self->page, PROT_READ));
	/* Half of it: the result is lost, and may be there in part. */
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, variant->ioctl->command,
				     second - variant->ioctl->size / 2));

	ASSERT_EQ(0, mprotect(second, self->page, PROT_READ | PROT_WRITE));
	fill(self, variant, second, variant->ioctl->size);
	ASSERT_EQ(0, mprotect(second, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, sys_ioctl(self->fd, variant->ioctl->command, second));

	/* A lost result has not lost the device. */
	ASSERT_EQ(0, mprotect(second, self->page, PROT_READ | PROT_WRITE));
	fill(self, variant, second, variant->ioctl->size);
	expect_answer(_metadata, self, variant, second);
}

struct flipper {
	pthread_t thread;
	atomic_bool stop;
	atomic_uint *size;
	__u32 sizes[4];
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	unsigned int i = 0;

	while (!atomic_load(&flipper->stop))
		atomic_store(flipper->size, flipper->sizes[i++ % 4]);
	return NULL;
}

TEST_F(abi, size_changes_meanwhile)
{
	struct flipper flipper = {
		.sizes = { variant->ioctl->size, 0, 4096, 0xffffffff },
	};
	int i, ret;

	/*
	 * The kernel may read the size twice, but must trust it once only. If it
	 * believed a second one that is larger, it would write beyond the end of
	 * its own structure, or to the unmapped page, and KASAN sees the former.
	 */
	fill(self, variant, self->end - variant->ioctl->size, variant->ioctl->size);
	flipper.size = (atomic_uint *)(self->end - variant->ioctl->size);
	ASSERT_EQ(0, pthread_create(&flipper.thread, NULL, flip, &flipper));
	for (i = 0; i < 300; i++) {
		char *arg = self->end - variant->ioctl->size;

		/* All but the size: the last answer is an invalid request. */
		variant->ioctl->fill(self->before);
		memcpy(arg + sizeof(__u32), self->before + sizeof(__u32),
		       variant->ioctl->size - sizeof(__u32));
		ret = sys_ioctl(self->fd, variant->ioctl->command, arg);
		EXPECT_TRUE(!ret || ret == -EINVAL || ret == -E2BIG || ret == -EFAULT)
			TH_LOG("%s", strerror(-ret));
	}
	atomic_store(&flipper.stop, true);
	ASSERT_EQ(0, pthread_join(flipper.thread, NULL));
}

#ifdef __x86_64__
TEST_F(abi, compat)
{
	char *arg;

	if (!has_compat())
		SKIP(return, "this kernel has no 32-bit system calls");
	arg = mmap(NULL, self->page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);

	variant->ioctl->fill(arg);
	set_u32(arg, 0, variant->ioctl->size);
	EXPECT_EQ(0, compat_ioctl(self->fd, variant->ioctl->command, arg));
	EXPECT_TRUE(variant->ioctl->answered(arg));

	memset(arg, 0, variant->ioctl->size);
	variant->ioctl->fill(arg);
	set_u32(arg, 0, variant->ioctl->min_size - 1);
	EXPECT_EQ(-EINVAL, compat_ioctl(self->fd, variant->ioctl->command, arg));

	set_u32(arg, 0, variant->ioctl->size + 1);
	arg[variant->ioctl->size] = 1;
	EXPECT_EQ(-E2BIG, compat_ioctl(self->fd, variant->ioctl->command, arg));
	EXPECT_EQ(-EFAULT, compat_ioctl(self->fd, variant->ioctl->command, NULL));
	EXPECT_EQ(-ENOTTY, compat_ioctl(self->fd, _IO(ACCEL_IOC_TYPE, 0xff), arg));
}
#endif

TEST_HARNESS_MAIN
