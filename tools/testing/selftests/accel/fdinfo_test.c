// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/self/fdinfo says of open files: see
 * Documentation/accel/observability.rst.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer.h"
#include "caller.h"
#include "harness.h"

#define UNKNOWN (-1LL)

/* For struct caller.n of a caller of ACCEL_TEST_IOC_WORK. */
#define ADDER 0
#define MOVER 1

static void read_fdinfo(struct __test_metadata *_metadata, int fd, char *text, int size)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", fd);
	ASSERT_EQ(0, read_file("/proc/self/fdinfo", name, text, size));
}

/* The value of a key, or NULL. What it returns holds until the next call. */
static const char *value(struct __test_metadata *_metadata, int fd, const char *key)
{
	static char text[4096];
	char *line;

	read_fdinfo(_metadata, fd, text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			return line + strlen(key) + strspn(line + strlen(key), ": \t");
	}
	return NULL;
}

static long long number(struct __test_metadata *_metadata, int fd, const char *key)
{
	const char *text = value(_metadata, fd, key);

	return text ? strtoll(text, NULL, 10) : UNKNOWN;
}

/* Waits until the time of an engine is more than @before_ns, and returns it. */
static long long engine_ns_after(struct __test_metadata *_metadata, int fd, const char *key,
				 long long before_ns)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	long long ns = before_ns;

	while (ns <= before_ns) {
		ASSERT_GT(deadline, now_ns());
		ns = number(_metadata, fd, key);
	}
	return ns;
}

static int call_work(struct caller *caller)
{
	return test_call(caller->fd, ACCEL_TEST_IOC_WORK, caller->timeout_ms, caller->n, NULL);
}

static struct caller worker(int fd, __u32 engine)
{
	return (struct caller) {
		.call = call_work,
		.syscall_nr = SYS_ioctl,
		.fd = fd,
		.n = engine,
		.timeout_ms = 2 * TIMEOUT_MS,
	};
}

FIXTURE(fdinfo) {
	struct node node;
	int observer;
	int user;
};

FIXTURE_SETUP(fdinfo)
{
	if (!setup_test_node(_metadata, &self->node, "shared"))
		return;
	self->observer = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->observer);
	self->user = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, self->user);
}

FIXTURE_TEARDOWN_PARENT(fdinfo)
{
	if (self->node.path[0])
		test_device_remove();
}

TEST_F(fdinfo, who_it_is)
{
	struct accel_info_client clients[CLIENTS_MAX];
	int copy, count;

	count = info_read(self->observer, ACCEL_INFO_CLIENTS, clients, sizeof(clients[0]),
			  CLIENTS_MAX);
	ASSERT_LE(2, count);
	EXPECT_STREQ(self->node.name, value(_metadata, self->user, "accel-device"));
	EXPECT_STREQ(TEST_DRIVER, value(_metadata, self->user, "accel-driver"));
	EXPECT_STREQ("user", value(_metadata, self->user, "accel-role"));
	EXPECT_STREQ("observer", value(_metadata, self->observer, "accel-role"));
	EXPECT_EQ(clients[count - 1].id, number(_metadata, self->user, "accel-client-id"));
	EXPECT_EQ(clients[count - 2].id, number(_metadata, self->observer, "accel-client-id"));
	EXPECT_EQ(NULL, value(_metadata, self->user, "accel-pdev"));

	copy = dup(self->user);
	ASSERT_LE(0, copy);
	EXPECT_EQ(clients[count - 1].id, number(_metadata, copy, "accel-client-id"));
	close(copy);
}

TEST_F(fdinfo, memory_of_buffers)
{
	struct node without;
	long page = sysconf(_SC_PAGESIZE);
	__u32 handles[2];
	int fd;

	EXPECT_EQ(UNKNOWN, number(_metadata, self->observer, "accel-total-memory"));
	EXPECT_EQ(0, number(_metadata, self->user, "accel-total-memory"));
	ASSERT_EQ(0, buffer_create(self->user, page, &handles[0], NULL));
	ASSERT_EQ(0, buffer_create(self->user, 3 * page, &handles[1], NULL));
	EXPECT_EQ(4 * page, number(_metadata, self->user, "accel-total-memory"));
	ASSERT_EQ(0, buffer_close(self->user, handles[0]));
	EXPECT_EQ(3 * page, number(_metadata, self->user, "accel-total-memory"));

	ASSERT_EQ(0, test_node_find(&without, "limited"));
	fd = test_open(&without, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(UNKNOWN, number(_metadata, fd, "accel-total-memory"));
	close(fd);
}

TEST_F(fdinfo, memory_of_regions)
{
	long page = sysconf(_SC_PAGESIZE);
	struct node node;
	__u32 handle;
	int fd;

	if (!setup_pci_node(_metadata, &node))
		return;
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, number(_metadata, fd, "accel-total-shared"));
	ASSERT_EQ(0, buffer_create_in(fd, 1, page, &handle));
	EXPECT_EQ(page, number(_metadata, fd, "accel-total-shared"));
	EXPECT_EQ(0, number(_metadata, fd, "accel-total-memory"));
	close(fd);
}

TEST_F(fdinfo, engines_in_the_order_of_the_table)
{
	struct node without;
	char text[4096];
	char *adder, *mover;
	int fd;

	EXPECT_STREQ("0 ns", value(_metadata, self->user, "accel-engine-adder"));
	EXPECT_STREQ("0 ns", value(_metadata, self->user, "accel-engine-mover"));
	EXPECT_STREQ("4", value(_metadata, self->user, "accel-engine-capacity-adder"));
	EXPECT_EQ(NULL, value(_metadata, self->user, "accel-engine-capacity-mover"));
	read_fdinfo(_metadata, self->user, text, sizeof(text));
	adder = strstr(text, "\naccel-engine-adder:");
	mover = strstr(text, "\naccel-engine-mover:");
	EXPECT_TRUE(adder && adder < mover);

	EXPECT_EQ(NULL, value(_metadata, self->observer, "accel-engine-adder"));
	EXPECT_EQ(NULL, value(_metadata, self->observer, "accel-engine-capacity-adder"));

	ASSERT_EQ(0, test_node_find(&without, "exclusive"));
	fd = test_open(&without, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_STREQ("0 ns", value(_metadata, fd, "accel-engine-adder"));
	EXPECT_EQ(NULL, value(_metadata, fd, "accel-engine-mover"));
	close(fd);
}

TEST_F(fdinfo, time_passes_while_an_engine_works)
{
	struct caller adder = worker(self->user, ADDER);
	int other = test_open(&self->node, O_RDWR);
	long long ns;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, caller_start(&adder));
	ns = engine_ns_after(_metadata, self->user, "accel-engine-adder", 0);
	ns = engine_ns_after(_metadata, self->user, "accel-engine-adder", ns);
	EXPECT_EQ(0, number(_metadata, self->user, "accel-engine-mover"));
	EXPECT_EQ(0, number(_metadata, other, "accel-engine-adder"));
	ASSERT_EQ(0, caller_interrupt(&adder));
	ASSERT_EQ(0, caller_join(&adder));
	EXPECT_EQ(0, adder.ret);

	EXPECT_LE(ns, number(_metadata, self->user, "accel-engine-adder"));
	ns = number(_metadata, self->user, "accel-engine-adder");
	EXPECT_GE(adder.elapsed_ns, ns);
	EXPECT_EQ(ns, number(_metadata, self->user, "accel-engine-adder"));
	EXPECT_EQ(0, number(_metadata, self->user, "accel-engine-mover"));
	EXPECT_EQ(0, number(_metadata, other, "accel-engine-adder"));
	close(other);
}

TEST_F(fdinfo, each_work_of_each_engine_counts)
{
	struct caller workers[] = {
		worker(self->user, ADDER), worker(self->user, ADDER), worker(self->user, MOVER),
	};
	struct accel_info_usage before, after;
	long long adder, mover;

	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_USAGE, &before, sizeof(before), 1));
	for (int i = 0; i < ARRAY_SIZE(workers); i++)
		ASSERT_EQ(0, caller_start(&workers[i]));
	engine_ns_after(_metadata, self->user, "accel-engine-mover", 0);
	/* The last to begin is the first to end. */
	for (int i = ARRAY_SIZE(workers) - 1; i >= 0; i--) {
		ASSERT_EQ(0, caller_interrupt(&workers[i]));
		ASSERT_EQ(0, caller_join(&workers[i]));
	}

	/* Nobody else works, and what the device has done is exactly that. */
	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_USAGE, &after, sizeof(after), 1));
	adder = number(_metadata, self->user, "accel-engine-adder");
	mover = number(_metadata, self->user, "accel-engine-mover");
	EXPECT_EQ(after.busy_ns - before.busy_ns, adder + mover);
	EXPECT_LT(0, mover);
	EXPECT_LT(mover, adder);
}

TEST_F(fdinfo, time_that_the_device_says)
{
	int other = test_open(&self->node, O_RDWR);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WORK_OFTEN, 100, ACCEL_TEST_COUNT,
			       NULL));
	EXPECT_STREQ("4950 ns", value(_metadata, self->user, "accel-engine-adder"));
	ASSERT_EQ(0, test_call(self->user, ACCEL_TEST_IOC_WORK_OFTEN, 2, ACCEL_TEST_COUNT, NULL));
	EXPECT_STREQ("4951 ns", value(_metadata, self->user, "accel-engine-adder"));
	EXPECT_STREQ("0 ns", value(_metadata, other, "accel-engine-adder"));
	close(other);
}

TEST_F(fdinfo, engine_of_jobs)
{
	struct accel_sim_submit job;
	struct sim_user users[2];
	struct node sim;
	long long ns;

	if (!setup_sim(_metadata, &sim))
		return;
	ASSERT_EQ(0, sim_open(&users[0], &sim));
	ASSERT_EQ(0, sim_open(&users[1], &sim));
	EXPECT_STREQ("0 ns", value(_metadata, users[0].fd, "accel-engine-processor"));
	job = sim_job(&users[0], ACCEL_SIM_ADD, 1000);
	ASSERT_EQ(0, sim_run(&users[0], &job));
	ns = number(_metadata, users[0].fd, "accel-engine-processor");
	EXPECT_LT(0, ns);
	EXPECT_EQ(0, number(_metadata, users[1].fd, "accel-engine-processor"));
	job.job = 0;
	ASSERT_EQ(0, sim_run(&users[0], &job));
	EXPECT_LT(ns, number(_metadata, users[0].fd, "accel-engine-processor"));
	sim_close(&users[0]);
	sim_close(&users[1]);
}

TEST_F(fdinfo, after_the_device)
{
	struct node node;
	long page = sysconf(_SC_PAGESIZE);
	long long id;
	__u32 handle;
	int fd;

	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&node));
	fd = test_open(&node, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create(fd, page, &handle, NULL));
	EXPECT_STREQ(TEST_DRIVER, value(_metadata, fd, "accel-driver"));
	id = number(_metadata, fd, "accel-client-id");
	EXPECT_LT(0, id);
	ASSERT_EQ(0, test_device_remove());

	EXPECT_EQ(NULL, value(_metadata, fd, "accel-driver"));
	EXPECT_EQ(NULL, value(_metadata, fd, "accel-engine-adder"));
	EXPECT_STREQ(node.name, value(_metadata, fd, "accel-device"));
	EXPECT_EQ(id, number(_metadata, fd, "accel-client-id"));
	EXPECT_STREQ("user", value(_metadata, fd, "accel-role"));
	/* The memory is the file's until it is closed. */
	EXPECT_EQ(page, number(_metadata, fd, "accel-total-memory"));
	close(fd);
}

FIXTURE(fdinfo_pci) {
	struct node node;
};

FIXTURE_SETUP(fdinfo_pci)
{
	setup_node(_metadata, &self->node);
}

FIXTURE_TEARDOWN(fdinfo_pci)
{
}

TEST_F(fdinfo_pci, address)
{
	int fd = test_open(&self->node, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_STREQ(node_address(&self->node), value(_metadata, fd, "accel-pdev"));
	EXPECT_STREQ(EDU_DRIVER, value(_metadata, fd, "accel-driver"));
	close(fd);
}

TEST_F(fdinfo_pci, engines)
{
	int fd = test_open(&self->node, O_RDWR);
	__u32 result, source, target;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, number(_metadata, fd, "accel-engine-factorial"));
	ASSERT_EQ(0, edu_factorial(fd, 12, TIMEOUT_MS, &result));
	EXPECT_LT(0, number(_metadata, fd, "accel-engine-factorial"));
	EXPECT_EQ(0, number(_metadata, fd, "accel-engine-dma"));

	ASSERT_EQ(0, buffer_create(fd, 4096, &source, NULL));
	ASSERT_EQ(0, buffer_create(fd, 4096, &target, NULL));
	ASSERT_EQ(0, edu_copy(fd, source, 0, target, 0, 4, TIMEOUT_MS));
	EXPECT_LT(0, number(_metadata, fd, "accel-engine-dma"));
	close(fd);
}

TEST_HARNESS_MAIN
