// SPDX-License-Identifier: GPL-2.0
/*
 * A process that is frozen or stopped while it is asleep in a driver holds up
 * neither the removal of the device nor that of the driver's module.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freezer.h"
#include "harness.h"
#include "waits.h"

enum how { FREEZER, FREEZER_1, STOP };

FIXTURE(frozen) {
	struct waiting waiting;
	char group[PATH_MAX];
};

FIXTURE_VARIANT(frozen) {
	enum how how;
};

FIXTURE_VARIANT_ADD(frozen, by_freezer) {
	.how = FREEZER,
};

FIXTURE_VARIANT_ADD(frozen, by_freezer_of_version_1) {
	.how = FREEZER_1,
};

FIXTURE_VARIANT_ADD(frozen, by_stop) {
	.how = STOP,
};

FIXTURE_SETUP(frozen)
{
	struct node node;
	int status, ret = 0;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_KO") ||
	    !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	if (variant->how == FREEZER)
		ret = freezer_make(false, self->group, sizeof(self->group));
	if (variant->how == FREEZER_1)
		ret = freezer_make(true, self->group, sizeof(self->group));
	if (ret)
		SKIP(return, "no freezer of this kind");
	ASSERT_EQ(0, test_device_add(&node));
	ASSERT_EQ(0, waiting_open_job(&self->waiting, &node));
	ASSERT_EQ(0, waiting_start(&self->waiting, NULL, NULL));
	if (variant->how == STOP) {
		ASSERT_EQ(0, kill(self->waiting.pid, SIGSTOP));
		ASSERT_EQ(self->waiting.pid, waitpid(self->waiting.pid, &status, WUNTRACED));
	} else {
		ASSERT_EQ(0, freezer_enter(self->group, self->waiting.pid));
		ASSERT_EQ(0, freezer_freeze(self->group, true));
	}
}

FIXTURE_TEARDOWN_PARENT(frozen)
{
	if (!module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
	if (module_loaded(TEST_DEVICE))
		EXPECT_EQ(0, test_device_remove());
}

/* Lets it go on, which tells it that the device has gone. */
static void go_on(struct __test_metadata *_metadata, struct waiting *waiting, const char *group)
{
	int ret = group[0] ? freezer_freeze(group, false) : kill(waiting->pid, SIGCONT);

	ASSERT_EQ(0, ret);
	EXPECT_EQ(-ENODEV, waiting_join(waiting));
	if (group[0])
		rmdir(group);
	waiting_close(waiting);
}

TEST_F_TIMEOUT(frozen, process_does_not_hold_up_unbind, 120)
{
	expect_unbound(_metadata, &self->waiting.node);
	EXPECT_FALSE(atomic_load(&self->waiting.result->done));
	go_on(_metadata, &self->waiting, self->group);
}

TEST_F_TIMEOUT(frozen, process_does_not_hold_up_rmmod, 120)
{
	expect_unloaded(_metadata, TEST_DRIVER);
	EXPECT_FALSE(atomic_load(&self->waiting.result->done));
	go_on(_metadata, &self->waiting, self->group);
}

TEST_HARNESS_MAIN
