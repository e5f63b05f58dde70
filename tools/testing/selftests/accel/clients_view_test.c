// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees how much of the others that have a node open, from several users
 * and namespaces, in the topic CLIENTS.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients.h"
#include "harness.h"

#define UNKNOWN 0xffffffff
/* What the program itself is called, which has 15 characters at most. */
#define SELF "clients_view_te"

/* @own, @alices, @bobs: numbers of the files that these have opened. */
FIXTURE(view) {
	struct node node;
	struct agent alice;
	struct agent bob;
	__u64 own;
	__u64 alices;
	__u64 bobs;
	int fd;
};

/* The number of the file that was opened last. */
static __u64 last_id(struct __test_metadata *_metadata, int fd)
{
	struct accel_info_client clients[64];
	int count;

	count = info_read(fd, ACCEL_INFO_CLIENTS, clients, sizeof(clients[0]), 64);
	ASSERT_LT(0, count);
	return clients[count - 1].id;
}

FIXTURE_SETUP(view)
{
	if (!setup_test_node(_metadata, &self->node, "shared") || !setup_root(_metadata))
		return;
	ASSERT_EQ(0, chmod(self->node.path, 0666));
	self->fd = test_open(&self->node, O_RDONLY);
	ASSERT_LE(0, self->fd);
	wait_alone(_metadata, self->fd);
	self->own = last_id(_metadata, self->fd);
	ASSERT_EQ(0, agent_start(&self->alice, ALICE, 0, 0));
	ASSERT_EQ(0, agent_rename(&self->alice, "alice"));
	ASSERT_LE(0, agent_open(&self->alice, &self->node, O_RDWR));
	self->alices = last_id(_metadata, self->fd);
	ASSERT_EQ(0, agent_start(&self->bob, BOB, 0, 0));
	ASSERT_EQ(0, agent_rename(&self->bob, "bob"));
	ASSERT_LE(0, agent_open(&self->bob, &self->node, O_RDONLY));
	self->bobs = last_id(_metadata, self->fd);
}

FIXTURE_TEARDOWN_PARENT(view)
{
	if (self->node.path[0])
		chmod(self->node.path, 0664);
}

/* What an agent is to see of a file. */
static void expect_view(struct __test_metadata *_metadata, const struct node *node,
			struct agent *agent, __u64 id, __u32 uid, __u32 pid,
			const char *command)
{
	const struct accel_info_client *client;
	int count;

	count = agent_clients(agent, node);
	ASSERT_LE(3, count);
	client = client_by_id(agent->memory->clients, count, id);
	ASSERT_NE(NULL, client);
	EXPECT_TRUE(client_well_formed(client));
	EXPECT_EQ(uid, client->uid);
	EXPECT_EQ(pid, client->pid);
	EXPECT_STREQ(command ?: "", client->command);
}

TEST_F(view, of_root)
{
	struct agent root;

	ASSERT_EQ(0, agent_start(&root, 0, 0, 0));
	expect_view(_metadata, &self->node, &root, self->own, 0, getpid(), SELF);
	expect_view(_metadata, &self->node, &root, self->alices, ALICE, self->alice.pid, "alice");
	expect_view(_metadata, &self->node, &root, self->bobs, BOB, self->bob.pid, "bob");
}

TEST_F(view, of_ordinary_users)
{
	expect_view(_metadata, &self->node, &self->alice, self->own, 0, 0, NULL);
	expect_view(_metadata, &self->node, &self->alice, self->alices, ALICE, self->alice.pid,
		    "alice");
	expect_view(_metadata, &self->node, &self->alice, self->bobs, BOB, 0, NULL);
	expect_view(_metadata, &self->node, &self->bob, self->own, 0, 0, NULL);
	expect_view(_metadata, &self->node, &self->bob, self->alices, ALICE, 0, NULL);
	expect_view(_metadata, &self->node, &self->bob, self->bobs, BOB, self->bob.pid, "bob");
}

/* Another process of the same user sees as much. */
TEST_F(view, of_the_same_user)
{
	struct agent again;

	ASSERT_EQ(0, agent_start(&again, ALICE, 0, 0));
	expect_view(_metadata, &self->node, &again, self->own, 0, 0, NULL);
	expect_view(_metadata, &self->node, &again, self->alices, ALICE, self->alice.pid, "alice");
	expect_view(_metadata, &self->node, &again, self->bobs, BOB, 0, NULL);
}

static int drop_ptrace(struct agent_memory *memory)
{
	(void)memory;
	return capability_drop(CAP_SYS_PTRACE);
}

TEST_F(view, of_root_without_capability)
{
	struct agent root;

	ASSERT_EQ(0, agent_start(&root, 0, 0, 0));
	ASSERT_EQ(0, agent_call(&root, drop_ptrace));
	expect_view(_metadata, &self->node, &root, self->own, 0, getpid(), SELF);
	expect_view(_metadata, &self->node, &root, self->alices, ALICE, 0, NULL);
	expect_view(_metadata, &self->node, &root, self->bobs, BOB, 0, NULL);
}

static int become_ptracer(struct agent_memory *memory)
{
	(void)memory;
	return become_with_capability(BOB, CAP_SYS_PTRACE);
}

TEST_F(view, of_user_with_capability)
{
	struct agent user;

	ASSERT_EQ(0, agent_start(&user, 0, 0, 0));
	ASSERT_EQ(0, agent_call(&user, become_ptracer));
	expect_view(_metadata, &self->node, &user, self->own, 0, getpid(), SELF);
	expect_view(_metadata, &self->node, &user, self->alices, ALICE, self->alice.pid, "alice");
}

/* Of the reader, it is the effective user that counts. */
TEST_F(view, of_root_who_acts_for_a_user)
{
	struct agent root;

	ASSERT_EQ(0, agent_start(&root, 0, 0, 0));
	ASSERT_EQ(0, agent_seteuid(&root, ALICE));
	expect_view(_metadata, &self->node, &root, self->own, 0, 0, NULL);
	expect_view(_metadata, &self->node, &root, self->alices, ALICE, self->alice.pid, "alice");
	ASSERT_EQ(0, agent_seteuid(&root, 0));
	expect_view(_metadata, &self->node, &root, self->bobs, BOB, self->bob.pid, "bob");
}

TEST_F(view, from_another_pid_namespace)
{
	struct agent root;
	__u64 inner;

	ASSERT_EQ(0, agent_start(&root, 0, CLONE_NEWPID, 0));
	ASSERT_EQ(0, agent_rename(&root, "root"));
	ASSERT_LE(0, agent_open(&root, &self->node, O_RDWR));
	inner = last_id(_metadata, self->fd);
	/* The first process in there; those outside have no number. */
	expect_view(_metadata, &self->node, &root, inner, 0, 1, "root");
	expect_view(_metadata, &self->node, &root, self->own, 0, 0, SELF);
	expect_view(_metadata, &self->node, &root, self->alices, ALICE, 0, "alice");

	/* From outside, it has one. */
	expect_view(_metadata, &self->node, &self->alice, inner, 0, 0, NULL);
	ASSERT_EQ(0, agent_kill(&self->bob));
	ASSERT_EQ(0, agent_start(&self->bob, 0, 0, 0));
	expect_view(_metadata, &self->node, &self->bob, inner, 0, root.pid, "root");
}

TEST_F(view, from_another_user_namespace)
{
	struct agent inner_root, outer_root;
	__u64 inner;

	/* Alice, who is root in there. */
	ASSERT_EQ(0, agent_start(&inner_root, ALICE, CLONE_NEWUSER, 0));
	ASSERT_EQ(0, agent_rename(&inner_root, "inner"));
	ASSERT_LE(0, agent_open(&inner_root, &self->node, O_RDWR));
	inner = last_id(_metadata, self->fd);
	expect_view(_metadata, &self->node, &inner_root, inner, 0, inner_root.pid, "inner");
	expect_view(_metadata, &self->node, &inner_root, self->alices, 0, self->alice.pid, "alice");
	/* Her capabilities are not worth anything out here. */
	expect_view(_metadata, &self->node, &inner_root, self->own, UNKNOWN, 0, NULL);
	expect_view(_metadata, &self->node, &inner_root, self->bobs, UNKNOWN, 0, NULL);

	expect_view(_metadata, &self->node, &self->alice, inner, ALICE, inner_root.pid, "inner");
	expect_view(_metadata, &self->node, &self->bob, inner, ALICE, 0, NULL);
	ASSERT_EQ(0, agent_start(&outer_root, 0, 0, 0));
	expect_view(_metadata, &self->node, &outer_root, inner, ALICE, inner_root.pid, "inner");
}

/* A number does not become an acquaintance by being called the same. */
TEST_F(view, from_a_namespace_with_other_numbers)
{
	struct agent other;

	ASSERT_EQ(0, agent_start(&other, BOB, CLONE_NEWUSER, ALICE));
	expect_view(_metadata, &self->node, &other, self->alices, UNKNOWN, 0, NULL);
	expect_view(_metadata, &self->node, &other, self->bobs, ALICE, self->bob.pid, "bob");
}

TEST_F(view, from_both)
{
	struct agent inner_root;
	__u64 inner;

	ASSERT_EQ(0, agent_start(&inner_root, BOB, CLONE_NEWUSER | CLONE_NEWPID, 0));
	ASSERT_LE(0, agent_open(&inner_root, &self->node, O_RDWR));
	inner = last_id(_metadata, self->fd);
	expect_view(_metadata, &self->node, &inner_root, inner, 0, 1, SELF);
	expect_view(_metadata, &self->node, &inner_root, self->bobs, 0, 0, "bob");
	expect_view(_metadata, &self->node, &inner_root, self->alices, UNKNOWN, 0, NULL);
	expect_view(_metadata, &self->node, &self->bob, inner, BOB, inner_root.pid, SELF);
}

TEST_HARNESS_MAIN
