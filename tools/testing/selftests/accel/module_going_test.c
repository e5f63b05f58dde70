// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in the code of a driver, with no device left, keeps that code.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "harness.h"

#define LINGER_MS 2000
#define NS_PER_MS 1000000ULL

FIXTURE(module_going) {
	struct node node;
	int fd;
};

FIXTURE_VARIANT(module_going) {
	/* On the platform bus, else on the faux bus, which has no modules of drivers. */
	bool is_platform;
};

FIXTURE_VARIANT_ADD(module_going, faux) {
	.is_platform = false,
};

FIXTURE_VARIANT_ADD(module_going, platform) {
	.is_platform = true,
};

FIXTURE_SETUP(module_going)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, variant->is_platform ? test_device_add(&self->node) :
					    test_node_find(&self->node, "shared"));
	self->fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(module_going)
{
	if (!module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	if (module_loaded(TEST_DEVICE))
		EXPECT_EQ(0, test_device_remove());
}

static int call_linger(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_LINGER, 4 * TIMEOUT_MS, LINGER_MS, NULL);
}

static void start(struct __test_metadata *_metadata, struct caller *caller, int fd)
{
	*caller = (struct caller){ .call = call_linger, .syscall_nr = SYS_ioctl, .fd = fd };
	ASSERT_EQ(0, caller_start(caller));
}

TEST_F_TIMEOUT(module_going, waits_for_callers, 120)
{
	struct caller caller;
	__u64 begin;

	start(_metadata, &caller, self->fd);
	begin = now_ns();
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_LE(LINGER_MS * NS_PER_MS, now_ns() - begin);
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ENODEV, caller.ret);
}

TEST_F_TIMEOUT(module_going, is_kept_by_callers, 120)
{
	struct caller caller;
	int ret;

	if (!variant->is_platform)
		SKIP(return, "its devices only go with the module");
	start(_metadata, &caller, self->fd);
	ASSERT_EQ(0, node_unbind(&self->node));
	ret = syscall(SYS_delete_module, TEST_DRIVER, O_NONBLOCK) ? -errno : 0;
	/* If the machine is that slow, there is nobody who could keep it. */
	if (!atomic_load(&caller.done))
		EXPECT_EQ(-EWOULDBLOCK, ret);
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-ENODEV, caller.ret);
	if (module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_unload(TEST_DRIVER));
}

TEST_HARNESS_MAIN
