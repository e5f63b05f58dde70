// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints, in a trace of their own: see
 * Documentation/accel/observability.rst.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "harness.h"

#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/accel_test"
#define NS_PER_MS 1000000ULL
#define SLEEP_MS 10
/* Of the kernel, which does not let programs see it. */
#define ERESTARTSYS 512
#define UNKNOWN_COMMAND _IO(ACCEL_IOC_TYPE, ACCEL_IOC_DRIVER_END - 1)

/* More than these tests write. */
static char text[256 * 1024];

FIXTURE(trace) {
	struct node node;
};

static bool setup_tracing(struct __test_metadata *_metadata)
{
	if (access(TRACING "/events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "/events", F_OK) && !node_required())
		SKIP(return false, "no tracefs");
	ASSERT_EQ(0, access(TRACING "/events/accel", F_OK));
	rmdir(TRACE);
	ASSERT_EQ(0, mkdir(TRACE, 0700));
	ASSERT_EQ(0, write_file(TRACE, "events/accel/enable", "1"));
	return true;
}

FIXTURE_SETUP(trace)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata) ||
	    !setup_tracing(_metadata))
		return;
}

FIXTURE_TEARDOWN_PARENT(trace)
{
	if (self->node.path[0]) {
		test_device_remove();
		rmdir(TRACE);
	}
}

static void stop_and_read(struct __test_metadata *_metadata)
{
	ssize_t len, all = 0;
	int fd;

	ASSERT_EQ(0, write_file(TRACE, "events/accel/enable", "0"));
	fd = open(TRACE "/trace", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	while ((len = read(fd, text + all, sizeof(text) - 1 - all)) > 0)
		all += len;
	ASSERT_EQ(0, len);
	text[all] = '\0';
	close(fd);
}

/* What follows the first appearance of these words in the trace, or NULL. */
static __printf(1, 2) const char *find(const char *format, ...)
{
	char words[256];
	va_list args;
	char *found;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	found = strstr(text, words);
	return found ? found + strlen(words) : NULL;
}

static __u64 own_id(struct __test_metadata *_metadata, int fd)
{
	struct accel_info_client clients[CLIENTS_MAX];
	int count;

	count = info_read(fd, ACCEL_INFO_CLIENTS, clients, sizeof(clients[0]), CLIENTS_MAX);
	ASSERT_LT(0, count);
	return clients[count - 1].id;
}

TEST_F(trace, open_and_release)
{
	const char *name = self->node.name;
	__u64 user, observer;
	int fd;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	user = own_id(_metadata, fd);
	close(fd);
	fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, fd);
	observer = own_id(_metadata, fd);
	close(fd);
	stop_and_read(_metadata);

	EXPECT_NE(NULL, find(" accel_open: %s client=%llu role=user ret=0\n", name, user));
	EXPECT_NE(NULL, find(" accel_release: %s client=%llu\n", name, user));
	EXPECT_NE(NULL, find(" accel_open: %s client=%llu role=observer ret=0\n", name,
			     observer));
	EXPECT_NE(NULL, find(" accel_release: %s client=%llu\n", name, observer));
}

TEST_F(trace, an_open_that_is_refused)
{
	struct node exclusive;
	int fd;

	ASSERT_EQ(0, test_node_find(&exclusive, "exclusive"));
	fd = test_open(&exclusive, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, test_open(&exclusive, O_RDWR));
	close(fd);
	stop_and_read(_metadata);

	EXPECT_NE(NULL, find(" accel_open: %s client=0 role=user ret=%d\n", exclusive.name,
			     -EBUSY));
}

/* Both events of an ioctl. Returns how long it took, in nanoseconds. */
static __u64 expect_ioctl(struct __test_metadata *_metadata, const struct node *node,
			  __u64 client, unsigned int command, const char *name, int ret)
{
	const char *duration;

	EXPECT_NE(NULL, find(" accel_ioctl_begin: %s client=%llu command=%#x name=%s\n",
			     node->name, client, command, name));
	duration = find(" accel_ioctl_end: %s client=%llu command=%#x name=%s ret=%d duration_ns=",
			node->name, client, command, name, ret);
	EXPECT_NE(NULL, duration)
		TH_LOG("%s", name);
	return duration ? strtoull(duration, NULL, 10) : 0;
}

TEST_F(trace, ioctls_by_name)
{
	struct accel_test_words words = { .size = sizeof(words) };
	const struct node *node = &self->node;
	__u64 client, duration_ns;
	int fd;

	fd = test_open(node, O_RDWR);
	ASSERT_LE(0, fd);
	client = own_id(_metadata, fd);
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	words.result = 1;
	EXPECT_EQ(-EINVAL, sys_ioctl(fd, ACCEL_TEST_IOC_FILE_ADD, &words));
	EXPECT_EQ(-ETIMEDOUT, test_call(fd, ACCEL_TEST_IOC_SLEEP, SLEEP_MS, 0, NULL));
	EXPECT_EQ(-ENOTTY, sys_ioctl(fd, UNKNOWN_COMMAND, NULL));
	stop_and_read(_metadata);
	close(fd);

	expect_ioctl(_metadata, node, client, ACCEL_IOC_INFO, "ACCEL_IOC_INFO", 0);
	expect_ioctl(_metadata, node, client, ACCEL_TEST_IOC_ADD, "ACCEL_TEST_IOC_ADD", 0);
	expect_ioctl(_metadata, node, client, ACCEL_TEST_IOC_FILE_ADD, "ACCEL_TEST_IOC_FILE_ADD",
		     -EINVAL);
	duration_ns = expect_ioctl(_metadata, node, client, ACCEL_TEST_IOC_SLEEP,
				   "ACCEL_TEST_IOC_SLEEP", -ETIMEDOUT);
	EXPECT_LE(SLEEP_MS * NS_PER_MS, duration_ns);
	expect_ioctl(_metadata, node, client, UNKNOWN_COMMAND, "-", -ENOTTY);
}

static int call_sleep(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_SLEEP, 4 * TIMEOUT_MS, 0, NULL);
}

/* What the caller gets is decided afterwards: EINTR, or the call is made again. */
TEST_F(trace, an_ioctl_that_is_interrupted)
{
	struct caller caller = { .call = call_sleep, .syscall_nr = SYS_ioctl };
	__u64 client;

	caller.fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, caller.fd);
	client = own_id(_metadata, caller.fd);
	ASSERT_EQ(0, caller_start(&caller));
	ASSERT_EQ(0, caller_interrupt(&caller));
	ASSERT_EQ(0, caller_join(&caller));
	EXPECT_EQ(-EINTR, caller.ret);
	stop_and_read(_metadata);
	close(caller.fd);

	expect_ioctl(_metadata, &self->node, client, ACCEL_TEST_IOC_SLEEP, "ACCEL_TEST_IOC_SLEEP",
		     -ERESTARTSYS);
}

/* As perf trace and bpftrace need them to show them. */
TEST_F(trace, texts_are_arrays)
{
	static const char *const events[] = {
		"accel_ioctl_begin", "accel_ioctl_end", "accel_state", "accel_reset",
		"accel_error",
	};
	char path[128];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), TRACE "/events/accel/%s/format", events[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd)
			TH_LOG("%s", path);
		memset(text, 0, sizeof(text));
		ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
		close(fd);
		EXPECT_NE(NULL, strstr(text, "field:char "))
			TH_LOG("%s", text);
		EXPECT_EQ(NULL, strstr(text, "__data_loc"))
			TH_LOG("%s", text);
	}
}

TEST_F(trace, a_device_that_comes_and_goes)
{
	struct node node;
	__u64 client;
	int fd;

	if (!setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&node));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	client = own_id(_metadata, fd);
	ASSERT_EQ(0, node_unbind(&node));
	EXPECT_EQ(-ENODEV, test_call(fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	close(fd);
	stop_and_read(_metadata);

	EXPECT_NE(NULL, find(" accel_state: %s state=running\n", node.name));
	EXPECT_NE(NULL, find(" accel_state: %s state=gone\n", node.name));
	/* The table of the driver can no longer be looked at. */
	expect_ioctl(_metadata, &node, client, ACCEL_TEST_IOC_ADD, "-", -ENODEV);
	EXPECT_NE(NULL, find(" accel_release: %s client=%llu\n", node.name, client));
}

TEST_F(trace, errors_and_resets)
{
	const char *name = self->node.name;
	const char *duration;
	int fd;

	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, test_set_reset(fd, false, SLEEP_MS));
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_REPORT, 1, 0x17, NULL));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, test_set_reset(fd, true, 0));
	EXPECT_EQ(-EIO, admin_reset(&self->node, "force"));
	ASSERT_EQ(0, test_set_reset(fd, false, 0));
	EXPECT_EQ(0, admin_reset(&self->node, "force"));
	close(fd);
	stop_and_read(_metadata);

	EXPECT_NE(NULL, find(" accel_error: %s kind=firmware code=0x17 count=", name));
	duration = find(" accel_reset: %s cause=administrator ret=0 duration_ns=", name);
	ASSERT_NE(NULL, duration);
	EXPECT_LE(SLEEP_MS * NS_PER_MS, strtoull(duration, NULL, 10));
	EXPECT_NE(NULL, find(" accel_reset: %s cause=administrator ret=%d duration_ns=", name,
			     -EIO));
	EXPECT_NE(NULL, find(" accel_error: %s kind=reset_failed code=%#x count=", name, EIO));
	EXPECT_NE(NULL, find(" accel_state: %s state=resetting\n", name));
	EXPECT_NE(NULL, find(" accel_state: %s state=wedged\n", name));
	EXPECT_NE(NULL, find(" accel_state: %s state=running\n", name));
}

TEST_F(trace, nothing_when_off)
{
	int fd;

	ASSERT_EQ(0, write_file(TRACE, "events/accel/enable", "0"));
	ASSERT_EQ(0, write_file(TRACE, "trace", ""));
	fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, test_call(fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL));
	close(fd);
	stop_and_read(_metadata);
	EXPECT_EQ(NULL, find(" accel_"));
}

/* What bpftrace and bpftool know of the records, if the kernel knows of its own types. */
TEST(types_are_known)
{
	static const char * const types[] = {
		"trace_event_raw_accel_open", "trace_event_raw_accel_ioctl_end",
		"trace_event_raw_accel_state", "accel_hwmon",
	};
	static char btf[4 << 20];
	size_t i, len = 0;
	ssize_t ret;
	int fd;

	if (access("/sys/kernel/btf/vmlinux", F_OK))
		SKIP(return, "the kernel has no BTF");
	ASSERT_TRUE(module_loaded("accel") || !node_required());
	fd = open("/sys/kernel/btf/accel", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd)
		TH_LOG("accel.ko was built without BTF");
	do {
		ret = read(fd, btf + len, sizeof(btf) - len);
		ASSERT_LE(0, ret);
		len += ret;
	} while (ret);
	close(fd);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		EXPECT_TRUE(!!memmem(btf, len, types[i], strlen(types[i]) + 1))
			TH_LOG("type number %zu", i);
}

TEST_HARNESS_MAIN
