// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that can be moved, when the device goes or there is no memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel_test_pci.h>

#include "agent.h"
#include "buffer.h"
#include "events.h"
#include "fail_nth.h"
#include "harness.h"
#include "movable.h"
#include "sigbus.h"

#define SYSTEM 0
#define REGION MOVABLE_REGION
#define SIZE MOVABLE_SIZE
/* No operation makes as many allocations. */
#define TOO_MANY 2000
#define UNBINDS 5
#define RESETS 8

FIXTURE(movable_lost) {
	struct node node;
	int fd;
};

FIXTURE_SETUP(movable_lost)
{
	if (!setup_root(_metadata) || !setup_pci_node(_metadata, &self->node))
		return;
	ASSERT_EQ(0, catch_sigbus());
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, movable_copies(self->fd, ACCEL_TEST_PCI_COPY_NOT));
}

FIXTURE_TEARDOWN_PARENT(movable_lost)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
}

/* Creates a buffer, maps it, and fills it with @value. */
static unsigned char *create_filled(struct __test_metadata *_metadata, int fd, __u32 *handle,
				    int value)
{
	void *memory;

	ASSERT_EQ(0, movable_create(fd, SIZE, handle));
	ASSERT_EQ(0, buffer_map(fd, *handle, SIZE, &memory));
	return memset(memory, value, SIZE);
}

/* What is in the memory of the system stays, and the rest goes. */
TEST_F(movable_lost, device_goes)
{
	unsigned char *mapped[2], *exported[2], value;
	int dmabuf[2], i;
	__u32 handles[2];

	ASSERT_EQ(0, movable_one_only(self->fd));
	for (i = 0; i < 2; i++) {
		mapped[i] = create_filled(_metadata, self->fd, &handles[i], i + 1);
		ASSERT_EQ(0, buffer_export(self->fd, handles[i], O_RDWR, &dmabuf[i]));
		exported[i] = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, dmabuf[i], 0);
		ASSERT_NE(MAP_FAILED, exported[i]);
	}
	ASSERT_EQ(0, node_unbind(&self->node));
	EXPECT_TRUE(movable_is_all(mapped[0], 1, SIZE));
	EXPECT_TRUE(movable_is_all(exported[0], 1, SIZE));
	EXPECT_EQ(-EFAULT, load_byte(mapped[1], &value));
	EXPECT_EQ(-EFAULT, load_byte(exported[1], &value));
	ASSERT_EQ(0, node_bind(&self->node));
	EXPECT_TRUE(movable_is_all(mapped[0], 1, SIZE));
	EXPECT_EQ(-EFAULT, load_byte(mapped[1], &value));
	for (i = 0; i < 2; i++) {
		munmap(mapped[i], SIZE);
		munmap(exported[i], SIZE);
		close(dmabuf[i]);
	}
}

/* Moves two buffers until the device goes. Returns how often, or an error. */
static int move_until_gone(const struct node *node)
{
	__u32 handles[2];
	void *memory;
	int fd, ret, n;

	fd = test_open(node, O_RDWR);
	if (fd < 0)
		return fd;
	ret = movable_one_only(fd);
	for (n = 0; n < 2 && !ret; n++)
		ret = movable_create(fd, SIZE, &handles[n]);
	if (!ret)
		ret = buffer_map(fd, handles[0], SIZE, &memory);
	for (n = 0; ret >= 0; n++)
		ret = movable_place(fd, handles[n % 2]);
	close(fd);
	return ret == -ENODEV || ret == -EAGAIN ? n : ret;
}

TEST_F_TIMEOUT(movable_lost, device_goes_while_they_move, 120)
{
	pid_t child;
	int status;

	close(self->fd);
	for (int i = 0; i < UNBINDS; i++) {
		struct node node = self->node;

		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(move_until_gone(&node) < 0);
		sleep_ms(5 * i);
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(0, node_bind(&self->node));
	}
}

/* Creates buffers, each of which evicts the one before, until it is killed. */
static void create_for_ever(const struct node *node)
{
	__u32 handles[2];
	int fd, ret, n;

	fd = test_open(node, O_RDWR);
	ret = fd < 0 ? fd : movable_one_only(fd);
	for (n = 0; !ret; n++) {
		ret = movable_create(fd, SIZE, &handles[n % 2]);
		if (!ret && n)
			ret = buffer_close(fd, handles[!(n % 2)]);
	}
	_exit(-ret);
}

/* Who makes room gives up for a reset, and goes on after it. */
TEST_F_TIMEOUT(movable_lost, resets_do_not_show, 120)
{
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		create_for_ever(&self->node);
	for (int i = 0; i < RESETS; i++) {
		sleep_ms(i % 10);
		EXPECT_EQ(0, admin_reset(&self->node, "force"));
	}
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status))
		TH_LOG("%s", strerror(WEXITSTATUS(status)));
}

/* Whichever allocation fails, the buffers are somewhere, with their content. */
TEST_F_TIMEOUT(movable_lost, allocations_fail, 300)
{
	unsigned char *mapped[2];
	int ret, failed = 1, i;
	__u32 handles[2];
	unsigned int n;

	if (!setup_fail_nth(_metadata))
		return;
	ASSERT_EQ(0, movable_one_only(self->fd));
	for (i = 0; i < 2; i++)
		mapped[i] = create_filled(_metadata, self->fd, &handles[i], i + 1);
	for (n = 1; failed; n++) {
		ASSERT_GT(TOO_MANY, n);
		ASSERT_EQ(REGION, movable_place(self->fd, handles[1]));
		ASSERT_EQ(0, fail_nth_arm(n));
		ret = movable_place(self->fd, handles[0]);
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		EXPECT_TRUE(ret == REGION ||
			    (failed && (ret == -ENOMEM || ret == -ENOSPC || ret == -EFAULT)))
			TH_LOG("failure %u: %d", n, ret);
		EXPECT_TRUE(movable_is_all(mapped[0], 1, SIZE));
		EXPECT_TRUE(movable_is_all(mapped[1], 2, SIZE));
		ASSERT_EQ(2 * SIZE, region_in_use(self->fd, REGION) +
			  region_in_use(self->fd, SYSTEM));
	}
	EXPECT_LT(2, n);
	for (i = 0; i < 2; i++)
		munmap(mapped[i], SIZE);
}

TEST_HARNESS_MAIN
