// SPDX-License-Identifier: GPL-2.0
/*
 * Fences of others on buffers of our own: any process that has a dma-buf may add them. Nobody
 * waits for them while the device goes.
 *
 * The fence ends by itself after a while. So whether something has waited for it is seen from
 * the fence, not from the clock.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel_test_holder.h>

#include "buffer.h"
#include "caller.h"
#include "exporter.h"
#include "fences.h"
#include "harness.h"
#include "movable.h"

#define HOLDER "accel_test_holder"
#define SIZE MOVABLE_SIZE
/* The regions of accel_test_pci: of the device, and coherent memory. */
#define OF_DEVICE MOVABLE_REGION
#define COHERENT 2

FIXTURE(exported) {
	struct node node;
	struct foreign fence;
	int fd;
};

FIXTURE_SETUP(exported)
{
	int ret;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_HOLDER_KO") ||
	    !setup_pci_node(_metadata, &self->node))
		return;
	ret = foreign_make(&self->fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret)
		TH_LOG("fence of DRM: %s", strerror(-ret));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, module_load(HOLDER, ""));
}

FIXTURE_TEARDOWN_PARENT(exported)
{
	if (self->node.device_dir[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&self->node));
	if (module_loaded(HOLDER))
		EXPECT_EQ(0, module_unload(HOLDER));
}

/* Exports a buffer with the fence. */
static int export(struct __test_metadata *_metadata, struct _test_data_exported *self,
		  __u32 handle)
{
	int dmabuf = -1;

	EXPECT_EQ(0, buffer_export(self->fd, handle, O_RDWR, &dmabuf));
	EXPECT_EQ(0, dmabuf_add_fence(dmabuf, self->fence.fd));
	return dmabuf;
}

static void unbind_in_time(struct __test_metadata *_metadata, struct _test_data_exported *self)
{
	expect_unbound(_metadata, &self->node);
	EXPECT_EQ(0, fence_status(self->fence.fd))
		TH_LOG("the removal has waited for the fence");
}

TEST_F_TIMEOUT(exported, the_device_goes_with_its_memory, 120)
{
	__u32 of_device, coherent;
	int dmabufs[2];

	ASSERT_EQ(0, buffer_create_in(self->fd, OF_DEVICE, SIZE, &of_device));
	ASSERT_EQ(0, buffer_create_in(self->fd, COHERENT, SIZE, &coherent));
	dmabufs[0] = export(_metadata, self, of_device);
	dmabufs[1] = export(_metadata, self, coherent);
	unbind_in_time(_metadata, self);
	close(dmabufs[0]);
	close(dmabufs[1]);
}

/* Has the memory mapped by a device that cannot give it back, so that it is moved. */
static int map(struct caller *caller)
{
	int fd = open("/dev/" HOLDER, O_RDWR | O_CLOEXEC), ret = -errno;

	if (fd < 0)
		return ret;
	ret = ioctl(fd, ACCEL_TEST_HOLDER_IOC_MAP, caller->fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int place(struct caller *caller)
{
	return movable_place(caller->fd, caller->n);
}

TEST_F_TIMEOUT(exported, the_device_goes_while_others_move_a_buffer, 120)
{
	struct caller mover = { .call = map, .syscall_nr = SYS_ioctl };
	struct caller user = { .call = place, .syscall_nr = SYS_ioctl, .fd = self->fd };
	__u32 handle;

	ASSERT_EQ(0, movable_create(self->fd, SIZE, &handle));
	mover.fd = export(_metadata, self, handle);
	user.n = handle;
	ASSERT_EQ(0, caller_start(&mover));
	ASSERT_EQ(0, caller_start(&user));
	unbind_in_time(_metadata, self);
	ASSERT_EQ(0, caller_join(&user));
	EXPECT_EQ(-ENODEV, user.ret);
	/* The memory is gone, so it is not moved any more. */
	ASSERT_EQ(0, caller_join(&mover));
	EXPECT_EQ(-ENODEV, mover.ret);
	EXPECT_EQ(0, fence_status(self->fence.fd));
	close(mover.fd);
}

/* Who waits while it is moved is served when that is over. */
TEST_F_TIMEOUT(exported, others_move_a_buffer, 120)
{
	struct caller mover = { .call = map, .syscall_nr = SYS_ioctl };
	struct caller user = { .call = place, .syscall_nr = SYS_ioctl, .fd = self->fd };
	__u32 handle;

	ASSERT_EQ(0, movable_create(self->fd, SIZE, &handle));
	mover.fd = export(_metadata, self, handle);
	user.n = handle;
	ASSERT_EQ(0, caller_start(&mover));
	ASSERT_EQ(0, caller_start(&user));
	ASSERT_EQ(0, foreign_signal(&self->fence));
	ASSERT_EQ(0, caller_join(&mover));
	EXPECT_EQ(0, mover.ret);
	ASSERT_EQ(0, caller_join(&user));
	EXPECT_TRUE(user.ret == OF_DEVICE || user.ret == -EBUSY)
		TH_LOG("%d", user.ret);
	close(mover.fd);
}

TEST_HARNESS_MAIN
