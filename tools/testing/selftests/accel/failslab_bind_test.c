// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation fails once while a driver is bound to a device, and while it
 * is unbound: the first one that the write to sysfs makes, then the second one,
 * and so on until it makes no more. Either the device is there and works, or
 * nothing of it is left. Whether memory is lost, or used for too long, is for
 * the kernel's checkers to find.
 *
 * The device of the bus exists throughout: to create it is not what is tested.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "fail_nth.h"
#include "harness.h"

/* No operation makes as many. */
#define TOO_MANY 1000

/* Allocations of pages are few, and not the same ones each time. */
#define PAGE_ROUNDS 3

/*
 * The leak detector has a record of each allocation, and allocates it with it.
 * That one fails is no matter to anybody, but would be half of all failures.
 */
#define LEAK_RECORD "__alloc_object"

/* Where something of a device could be left, beside its parent's folder. */
static const char * const places[] = {
	"/dev", "/dev/accelerator", "/sys/class/accelerator", "/sys/dev/char",
};

/**
 * struct census - how many entries there are
 * @places: in each of the places
 * @parent: in the parent's folder
 */
struct census {
	int places[ARRAY_SIZE(places)];
	int parent;
};

/**
 * struct operation - what fails
 * @name: the file in the driver's folder that it is a write to
 * @fd: that file
 * @n: which allocation fails
 * @failed: there was such a one, so there may be another
 */
struct operation {
	const char *name;
	int fd;
	unsigned int n;
	bool failed;
};

/**
 * struct parent - a device on a bus
 * @setup: finds its node, which is there, or skips the test
 * @use: does something with the open node
 * @restore: leaves it as it was
 * @reserves: whether the driver reserves its registers
 * @slow: after a failure, it is not tried before the next one
 */
struct parent {
	bool (*setup)(struct __test_metadata *_metadata, struct node *node);
	int (*use)(int fd);
	int (*restore)(struct node *node);
	bool reserves;
	bool slow;
};

/**
 * struct subject - what is bound and unbound
 * @parent: which device
 * @node: its node, when it is bound
 * @minor: the number that the node has each time
 * @census: what there is when it is not bound
 * @bind: binds it
 * @unbind: unbinds it
 */
struct subject {
	const struct parent *parent;
	struct node node;
	unsigned int minor;
	struct census census;
	struct operation bind;
	struct operation unbind;
};

FIXTURE(failslab_bind) {
	struct subject subject;
};

FIXTURE_VARIANT(failslab_bind) {
	const struct parent *parent;
};

static bool setup_platform(struct __test_metadata *_metadata, struct node *node)
{
	if (!setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return false;
	ASSERT_EQ(0, test_device_add(node));
	return true;
}

static int use_platform(int fd)
{
	__u32 sum;
	int ret = test_call(fd, ACCEL_TEST_IOC_ADD, 40, 2, &sum);

	return ret || sum == 42 ? ret : -EBADMSG;
}

static int restore_platform(struct node *node)
{
	return access(node->device_dir, F_OK) ? 0 : module_unload(TEST_DEVICE);
}

static const struct parent platform_parent = {
	.setup = setup_platform,
	.use = use_platform,
	.restore = restore_platform,
};

FIXTURE_VARIANT_ADD(failslab_bind, platform) {
	.parent = &platform_parent,
};

/*
 * The interrupt is that of the device's line. An interrupt by message is a new
 * one each time, and the kernel itself warns when it cannot make all that it has
 * for it in /proc: it removes the rest later, without a look at what there is.
 */
static int allow_msi(struct node *node, bool allow)
{
	return write_file(node->device_dir, "msi_bus", allow ? "1" : "0");
}

/*
 * Somebody else has the device enabled, too. Or else each bind would enable it, and
 * have ACPI find out where its line leads; without the memory for that, ACPI lets
 * the device be enabled, and no interrupt arrives.
 */
static int keep_enabled(struct node *node, bool enable)
{
	return write_file(node->device_dir, "enable", enable ? "1" : "0");
}

static bool setup_pci(struct __test_metadata *_metadata, struct node *node)
{
	if (!setup_node(_metadata, node))
		return false;
	ASSERT_EQ(0, node_unbind(node));
	ASSERT_EQ(0, allow_msi(node, false));
	ASSERT_EQ(0, keep_enabled(node, true));
	ASSERT_EQ(0, node_bind(node));
	return true;
}

static int use_pci(int fd)
{
	__u32 result;
	int ret = edu_factorial(fd, 6, TIMEOUT_MS, &result);

	return ret || result == 720 ? ret : -EBADMSG;
}

static int restore_pci(struct node *node)
{
	int ret;

	if (!node->name[0])
		return 0;
	ret = node_bound(node) ? node_unbind(node) : 0;
	if (!ret)
		ret = keep_enabled(node, false);
	if (!ret)
		ret = allow_msi(node, true);
	return ret ? ret : node_bind(node);
}

static const struct parent pci_parent = {
	.setup = setup_pci,
	.use = use_pci,
	.restore = restore_pci,
	.reserves = true,
	.slow = true,
};

FIXTURE_VARIANT_ADD(failslab_bind, pci) {
	.parent = &pci_parent,
};

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int entries = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		entries++;
	closedir(dir);
	return entries;
}

static void take_census(struct census *census, const struct node *node)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		census->places[i] = count_entries(places[i]);
	census->parent = count_entries(node->device_dir);
}

/* Not with the write, since it would be part of what fails. */
static int open_attribute(struct operation *operation, const struct node *node, const char *name)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", node->driver_dir, name);
	operation->name = name;
	operation->fd = open(path, O_WRONLY | O_CLOEXEC);
	return operation->fd < 0 ? -errno : 0;
}

FIXTURE_SETUP(failslab_bind)
{
	struct subject *subject = &self->subject;

	if (!setup_root(_metadata) || !setup_fail_nth(_metadata))
		return;
	ASSERT_EQ(0, fail_nth_spare(LEAK_RECORD));
	ASSERT_EQ(0, fail_nth_stay());
	subject->parent = variant->parent;
	if (!variant->parent->setup(_metadata, &subject->node))
		return;
	subject->minor = subject->node.minor;
	ASSERT_EQ(0, open_attribute(&subject->bind, &subject->node, "bind"));
	ASSERT_EQ(0, open_attribute(&subject->unbind, &subject->node, "unbind"));
	ASSERT_EQ(0, node_unbind(&subject->node));
	take_census(&subject->census, &subject->node);
}

FIXTURE_TEARDOWN_PARENT(failslab_bind)
{
	EXPECT_EQ(0, variant->parent->restore(&self->subject.node))
		TH_LOG("the device is not back as it was");
}

static void expect_absent(struct __test_metadata *_metadata, struct subject *subject,
			  const struct operation *after)
{
	struct node node = subject->node;
	struct census census;
	size_t i;

	EXPECT_FALSE(node_bound(&node))
		TH_LOG("%s, failure %u", after->name, after->n);
	EXPECT_EQ(-ENOENT, node_lookup(&node))
		TH_LOG("%s, failure %u: there is %s", after->name, after->n, node.name);
	take_census(&census, &node);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_EQ(subject->census.places[i], census.places[i])
			TH_LOG("%s, failure %u: %s", after->name, after->n, places[i]);
	}
	EXPECT_EQ(subject->census.parent, census.parent)
		TH_LOG("%s, failure %u: %s", after->name, after->n, node.device_dir);
	/* What is left is the fault of one failure only. */
	subject->census = census;
}

/* Returns a file of the node, which has the lowest number that is free. */
static int expect_works(struct __test_metadata *_metadata, struct subject *subject,
			const struct operation *after)
{
	int fd, ret;

	EXPECT_EQ(0, node_lookup(&subject->node))
		TH_LOG("%s, failure %u", after->name, after->n);
	EXPECT_EQ(subject->minor, subject->node.minor)
		TH_LOG("%s, failure %u", after->name, after->n);
	fd = test_open(&subject->node, O_RDWR);
	EXPECT_LE(0, fd)
		TH_LOG("%s, failure %u: %s", after->name, after->n, subject->node.path);
	if (fd < 0)
		return fd;
	ret = subject->parent->use(fd);
	EXPECT_EQ(0, ret)
		TH_LOG("%s, failure %u: %s", after->name, after->n, strerror(-ret));
	return fd;
}

/* Lets the next allocation fail, until there is none. */
static int run(struct __test_metadata *_metadata, struct operation *operation,
	       const struct node *node)
{
	const char *name = node_address(node);
	int ret, failed;

	if (operation->failed) {
		ASSERT_GT(TOO_MANY, ++operation->n);
		ASSERT_EQ(0, fail_nth_arm(operation->n));
	}
	ret = write(operation->fd, name, strlen(name)) < 0 ? -errno : 0;
	if (operation->failed) {
		failed = fail_nth_disarm();
		ASSERT_LE(0, failed);
		operation->failed = failed;
	}
	return ret;
}

/* Returns whether the device is bound now. */
static bool run_bind(struct __test_metadata *_metadata, struct subject *subject)
{
	const struct parent *parent = subject->parent;
	struct operation *bind = &subject->bind;
	int ret;

	ret = run(_metadata, bind, &subject->node);
	if (!ret)
		return true;
	/* Whoever cannot note down that registers are taken says that they are. */
	EXPECT_TRUE(bind->failed && (ret == -ENOMEM || (parent->reserves && ret == -EBUSY)))
		TH_LOG("bind, failure %u: %s", bind->n, strerror(-ret));
	expect_absent(_metadata, subject, bind);
	if (parent->slow)
		return false;
	ASSERT_EQ(0, node_bind(&subject->node))
		TH_LOG("bind, after failure %u", bind->n);
	return true;
}

static void run_unbind(struct __test_metadata *_metadata, struct subject *subject)
{
	struct operation *unbind = &subject->unbind;
	int fd, ret;

	fd = expect_works(_metadata, subject, &subject->bind);
	ret = run(_metadata, unbind, &subject->node);
	if (ret) {
		/* The driver core has not heard of it. */
		EXPECT_TRUE(unbind->failed && ret == -ENOMEM)
			TH_LOG("unbind, failure %u: %s", unbind->n, strerror(-ret));
		close(expect_works(_metadata, subject, unbind));
		ASSERT_EQ(0, node_unbind(&subject->node));
	}
	expect_absent(_metadata, subject, unbind->failed ? unbind : &subject->bind);
	EXPECT_EQ(-ENODEV, sys_ioctl(fd, ACCEL_IOC_INFO, NULL))
		TH_LOG("unbind, failure %u", unbind->n);
	close(fd);
}

static void sweep(struct __test_metadata *_metadata, struct subject *subject)
{
	struct operation *bind = &subject->bind, *unbind = &subject->unbind;

	bind->n = 0;
	bind->failed = true;
	unbind->n = 0;
	unbind->failed = true;
	while (bind->failed || unbind->failed) {
		if (run_bind(_metadata, subject))
			run_unbind(_metadata, subject);
	}
	TH_LOG("allocations of bind: %u, of unbind: %u", bind->n - 1, unbind->n - 1);
}

TEST_F_TIMEOUT(failslab_bind, slabs, 600)
{
	ASSERT_EQ(0, fail_nth_only(FAIL_NTH_SLAB));
	sweep(_metadata, &self->subject);
	/* There are the device's own, and those of its files in sysfs. */
	EXPECT_LT(20, self->subject.bind.n);
	/* There is at least what the write brings. */
	EXPECT_LT(1, self->subject.unbind.n);
}

TEST_F_TIMEOUT(failslab_bind, pages, 600)
{
	int i;

	ASSERT_EQ(0, fail_nth_only(FAIL_NTH_PAGE));
	for (i = 0; i < PAGE_ROUNDS; i++)
		sweep(_metadata, &self->subject);
}

TEST_HARNESS_MAIN
