// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/self/fdinfo says of open files: see
 * Documentation/accel/observability.rst.
 */
#include <fcntl.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"

#define UNKNOWN (-1LL)

/* The value of a key, or NULL. What it returns holds until the next call. */
static const char *value(struct __test_metadata *_metadata, int fd, const char *key)
{
	static char text[4096];
	char name[32];
	char *line;

	snprintf(name, sizeof(name), "%d", fd);
	ASSERT_EQ(0, read_file("/proc/self/fdinfo", name, text, sizeof(text)));
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

TEST_HARNESS_MAIN
