// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a node open, as the topic CLIENTS says it: of many files, and while files
 * come and go.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients.h"
#include "harness.h"

#define MANY 300
#define STORM_MS 2000
#define STORMERS 4
#define NAME "clients tester"

FIXTURE(clients) {
	struct node node;
	int fd;
	__u64 start;
	struct accel_info_client clients[CLIENTS_MAX];
};

FIXTURE_SETUP(clients)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata))
		return;
	ASSERT_EQ(0, prctl(PR_SET_NAME, NAME));
	self->start = now_ns();
	self->fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->fd);
	wait_alone(_metadata, self->fd);
}

FIXTURE_TEARDOWN(clients)
{
	close(self->fd);
}

static int read_clients(int fd, struct accel_info_client *clients)
{
	return info_read(fd, ACCEL_INFO_CLIENTS, clients, sizeof(*clients), CLIENTS_MAX);
}

TEST_F(clients, content)
{
	struct accel_info_client *client = self->clients;
	__u64 last = 0;
	int i;

	ASSERT_LE(0, test_open(&self->node, O_RDWR));
	ASSERT_LE(0, test_open(&self->node, O_RDONLY));
	ASSERT_EQ(3, read_clients(self->fd, self->clients));
	for (i = 0; i < 3; i++, client++) {
		EXPECT_TRUE(client_well_formed(client));
		EXPECT_LT(last, client->id);
		last = client->id;
		EXPECT_EQ(i == 1 ? ACCEL_ROLE_USER : ACCEL_ROLE_OBSERVER, client->role);
		EXPECT_EQ(0, client->uid);
		EXPECT_EQ(getpid(), client->pid);
		EXPECT_STREQ(NAME, client->command);
		EXPECT_LE(self->start, client->since_ns);
		EXPECT_GE(now_ns(), client->since_ns);
	}
	EXPECT_LT(self->clients[0].since_ns, self->clients[1].since_ns);
	EXPECT_LT(self->clients[1].since_ns, self->clients[2].since_ns);
}

TEST_F(clients, ids_are_not_used_again)
{
	__u64 last;
	int i, fd;

	ASSERT_EQ(1, read_clients(self->fd, self->clients));
	last = self->clients[0].id;
	for (i = 0; i < 50; i++) {
		fd = test_open(&self->node, i % 2 ? O_RDWR : O_RDONLY);
		ASSERT_LE(0, fd);
		ASSERT_EQ(2, read_clients(self->fd, self->clients));
		EXPECT_LT(last, self->clients[1].id);
		last = self->clients[1].id;
		close(fd);
	}
	ASSERT_EQ(1, read_clients(self->fd, self->clients));
}

/* What other topics say of the same thing. */
TEST_F(clients, counts_agree)
{
	struct accel_info_topic topics[64];
	struct accel_info_status status;
	int i, count, found = 0;

	ASSERT_LE(0, test_open(&self->node, O_RDWR));
	read_status(_metadata, self->fd, &status);
	EXPECT_EQ(1, status.users);
	EXPECT_EQ(1, status.observers);
	count = info_read(self->fd, ACCEL_INFO_LIST, topics, sizeof(topics[0]), 64);
	ASSERT_LT(0, count);
	for (i = 0; i < count; i++) {
		if (topics[i].topic != ACCEL_INFO_CLIENTS)
			continue;
		found++;
		EXPECT_EQ(2, topics[i].count);
		EXPECT_LE(sizeof(struct accel_info_client), topics[i].record_size);
	}
	EXPECT_EQ(1, found);
}

static void *open_in_thread(void *arg)
{
	prctl(PR_SET_NAME, "a thread");
	return (void *)(long)test_open(arg, O_RDWR);
}

TEST_F(clients, opened_by_a_thread)
{
	pthread_t thread;
	void *fd;

	ASSERT_EQ(0, pthread_create(&thread, NULL, open_in_thread, &self->node));
	ASSERT_EQ(0, pthread_join(thread, &fd));
	ASSERT_LE(0, (long)fd);
	ASSERT_EQ(2, read_clients(self->fd, self->clients));
	/* It is the process that is of interest; so is its name. */
	EXPECT_EQ(getpid(), self->clients[1].pid);
	EXPECT_STREQ(NAME, self->clients[1].command);
}

TEST_F(clients, opener_changes_later)
{
	struct agent agent;

	ASSERT_EQ(0, agent_start(&agent, 0, 0, 0));
	ASSERT_EQ(0, agent_rename(&agent, "before"));
	ASSERT_EQ(0, agent_seteuid(&agent, ALICE));
	ASSERT_LE(0, agent_open(&agent, &self->node, O_RDONLY));
	ASSERT_EQ(0, agent_rename(&agent, "after"));
	ASSERT_EQ(0, agent_seteuid(&agent, BOB));
	ASSERT_LE(0, agent_open(&agent, &self->node, O_RDONLY));
	ASSERT_EQ(3, read_clients(self->fd, self->clients));
	EXPECT_STREQ("before", self->clients[1].command);
	EXPECT_EQ(ALICE, self->clients[1].uid);
	EXPECT_EQ(agent.pid, self->clients[1].pid);
	EXPECT_STREQ("after", self->clients[2].command);
	EXPECT_EQ(BOB, self->clients[2].uid);
	EXPECT_EQ(agent.pid, self->clients[2].pid);
}

/* A name is whatever its owner likes; it cannot pass for another record. */
TEST_F(clients, names_are_what_their_owners_like)
{
	static const char * const names[] = {
		"\n9 user 0 1 1 x", "a b  c", "", "-", "\xff\xfe\xc3(", "\x1b[31mred",
		"123456789012345",
	};
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, prctl(PR_SET_NAME, names[i]));
		fd = test_open(&self->node, O_RDWR);
		ASSERT_LE(0, fd);
		ASSERT_EQ(2, read_clients(self->fd, self->clients));
		EXPECT_TRUE(client_well_formed(&self->clients[1]));
		EXPECT_STREQ(names[i], self->clients[1].command);
		EXPECT_EQ(getpid(), self->clients[1].pid);
		close(fd);
	}
}

TEST_F(clients, many_through_a_small_buffer)
{
	struct accel_info info = {};
	int fds[MANY], i;
	__u64 last = 0;
	__u32 read;

	for (i = 0; i < MANY; i++) {
		fds[i] = test_open(&self->node, i % 3 ? O_RDONLY : O_RDWR);
		ASSERT_LE(0, fds[i]);
	}
	for (read = 0; read < MANY + 1; read += info.count) {
		info = (struct accel_info) {
			.size = sizeof(info),
			.topic = ACCEL_INFO_CLIENTS,
			.index = read,
			.data_ptr = (uintptr_t)self->clients,
			.data_len = 7 * sizeof(self->clients[0]) + 5,
			.record_size = sizeof(self->clients[0]),
		};
		ASSERT_EQ(0, sys_ioctl(self->fd, ACCEL_IOC_INFO, &info));
		ASSERT_EQ((MANY + 1 - read) * sizeof(self->clients[0]), info.data_len);
		ASSERT_EQ(MANY + 1 - read < 7 ? MANY + 1 - read : 7, info.count);
		for (i = 0; i < (int)info.count; i++) {
			ASSERT_TRUE(client_well_formed(&self->clients[i]));
			ASSERT_LT(last, self->clients[i].id);
			last = self->clients[i].id;
		}
	}
	ASSERT_EQ(MANY + 1, read_clients(self->fd, self->clients));
	/* Every other one goes. */
	for (i = 0; i < MANY; i += 2)
		EXPECT_EQ(0, close(fds[i]));
	EXPECT_EQ(MANY / 2 + 1, read_clients(self->fd, self->clients));
}

static void storm(const struct node *node, atomic_bool *stop, unsigned int seed)
{
	int fds[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	unsigned int i;

	while (!atomic_load(stop)) {
		seed = seed * 1103515245 + 12345;
		i = seed >> 16 & 7;
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = test_open(node, seed & 1 << 20 ? O_RDWR : O_RDONLY);
		if (fds[i] < 0)
			_exit(1);
	}
	_exit(0);
}

static void expect_storm(struct __test_metadata *_metadata, int fd,
			 struct accel_info_client *clients)
{
	int i, count;

	count = read_clients(fd, clients);
	ASSERT_LE(1, count);
	ASSERT_GE(1 + STORMERS * 8, count);
	for (i = 0; i < count; i++) {
		ASSERT_TRUE(client_well_formed(&clients[i]));
		ASSERT_TRUE(!i || clients[i - 1].id < clients[i].id);
		ASSERT_EQ(0, clients[i].uid);
		ASSERT_LT(0, clients[i].pid);
		ASSERT_STREQ(NAME, clients[i].command);
	}
}

TEST_F_TIMEOUT(clients, come_and_go, 120)
{
	pid_t pids[STORMERS];
	int i, status, rounds;
	atomic_bool *stop;
	__u64 end;

	stop = mmap(NULL, sizeof(*stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, stop);
	for (i = 0; i < STORMERS; i++) {
		pids[i] = fork_child();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			storm(&self->node, stop, i);
	}
	end = now_ns() + STORM_MS * 1000000ULL;
	for (rounds = 0; now_ns() < end; rounds++)
		expect_storm(_metadata, self->fd, self->clients);
	TH_LOG("read %d times", rounds);
	atomic_store(stop, true);
	for (i = 0; i < STORMERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_LT(10, rounds);
	EXPECT_EQ(1, read_clients(self->fd, self->clients));
}

TEST_HARNESS_MAIN
